"""Optimizers: turn gradients into new parameters.  Learning-rate schedules are plain functions of the step number."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from autograd_tiny.engine.contents import is_parameter
from autograd_tiny.engine.table import sqrt
from autograd_tiny.engine.value import Value
from autograd_tiny.text.numbers import as_number, as_whole

Schedule = Callable[[int], float]
Numbers = Sequence[Any]
State = tuple[Numbers, ...]


class Optimizer:
    """Updates given parameters from their ``grad``.

    A subclass says in `update` how the parameters move, and in `state` what it remembers of each between steps.

    Args:
        parameters: the Values to update; one that is given twice is updated once.
        learning_rate: a number, or a schedule: a function of the number of steps taken so far.

    Attributes:
        state: the names of the attributes that hold, as lists, one number per parameter, 0 before the first step.
    """

    state: tuple[str, ...] = ()

    def __init__(self, parameters: Iterable[Value], learning_rate: float | Schedule) -> None:
        if not isinstance(parameters, Iterable):
            raise TypeError(f"an optimizer takes a list of parameters, got {parameters!r}; for a model write model.parameters()")
        self.learning_rate = learning_rate if callable(learning_rate) else _rate(learning_rate, "a learning rate")
        self.parameters = list(parameters)
        self.steps = 0
        if not self.parameters:
            raise ValueError("an optimizer needs at least one parameter; for a model pass model.parameters()")
        for parameter in self.parameters:
            if not is_parameter(parameter):
                raise TypeError(f"an optimizer updates leaf Values, got {parameter!r}")
        self.parameters = list(dict.fromkeys(self.parameters))
        for name in self.state:
            setattr(self, name, [0.0] * len(self.parameters))

    def zero_grad(self) -> None:
        """Set every parameter's grad to 0, before the next ``backward``."""
        for parameter in self.parameters:
            parameter.grad = 0.0

    def step(self) -> None:
        """Move every parameter once.

        Raises:
            ArithmeticError: a gradient is not finite, or the step gives a number that is not, naming the parameter; then
                nothing has changed.
        """
        rate, parameters, state = self.rate(), self.parameters, tuple([getattr(self, name) for name in self.state])
        gradients = [parameter.grad for parameter in parameters]
        try:
            moved, after = self.update(rate, [parameter.data for parameter in parameters], gradients, state, self.steps + 1)
        except ArithmeticError as error:
            raise self._refusal(rate, gradients, state, error) from None
        if [len(numbers) for numbers in (moved, *after)] != [len(parameters)] * (1 + len(state)):
            count = f"{len(parameters)} parameters, and as many numbers for each of {self.state}"
            raise ValueError(f"update of {type(self).__name__} must give {count}")
        if not math.isfinite(sum(gradients) + sum(moved) + sum(map(sum, after))):  # which may only be too large a sum
            for i, numbers in enumerate(zip(gradients, moved, *after)):
                if not all(map(math.isfinite, numbers)):
                    raise OverflowError(f"{self._failed(i)}: it gives no finite number; no parameter was moved")
        self.steps += 1
        for parameter, number in zip(parameters, moved):
            parameter.data = number
        for name, new in zip(self.state, after):
            getattr(self, name)[:] = new

    def rate(self) -> float:
        """The learning rate of the next step."""
        if not callable(self.learning_rate):
            return _rate(self.learning_rate, "a learning rate")
        return _rate(self.learning_rate(self.steps), f"the schedule's learning rate of step {self.steps}")

    def update(self, rate: Any, parameters: Numbers, gradients: Numbers, state: State, step: int) -> tuple[Numbers, State]:
        """The parameters after a step, and their new state, in lists of the same lengths; nothing is changed.

        In plain arithmetic, so that the parameters may be floats, NumPy arrays of many, Values and Expressions.

        Args:
            rate: the learning rate.
            parameters: their numbers before.
            gradients: the derivatives of the loss by them.
            state: for each name in `state`, a list with one number per parameter.
            step: which step this is, counted from 1.
        """
        raise NotImplementedError(f"{type(self).__name__} has no update")

    def _refusal(self, rate: float, gradients: Numbers, state: State, error: ArithmeticError) -> ArithmeticError:
        """The error of a step, with the parameter whose step, taken alone, ends by it."""
        for i, parameter in enumerate(self.parameters):
            try:
                self.update(rate, [parameter.data], [gradients[i]], tuple([[numbers[i]] for numbers in state]), self.steps + 1)
            except ArithmeticError as own:  # noqa: PERF203
                return type(own)(f"{self._failed(i)}: {own}; no parameter was moved")
        return type(error)(f"a step of this {type(self).__name__} fails: {error}; no parameter was moved")

    def _failed(self, i: int) -> str:
        parameter = self.parameters[i]
        name = parameter.label or "without a label"
        return f"parameter {i} of this {type(self).__name__}, {name}, cannot take the step of its gradient {parameter.grad!r}"


