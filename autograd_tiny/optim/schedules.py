"""Learning-rate schedules: plain functions of the step number."""

from __future__ import annotations

import math
from functools import partial

from autograd_tiny.optim import checks
from autograd_tiny.optim.checks import Schedule

# A schedule is a `partial` of one of the functions below, and not a function inside a function: pickle takes it.


def _linear(start: float, steps: int, end: float, t: int) -> float:
    return start + (end - start) * min(t / steps, 1.0)


def _stepwise(start: float, every: int, factor: float, t: int) -> float:
    return start * factor ** (t // every)


def _cosine(start: float, steps: int, end: float, t: int) -> float:
    return end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * min(t / steps, 1.0)))


def _warmed_up(schedule: Schedule, steps: int, t: int) -> float:
    return schedule(t) * min((t + 1) / steps, 1.0)


def linear_decay(start: float, steps: int, end: float = 0.0) -> Schedule:
    """From ``start`` straight down to ``end`` after ``steps`` steps, and ``end`` from there on.

    >>> schedule = linear_decay(1.0, steps=4)
    >>> [schedule(t) for t in (0, 1, 4, 9)]
    [1.0, 0.75, 0.0, 0.0]
    """
    return partial(
        _linear,
        checks.rate(start, "start of linear_decay"),
        checks.count(steps, "steps of linear_decay"),
        checks.rate(end, "end of linear_decay"),
    )


def step_decay(start: float, every: int, factor: float = 0.1) -> Schedule:
    """``start``, multiplied by ``factor`` after each ``every`` steps.

    >>> schedule = step_decay(1.0, every=10, factor=0.5)
    >>> [schedule(t) for t in (0, 9, 10, 20)]
    [1.0, 1.0, 0.5, 0.25]
    """
    return partial(
        _stepwise,
        checks.rate(start, "start of step_decay"),
        checks.count(every, "every of step_decay"),
        checks.rate(factor, "factor of step_decay"),
    )


def cosine_decay(start: float, steps: int, end: float = 0.0) -> Schedule:
    """Half a cosine wave from ``start`` to ``end``.  Loshchilov and Hutter (2017), SGDR, without restarts.

    >>> schedule = cosine_decay(1.0, steps=4)
    >>> [round(schedule(t), 4) for t in (0, 2, 4)]
    [1.0, 0.5, 0.0]
    """
    return partial(
        _cosine,
        checks.rate(start, "start of cosine_decay"),
        checks.count(steps, "steps of cosine_decay"),
        checks.rate(end, "end of cosine_decay"),
    )


def with_warmup(schedule: Schedule, steps: int) -> Schedule:
    """``schedule``, approached in a straight line during the first ``steps`` steps.

    >>> warm = with_warmup(step_decay(1.0, every=100), steps=4)
    >>> [warm(t) for t in (0, 1, 3, 4)]
    [0.25, 0.5, 1.0, 1.0]
    """
    if not callable(schedule):
        raise TypeError(f"with_warmup takes a schedule, a function of the step number, got {schedule!r}")
    return partial(_warmed_up, schedule, checks.count(steps, "steps of with_warmup"))
