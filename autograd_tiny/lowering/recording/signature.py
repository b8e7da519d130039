"""How the arguments of a function become a row of inputs, and what goes with each input becomes an argument again.

Three forms: a list of so many numbers; one number for each parameter; or arguments arranged as an example, in the
forms that `grad` takes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Protocol

from autograd_tiny.arrays.containers import Container
from autograd_tiny.engine.refusals import data_of
from autograd_tiny.lowering.recording.tracing import (
    TAKEN_FOR_A_LIST,
    TAKEN_FOR_NUMBERS,
    described,
    remedied,
    symbols,
    trace,
)
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.text.words import counted, listed

HOW_MANY = "say how many numbers it takes, compile_function(f, 3), or give an example of its arguments, like=..."


class Signature(Protocol):
    """The arguments of a function as inputs.

    Attributes:
        inputs: one variable for each number, in order.
        is_flat: whether the function's arguments, one by one, are the numbers.
    """

    inputs: list[Expression]
    is_flat: bool

    def trace(self, function: Callable[..., Any]) -> Any:
        """What the function gives for the variables; raises as `tracing.trace` does."""

    def numbers(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
        """The numbers in the arguments of a call."""

    def arranged(self, row: Sequence[Any]) -> Any:
        """One thing for every input, arranged as the arguments; a tuple for several of them."""


class RowOfNumbers:
    """A function of one list of numbers, called with them one by one or with the list."""

    is_flat = True

    def __init__(self, called: str, inputs: list[Expression]) -> None:
        self._called, self.inputs = called, inputs

    def trace(self, function: Callable[..., Any]) -> Any:
        """What the function gives for the variables."""
        called = f"the function is called with one list, of {counted(len(self.inputs), 'number')}"
        one_by_one = "for a function of numbers one by one leave the count out, compile_function(f)"
        with remedied(TAKEN_FOR_NUMBERS, f"{called}: {one_by_one}"):
            return trace(function, self.inputs)

    def numbers(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
        """The numbers in the arguments of a call."""
        names = [x.label for x in self.inputs]
        if len(args) == 1 and not kwargs and is_row(args[0], len(names)):
            return list(args[0])
        return _bound(self._called, names, args, kwargs)

    def arranged(self, row: Sequence[Any]) -> Any:
        """The numbers as a tuple."""
        return tuple(row)


class Arranged:
    """Arguments that have names, each a number, or arranged as an example.

    Args:
        called: what takes them, for errors.
        names: of the arguments.
        examples: one for each.
        is_flat: whether all of them are numbers.
        variable: makes the variable for each number, by its name, ``W[0][1]``.
    """

    def __init__(
        self,
        called: str,
        names: Sequence[str],
        examples: Sequence[Any],
        *,
        is_flat: bool,
        variable: Callable[[str], Expression],
    ) -> None:
        self._called, self._names, self.is_flat = called, list(names), is_flat
        self._places = [Container(example, name) for name, example in zip(names, examples)]
        self._patterns = [Container(example, f"the example {name}") for name, example in zip(names, examples)]
        self.inputs = [variable(label) for place in self._places for label in place.names()]

    def numbers(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
        """The numbers in the arguments of a call."""
        if len(args) == 1 and not kwargs and is_row(args[0], len(self.inputs)) and not self._fits_alone(args[0]):
            return list(args[0])
        given = _bound(self._called, self._names, args, kwargs)
        if self.is_flat:
            return given
        found = [Container(x, f"the argument {name}") for name, x in zip(self._names, given)]
        return [data_of(number) for x, example in zip(found, self._patterns) for number in x.numbers_as(example)]

    def _fits_alone(self, x: Any) -> bool:
        """Whether the function has one parameter, which such a list may be."""
        if len(self._places) != 1:
            return False
        (place,) = self._places
        return place.names() == Container(x, place.name).names()

    def arranged(self, row: Sequence[Any]) -> Any:
        """One thing for every input, arranged as the arguments; a tuple for several of them."""
        parts = [place.rebuild(part) for place, part in zip(self._places, self._split(row))]
        return tuple(parts) if len(parts) > 1 or self.is_flat else parts[0]

    def _split(self, row: Sequence[Any]) -> list[list[Any]]:
        rest = iter(row)
        return [[next(rest) for _ in place.numbers] for place in self._places]

    def trace(self, function: Callable[..., Any]) -> Any:
        """What the function gives for the variables."""
        return trace(function, *[place.rebuild(part) for place, part in zip(self._places, self._split(self.inputs))])


class Arguments(Arranged):
    """A function of its own parameters: each a number, or arranged as in the example."""

    def __init__(self, function: Callable[..., Any], like: Any) -> None:
        self._called = described(function)
        self._names, self._by_keyword, self._rest = _parameters(function)
        if self._rest and like is None:
            raise TypeError(f"{self._called} takes any number of arguments: {HOW_MANY}")
        examples = [0.0] * len(self._names) if like is None else self._examples(like)
        super().__init__(self._called, self._names, examples, is_flat=like is None, variable=Expression)

    def _examples(self, like: Any) -> Sequence[Any]:
        """One example for each parameter."""
        if self._rest and not self._names:
            several = isinstance(like, tuple)
            self._names = [f"{self._rest}[{i}]" for i in range(len(like))] if several else [self._rest]
            return like if several else [like]
        if len(self._names) == 1:
            return [like]
        if not isinstance(like, (tuple, list)) or len(like) != len(self._names):
            wanted = counted(len(self._names), "argument")
            raise TypeError(
                f"{self._called} takes {wanted}, {', '.join(self._names)}: like= is a tuple with an example for each"
            )
        return like

    def trace(self, function: Callable[..., Any]) -> Any:
        """What the function gives for the variables."""
        given = [place.rebuild(part) for place, part in zip(self._places, self._split(self.inputs))]
        n = len(given) - len(self._by_keyword)
        taken = f"of {listed(self._names, 6)} each was taken for a number: {HOW_MANY}"
        with remedied(TAKEN_FOR_A_LIST, taken) if self.is_flat else nullcontext():
            return trace(function, *given[:n], **dict(zip(self._by_keyword, given[n:])))


def signature_of(function: Callable[..., Any], n_inputs: int | Sequence[Any] | None, like: Any) -> Signature:
    """How a function is called: with a list, as its parameters say, or as in the example."""
    if not callable(function):
        raise TypeError(f"compile_function takes a function, got {function!r}")
    if n_inputs is not None and like is not None:
        raise TypeError(
            "n_inputs= is for a function of one list of numbers, like= for one of arguments in any form: "
            "give one of them"
        )
    return Arguments(function, like) if n_inputs is None else RowOfNumbers(described(function), symbols(n_inputs, "x"))


def is_row(x: Any, n: int) -> bool:
    """Whether it is a list, a tuple or an array of ``n`` numbers."""
    shape = getattr(x, "shape", None)
    if shape is not None:
        return tuple(shape) == (n,)
    return isinstance(x, (list, tuple)) and len(x) == n and not any(hasattr(part, "__len__") for part in x)


def _parameters(function: Callable[..., Any]) -> tuple[list[str], list[str], str]:
    """The parameters that are inputs, those of them that are passed by keyword, last, and the name of ``*args`` if
    there is one.

    A parameter with a default keeps that, and is no input.
    """
    called = described(function)
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise TypeError(f"{called} does not say what its parameters are: {HOW_MANY}") from None
    wanted = [p for p in parameters if p.default is p.empty]
    positional = [p.name for p in wanted if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    by_keyword = [p.name for p in wanted if p.kind is p.KEYWORD_ONLY]
    rest = next((p.name for p in wanted if p.kind is p.VAR_POSITIONAL), "")
    return [*positional, *by_keyword], by_keyword, rest


def _bound(called: str, names: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
    """The arguments in the order of the parameters."""
    unknown = [name for name in kwargs if name not in names]
    twice = [name for name in names[: len(args)] if name in kwargs]
    missing = [name for name in names[len(args) :] if name not in kwargs]
    if len(args) > len(names) or unknown or twice or missing:
        fault = (
            f"it has no {listed(unknown, 6)}" if unknown else f"{listed(twice, 6)} is given twice" if twice
            else f"{listed(missing, 6)} is missing" if missing else f"{len(args)} were given"
        )  # fmt: skip
        raise TypeError(f"the compiled {called} takes {listed(names, 6)}; {fault}")
    return [*args, *[kwargs[name] for name in names[len(args) :]]]