class SGD(Optimizer):
    """Gradient descent: p ← p - rate · v, with v ← momentum · v + grad + weight_decay · p; as in PyTorch.

    >>> w = Value(1.0)
    >>> (w * w).backward()
    >>> SGD([w], learning_rate=0.25).step()
    >>> w.data
    0.5
    """

    state = ("velocities",)
    velocities: list[float]

    def __init__(
        self, parameters: Iterable[Value], learning_rate: float | Schedule, *, momentum: float = 0.0, weight_decay: float = 0.0
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.momentum, self.weight_decay = _share(momentum, "a momentum"), _rate(weight_decay, "a weight decay")

    def update(self, rate: Any, parameters: Numbers, gradients: Numbers, state: State, step: int) -> tuple[Numbers, State]:
        """The step along the velocity."""
        momentum, decay, (velocities,) = self.momentum, self.weight_decay, state
        if decay:
            gradients = [g + decay * p for g, p in zip(gradients, parameters)]
        velocities = [momentum * v + g for v, g in zip(velocities, gradients)] if momentum else gradients
        return [p - rate * v for p, v in zip(parameters, velocities)], (velocities,)


class Adam(Optimizer):
    """Adaptive moments.  Kingma and Ba (2015), Adam: a method for stochastic optimization, algorithm 1; as in PyTorch.

    >>> w = Value(1.0)
    >>> (w * w).backward()
    >>> Adam([w], learning_rate=0.1).step()
    >>> round(w.data, 6)
    0.9
    """

    state = ("means", "squares")
    means: list[float]
    squares: list[float]

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float | Schedule = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(parameters, learning_rate)
        if not hasattr(betas, "__len__") or len(betas) != 2:
            raise TypeError(f"betas are two numbers, as (0.9, 0.999), got {betas!r}")
        self.betas = _share(betas[0], "the first beta"), _share(betas[1], "the second beta")
        self.epsilon = _rate(epsilon, "epsilon")

    def update(self, rate: Any, parameters: Numbers, gradients: Numbers, state: State, step: int) -> tuple[Numbers, State]:
        """The step along the mean gradient, in units of its size."""
        (beta1, beta2), (means, squares) = self.betas, state
        rest1, rest2 = 1.0 - beta1, 1.0 - beta2
        means = [beta1 * m + rest1 * g for m, g in zip(means, gradients)]
        squares = [beta2 * s + rest2 * (g * g) for s, g in zip(squares, gradients)]
        # Both start from 0, and are divided by the part of 1 that their weights have reached by now.
        pace, reached, epsilon = rate / (1.0 - beta1**step), 1.0 - beta2**step, self.epsilon
        root = math.sqrt if squares[0].__class__ is float else _root
        return [p - pace * m / (root(s / reached) + epsilon) for p, m, s in zip(parameters, means, squares)], (means, squares)


def _root(x: Any) -> Any:
    """The square root of a Value, an Expression or all of an array, which takes 0.5 for its own square root."""
    return x**0.5 if hasattr(x, "__len__") else sqrt(x)


def _rate(x: Any, what: str) -> float:
    number = as_number(x)
    if number is None:
        raise TypeError(f"{what} is a number{' or a function of the step number' if what == 'a learning rate' else ''}, got {x!r}")
    if not 0.0 <= number < math.inf:
        raise ValueError(f"{what} is a finite number from 0 up, got {x!r}")
    return number


def _share(x: Any, what: str) -> float:
    number = _rate(x, what)
    if not number < 1.0:
        raise ValueError(f"{what} is a number from 0 to below 1, got {x!r}")
    return number


def _count(x: Any, what: str) -> int:
    number = int(x) if isinstance(x, float) and x.is_integer() else as_whole(x)
    if number is None or number < 1:
        raise ValueError(f"{what} is a whole number from 1 up, got {x!r}")
    return number


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
        _linear, _rate(start, "start of linear_decay"), _count(steps, "steps of linear_decay"), _rate(end, "end of linear_decay")
    )


def step_decay(start: float, every: int, factor: float = 0.1) -> Schedule:
    """``start``, multiplied by ``factor`` after each ``every`` steps.

    >>> schedule = step_decay(1.0, every=10, factor=0.5)
    >>> [schedule(t) for t in (0, 9, 10, 20)]
    [1.0, 1.0, 0.5, 0.25]
    """
    return partial(
        _stepwise, _rate(start, "start of step_decay"), _count(every, "every of step_decay"), _rate(factor, "factor of step_decay")
    )


def cosine_decay(start: float, steps: int, end: float = 0.0) -> Schedule:
    """Half a cosine wave from ``start`` to ``end``.  Loshchilov and Hutter (2017), SGDR, without restarts.

    >>> schedule = cosine_decay(1.0, steps=4)
    >>> [round(schedule(t), 4) for t in (0, 2, 4)]
    [1.0, 0.5, 0.0]
    """
    return partial(
        _cosine, _rate(start, "start of cosine_decay"), _count(steps, "steps of cosine_decay"), _rate(end, "end of cosine_decay")
    )


def with_warmup(schedule: Schedule, steps: int) -> Schedule:
    """``schedule``, approached in a straight line during the first ``steps`` steps.

    >>> warm = with_warmup(step_decay(1.0, every=100), steps=4)
    >>> [warm(t) for t in (0, 1, 3, 4)]
    [0.25, 0.5, 1.0, 1.0]
    """
    if not callable(schedule):
        raise TypeError(f"with_warmup takes a schedule, a function of the step number, got {schedule!r}")
    return partial(_warmed_up, schedule, _count(steps, "steps of with_warmup"))
