"""What an optimizer is: parameters, what is remembered of each between steps, and a pure rule that moves them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from autograd_tiny.engine.contents import is_parameter
from autograd_tiny.engine.value import Value
from autograd_tiny.optim import checks
from autograd_tiny.optim.checks import Schedule
from autograd_tiny.optim.habits import knowing_keywords
from autograd_tiny.text.words import quoted

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
        symbols: what formulas call these numbers, one for each name in ``state``; the names themselves if there are
            none.
        looks_ahead: whether gradients are to be taken at `ahead`, and not at the parameters.
    """

    state: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    looks_ahead = False
    _places: list[float] | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            # mypy refuses the assignment
            setattr(cls, "__init__", knowing_keywords(vars(cls)["__init__"]))  # noqa: B010

    def __init__(self, parameters: Iterable[Value], learning_rate: float | Schedule) -> None:
        if not isinstance(parameters, Iterable):
            raise TypeError(
                f"an optimizer takes a list of parameters, got {parameters!r}; for a model write model.parameters()"
            )
        if isinstance(parameters, Mapping):
            raise TypeError(f"an optimizer takes a list of parameters, got {quoted(parameters)}; give its values()")
        self.learning_rate = learning_rate if callable(learning_rate) else checks.rate(learning_rate, "a learning rate")
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
            ArithmeticError: a gradient is not finite, or the step gives a number that is not, naming the parameter;
                then nothing has changed.
        """
        rate, parameters, state = self.rate(), self.parameters, self._state()
        if self.looks_ahead:
            self._look_back()
        # Numbers of NumPy, which a loop may have put there, would go on in their own precision.
        gradients, numbers = [float(x.grad) for x in parameters], [float(x.data) for x in parameters]
        try:
            moved, after = self.update(rate, numbers, gradients, state, self.steps + 1)
        except ArithmeticError as error:
            raise self._refusal(rate, gradients, state, error) from None
        if [len(numbers) for numbers in (moved, *after)] != [len(parameters)] * (1 + len(state)):
            count = f"{len(parameters)} parameters, and as many numbers for each of {self.state}"
            raise ValueError(f"update of {type(self).__name__} must give {count}")
        if not math.isfinite(sum(gradients) + sum(moved) + sum(map(sum, after))):  # which may only be too large a sum
            for i, each in enumerate(zip(gradients, moved, *after)):
                if not all(map(math.isfinite, each)):
                    raise OverflowError(f"{self._failed(i)}: it gives no finite number; no parameter was moved")
        self.steps += 1
        for parameter, number in zip(parameters, moved):
            parameter.data = number
        for name, new in zip(self.state, after):
            getattr(self, name)[:] = new

    def rate(self, step: int | None = None) -> float:
        """The learning rate of a step, counted from 0; of the next one if none is given."""
        if not callable(self.learning_rate):
            return checks.rate(self.learning_rate, "a learning rate")
        step = self.steps if step is None else step
        return checks.rate(self.learning_rate(step), f"the schedule's learning rate of step {step}")

    def update(
        self, rate: Any, parameters: Numbers, gradients: Numbers, state: State, step: int
    ) -> tuple[Numbers, State]:
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

    def ahead(self, rate: Any, parameters: Numbers, state: State) -> Numbers:
        """Where the gradients are to be taken: at the parameters, unless a subclass says otherwise."""
        return parameters

    def inner(self, state: State, step: int) -> dict[str, Numbers]:
        """Numbers between the new state and the step that have names of their own, as a mean without its bias."""
        return {}

    def look_ahead(self) -> None:
        """Move the parameters to where the gradients are to be taken; `step` starts from where they were.

        Once more before that step, it moves them from where they were, too.

        >>> from autograd_tiny.optim import SGD
        >>> w = Value(1.0)
        >>> optimizer = SGD([w], 0.25, momentum=0.5, nesterov="ahead")
        >>> for _ in range(2):
        ...     optimizer.look_ahead()
        ...     (w * w).backward()
        ...     optimizer.step()
        ...     optimizer.zero_grad()
        >>> w.data, optimizer.velocities
        (0.125, [1.5])
        """
        if self._places is not None:
            self._look_back()
        self._places = places = [parameter.data for parameter in self.parameters]
        for parameter, number in zip(self.parameters, self.ahead(self.rate(), places, self._state())):
            parameter.data = number

    def _look_back(self) -> None:
        if self._places is None:
            raise ValueError("this optimizer takes gradients ahead: call its look_ahead() before the loss is computed")
        for parameter, number in zip(self.parameters, self._places):
            parameter.data = number
        self._places = None

    def _state(self) -> State:
        return tuple([getattr(self, name) for name in self.state])

    def _refusal(self, rate: float, gradients: Numbers, state: State, error: ArithmeticError) -> ArithmeticError:
        """The error of a step, with the parameter whose step, taken alone, ends by it."""
        for i, parameter in enumerate(self.parameters):
            try:
                self.update(
                    rate, [parameter.data], [gradients[i]], tuple([[numbers[i]] for numbers in state]), self.steps + 1
                )
            except ArithmeticError as own:  # noqa: PERF203
                return type(own)(f"{self._failed(i)}: {own}; no parameter was moved")
        return type(error)(f"a step of this {type(self).__name__} fails: {error}; no parameter was moved")

    def _failed(self, i: int) -> str:
        parameter = self.parameters[i]
        called = f"parameter {i} of this {type(self).__name__}, {parameter.label or 'without a label'}"
        return f"{called}, cannot take the step of its gradient {parameter.grad!r}"
