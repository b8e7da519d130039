"""Optimizers: turn gradients into new parameters.  Learning-rate schedules are plain functions of the step number."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from autograd_tiny.engine.value import Value

Schedule = Callable[[int], float]


class Optimizer:
    """Updates given parameters from their ``grad``.

    Args:
        parameters: the Values to update.
        learning_rate: a number, or a schedule: a function of the number of steps taken so far.
    """

    def __init__(self, parameters: Iterable[Value], learning_rate: float | Schedule) -> None:
        if not isinstance(parameters, Iterable):
            raise TypeError(f"an optimizer takes a list of parameters, got {parameters!r}; for a model write model.parameters()")
        if not callable(learning_rate) and not isinstance(learning_rate, (int, float)):
            raise TypeError(f"a learning rate is a number or a function of the step number, got {learning_rate!r}")
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.steps = 0
        if not self.parameters:
            raise ValueError("an optimizer needs at least one parameter; for a model pass model.parameters()")
        for parameter in self.parameters:
            if not isinstance(parameter, Value) or parameter.op is not None:
                raise TypeError(f"an optimizer updates leaf Values, got {parameter!r}")

    def zero_grad(self) -> None:
        """Set every parameter's grad to 0, before the next ``backward``."""
        for parameter in self.parameters:
            parameter.grad = 0.0

    def step(self) -> None:
        """Move every parameter once."""
        rate = self.learning_rate(self.steps) if callable(self.learning_rate) else self.learning_rate
        self.steps += 1
        self._update(rate)

    def _update(self, rate: float) -> None:
        raise NotImplementedError


class SGD(Optimizer):
    """Gradient descent: p ← p - rate · v, with v ← momentum · v + grad + weight_decay · p; as in PyTorch.

    >>> w = Value(1.0)
    >>> (w * w).backward()
    >>> SGD([w], learning_rate=0.25).step()
    >>> w.data
    0.5
    """

    def __init__(
        self, parameters: Iterable[Value], learning_rate: float | Schedule, *, momentum: float = 0.0, weight_decay: float = 0.0
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.momentum, self.weight_decay = momentum, weight_decay
        self.velocities = [0.0] * len(self.parameters)

    def _update(self, rate: float) -> None:
        for i, p in enumerate(self.parameters):
            self.velocities[i] = v = self.momentum * self.velocities[i] + p.grad + self.weight_decay * p.data
            p.data -= rate * v


class Adam(Optimizer):
    """Adaptive moments.  Kingma and Ba (2015), Adam: a method for stochastic optimization, algorithm 1; as in PyTorch.

    >>> w = Value(1.0)
    >>> (w * w).backward()
    >>> Adam([w], learning_rate=0.1).step()
    >>> round(w.data, 6)
    0.9
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float | Schedule = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.betas, self.epsilon = betas, epsilon
        self.means = [0.0] * len(self.parameters)
        self.squares = [0.0] * len(self.parameters)

    def _update(self, rate: float) -> None:
        beta1, beta2 = self.betas
        correction1, correction2 = 1.0 - beta1**self.steps, 1.0 - beta2**self.steps
        for i, p in enumerate(self.parameters):
            self.means[i] = m = beta1 * self.means[i] + (1.0 - beta1) * p.grad
            self.squares[i] = s = beta2 * self.squares[i] + (1.0 - beta2) * p.grad**2
            p.data -= rate * (m / correction1) / (math.sqrt(s / correction2) + self.epsilon)


def linear_decay(start: float, steps: int, end: float = 0.0) -> Schedule:
    """From ``start`` straight down to ``end`` after ``steps`` steps, and ``end`` from there on.

    >>> schedule = linear_decay(1.0, steps=4)
    >>> [schedule(t) for t in (0, 1, 4, 9)]
    [1.0, 0.75, 0.0, 0.0]
    """
    return lambda t: start + (end - start) * min(t / steps, 1.0)


def step_decay(start: float, every: int, factor: float = 0.1) -> Schedule:
    """``start``, multiplied by ``factor`` after each ``every`` steps.

    >>> schedule = step_decay(1.0, every=10, factor=0.5)
    >>> [schedule(t) for t in (0, 9, 10, 20)]
    [1.0, 1.0, 0.5, 0.25]
    """
    return lambda t: start * factor ** (t // every)


def cosine_decay(start: float, steps: int, end: float = 0.0) -> Schedule:
    """Half a cosine wave from ``start`` to ``end``.  Loshchilov and Hutter (2017), SGDR, without restarts.

    >>> schedule = cosine_decay(1.0, steps=4)
    >>> [round(schedule(t), 4) for t in (0, 2, 4)]
    [1.0, 0.5, 0.0]
    """
    return lambda t: end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * min(t / steps, 1.0)))


def with_warmup(schedule: Schedule, steps: int) -> Schedule:
    """``schedule``, approached in a straight line during the first ``steps`` steps.

    >>> warm = with_warmup(step_decay(1.0, every=100), steps=4)
    >>> [warm(t) for t in (0, 1, 3, 4)]
    [0.25, 0.5, 1.0, 1.0]
    """
    return lambda t: schedule(t) * min((t + 1) / steps, 1.0)
