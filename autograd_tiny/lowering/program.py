"""A program: a recorded formula and its derivatives as straight-line instructions in static single assignment form.

The derivatives come from `graph.gradient`, that is from the rules of the table, so values and derivatives stand in one
list of instructions and share what they have in common.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

from autograd_tiny.engine.graph import gradient, topological_order
from autograd_tiny.engine.refusals import switched_on
from autograd_tiny.engine.row import Picked, Primitive
from autograd_tiny.engine.table import mul, neg
from autograd_tiny.symbols.expression import TEXT, TO_BE_RUN, Expression, Term
from autograd_tiny.text.names import distinct, invented
from autograd_tiny.text.numbers import plain_number


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Whatever is made inside stays, and is no garbage: looking for cycles in it over and over takes half the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Instruction(NamedTuple):
    """A row of the table applied to numbered values."""

    row: Primitive
    operands: tuple[int, ...]


_instruction: Callable[[tuple[Primitive, tuple[int, ...]]], Instruction] = partial(tuple.__new__, Instruction)
"""An instruction of a row and operands: what `Instruction` does, in a third of the time, for hundreds of thousands."""


def renumbered(
    instructions: Iterable[tuple[Primitive, tuple[Any, ...]]], new: Mapping[Any, int] | Sequence[int]
) -> Iterator[Instruction]:
    """Instructions on the same values by other numbers; those that share one tuple of operands share one afterwards.

    So what is done for each output of a call, n of them with n operands, takes n steps and not n squared.

    Args:
        instructions: rows and operands, which are nodes or numbers.
        new: the number of each operand, which must be there when its user is asked for.
    """
    last: tuple[int, ...] = ()
    given: tuple[int, ...] = ()
    for row, operands in instructions:
        if operands is not last:
            last = operands
            if len(operands) == 2:
                x, y = operands
                given = new[x], new[y]
            else:
                given = tuple([new[x] for x in operands])
        yield _instruction((row, given))


class Program:
    """Instructions without branches or loops.

    Two are equal if they compute the same, to the sign of a zero, by the same steps.

    Values are numbered: the inputs first, then the constants, then the results of the instructions in their order.
    Every instruction uses values with smaller numbers, no two compute the same, and each is needed for an output.

    Attributes:
        inputs: the names of the inputs.
        constants: floats.
        instructions: what is computed.
        outputs: numbers of values: the results, then the derivatives of each by each input they are wanted for.
        n_values: how many of the outputs are results.
        names: the labels of values by number, where there are any.
        derivative_of: for values that are the derivative of a result by another value, the result's and that value's
            number.

    >>> from autograd_tiny.lowering import compile_function
    >>> program = compile_function(lambda x: x[0] * x[1] + x[0], ["a", "b"]).program
    >>> print(program)
    inputs: a, b
    t1 = a * b
    result = t1 + a
    d_a = 1 + b
    outputs: result, d_a, a
    >>> program.evaluate(2.0, 3.0)
    [8.0, 4.0, 2.0]
    """

    def __init__(
        self,
        inputs: Sequence[str],
        constants: Sequence[float],
        instructions: Sequence[Instruction],
        outputs: Sequence[int],
        n_values: int,
        names: dict[int, str],
        derivative_of: dict[int, tuple[int, int]],
    ) -> None:
        self.inputs, self.constants, self.instructions = tuple(inputs), tuple(constants), tuple(instructions)
        self.outputs, self.n_values, self.names, self.derivative_of = tuple(outputs), n_values, names, derivative_of
        self.n_leaves = len(inputs) + len(constants)

    def _key(self) -> tuple[Any, ...]:
        """All but the names."""
        return len(self.inputs), tuple([x.hex() for x in self.constants]), self.instructions, self.outputs

    def __hash__(self) -> int:
        return hash(self._key())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Program) and self._key() == other._key()

    def evaluate(self, *inputs: float) -> list[float]:
        """The outputs at plain floats, by the table's own functions: slow, and a check on every other way to run it."""
        if len(inputs) != len(self.inputs):
            raise TypeError(f"the program has {len(self.inputs)} inputs, got {len(inputs)}")
        values = [*map(float, inputs), *self.constants]
        for row, operands in self.instructions:
            values.append(row.evaluate([values[x] for x in operands]))
        return [values[x] for x in self.outputs]

    def reordered(self, order: Sequence[int]) -> Program:
        """The same program with its instructions in another order, given as their numbers; names are dropped."""
        first = self.n_leaves
        new = [*range(first + len(self.instructions))]
        for number, old in enumerate(order, first):
            new[old] = number
        moved = renumbered([self.instructions[x - first] for x in order], new)
        return Program(self.inputs, self.constants, [*moved], [new[x] for x in self.outputs], self.n_values, {}, {})

    def in_rows(self, expansion: Chooser) -> Program:
        """The same program in simpler rows, as `opened` gives it."""
        return opened(self, self.outputs, expansion)

    def calls(self, row: Primitive) -> Iterator[tuple[int, ...]]:
        """The operands of the instructions with a row, by numbers of values."""
        return (operands for other, operands in self.instructions if other is row)

    def extended(self, more: Sequence[Instruction], new: Mapping[int, int]) -> Program:
        """The same program with further instructions, and with outputs replaced by their results; names are dropped."""
        outputs = [new.get(x, x) for x in self.outputs]
        return Program(self.inputs, self.constants, [*self.instructions, *more], outputs, self.n_values, {}, {})

    def value_names(self) -> list[str]:
        """A name for every value, by number, all different but those of constants, which stand for themselves.

        Its label, ``d_x`` for a derivative by x, or ``t1``, ``t2``, ..., as `Naming` gives them to nodes.
        """
        numbers = range(self.n_leaves, self.n_leaves + len(self.instructions))
        labels = distinct([*self.inputs, *[self.names.get(number, "") for number in numbers]])
        n_inputs = len(self.inputs)
        names = [*labels[:n_inputs], *[plain_number(c) for c in self.constants], *labels[n_inputs:]]
        fresh = invented(labels)
        derivatives = []
        for number in numbers:
            if not names[number] and number in self.derivative_of:
                derivatives.append(number)
                result, x = self.derivative_of[number]
                names[number] = f"d_{names[x]}" if self.n_values == 1 else f"d_{names[result]}_{names[x]}"
            elif not names[number]:
                names[number] = next(fresh)
        unique = distinct([*labels, *[names[number] for number in derivatives]])[len(labels) :]
        for number, name in zip(derivatives, unique):
            names[number] = name
        return names

    def __str__(self) -> str:
        names = self.value_names()
        terms = [Term.of_name(name, TEXT.brackets) for name in names]
        terms[len(self.inputs) : self.n_leaves] = [Term(*TEXT.number(x), TEXT.brackets) for x in self.constants]
        lines = [f"inputs: {', '.join(names[: len(self.inputs)])}"]
        for number, (row, operands) in enumerate(self.instructions, self.n_leaves):
            lines.append(f"{names[number]} = {TEXT.notation(row).write([terms[x] for x in operands])}")
        return "\n".join([*lines, f"outputs: {', '.join(names[x] for x in self.outputs)}"])


class Builder:
    """Collects instructions: equal ones once, those on constants computed at once."""

    def __init__(self) -> None:
        self.values: list[Any] = []  # names of inputs, constants, and instructions
        self.known: dict[Any, int] = {}
        self._minus_one = -1  # no value
        self.names: dict[int, str] = {}
        self.derivative_of: dict[int, tuple[int, int]] = {}

    def input(self, name: str) -> int:
        """The number of a new input."""
        self.values.append(name)
        return len(self.values) - 1

    def constant(self, x: float) -> int:
        """The number of a constant."""
        number = self.known.setdefault(x.hex(), len(self.values))
        if number == len(self.values):
            self.values.append(x)
            if x == -1.0:
                self._minus_one = number
        return number

    def emit(self, row: Primitive, operands: tuple[int, ...]) -> int:
        """The number of ``row`` applied to values: a new instruction, a known one or a constant."""
        values = self.values
        if values[operands[0]].__class__ is float and (folded := self.folded(row, operands)) is not None:
            return folded
        if row is mul:
            if self._minus_one in operands:
                row, operands = neg, (operands[operands[0] == self._minus_one],)
            elif (scaled := self._scaled_once(operands)) is not None:
                return scaled
        if not row.commutative or (len(operands) == 2 and operands[0] <= operands[1]):
            key = row, operands
        else:
            key = row, tuple(sorted(operands))
        number = self.known.setdefault(key, len(values))
        if number == len(values):
            values.append(_instruction((row, operands)))
        return number

    def folded(self, row: Primitive, operands: tuple[int, ...]) -> int | None:
        """The number of the constant that ``row`` gives where all operands are constants."""
        given = []
        for x in operands:  # of thousands, hardly ever all
            if self.values[x].__class__ is not float:
                return None
            given.append(self.values[x])
        try:
            folded = float(row.forward(*given))
        except (ArithmeticError, ValueError):
            return None  # left to the program, which meets it as any other number
        return self.constant(folded) if math.isfinite(folded) else None

    def _scaled_once(self, operands: tuple[int, ...]) -> int | None:
        """The number of c (d x) as (c d) x, where c and d are powers of two, by which nothing is rounded.

        So the derivative of a half square, (2 x) 0.5, is x.
        """
        c, product = operands if self._is_power_of_two(operands[0]) else operands[::-1]
        inner = self.values[product]
        if not self._is_power_of_two(c) or inner.__class__ is not Instruction or inner[0] is not mul:
            return None
        d, x = inner[1] if self._is_power_of_two(inner[1][0]) else inner[1][::-1]
        if not self._is_power_of_two(d):
            return None
        scale = self.values[c] * self.values[d]
        if scale == 1.0:
            return x
        return self.emit(mul, (self.constant(scale), x)) if scale and math.isfinite(scale) else None

    def _is_power_of_two(self, number: int) -> bool:
        c = self.values[number]
        return c.__class__ is float and abs(math.frexp(c)[0]) == 0.5

    def program(self, outputs: Sequence[int], n_values: int) -> Program:
        """The instructions that ``outputs`` depend on, numbered anew."""
        values = self.values
        needed = bytearray(len(values))
        for number in outputs:
            needed[number] = True
        last: tuple[int, ...] = ()
        for number in range(len(values) - 1, -1, -1):
            value = values[number]
            if needed[number] and value.__class__ is Instruction and value[1] is not last:
                last = value[1]
                for x in last:
                    needed[x] = True
        kinds: dict[type, list[int]] = {str: [], float: [], Instruction: []}
        for number, value in enumerate(values):
            if needed[number] or value.__class__ is str:
                kinds[value.__class__].append(number)
        new = [-1] * len(values)
        for number, old in enumerate([*kinds[str], *kinds[float], *kinds[Instruction]]):
            new[old] = number
        instructions = [*renumbered([values[x] for x in kinds[Instruction]], new)]
        names = {new[x]: name for x, name in self.names.items() if new[x] >= 0}
        of = {
            new[d]: (new[y], new[x])
            for d, (y, x) in self.derivative_of.items()
            if min(new[d], new[y], new[x]) >= 0 and d > max(x, y)
        }
        constants = [values[x] for x in kinds[float]]
        return Program(
            [values[x] for x in kinds[str]], constants, instructions, [new[x] for x in outputs], n_values, names, of
        )


def program_of(
    inputs: Sequence[Expression],
    results: Sequence[Any],
    wrt: Sequence[Expression] = (),
    expansion: Chooser | None = None,
) -> Program:
    """The program that computes ``results``, and their derivatives by each of ``wrt``.

    Args:
        inputs: the variables; nothing else may be free in the results.
        results: formulas, or numbers.
        wrt: the inputs by which the results are differentiated.
        expansion: as for `opened`: the program comes in simpler rows, and without names, since nobody reads it.
    """
    results = [x if isinstance(x, Expression) else Expression.constant(x) for x in results]
    builder = Builder() if expansion is None else Opening(expansion)
    numbers = _Numbers(builder, {x: builder.input(x.label) for x in inputs})
    derivatives: list[Expression] = []
    meanings: list[tuple[Expression, Expression, Expression]] = []
    for result in results if wrt else ():
        variables = [*wrt, *(topological_order(result) if expansion is None else ())]
        with switched_on(TO_BE_RUN):
            adjoints = gradient(result, variables)
        derivatives += adjoints[: len(wrt)]
        if expansion is None:
            meanings += [(adjoint, result, x) for adjoint, x in zip(adjoints, variables)]
    everything = [*results, *derivatives]
    emit, named, order = builder.emit, expansion is None, topological_order(*everything)
    # An Expression has its operands in one tuple; to ask for them as any node's would take a tenth of the time.
    for node, (row, operands) in zip(order, renumbered(map(attrgetter("op", "first"), order), numbers)):
        numbers[node] = number = emit(row, operands)
        if named and node.label:
            builder.names.setdefault(number, node.label)
    outputs = [numbers[x] for x in everything]
    for i, number in enumerate(outputs[: len(results)]):
        builder.names.setdefault(number, "result" if len(results) == 1 else f"result{i}")
    for adjoint, result, x in meanings:
        if adjoint in numbers and result in numbers and x in numbers:
            builder.derivative_of.setdefault(numbers[adjoint], (numbers[result], numbers[x]))
    return builder.program(outputs, len(results))


def foreign_variable(x: Expression) -> ValueError:
    """The error where a result depends on a variable that is no input."""
    return ValueError(f"the variable {x.label} is no argument of the compiled function; pass it in as one")


class _Numbers(dict[Expression, int]):
    """The numbers of nodes in a builder; a constant gets one when it is asked for."""

    def __init__(self, builder: Builder, known: Mapping[Expression, int]) -> None:
        super().__init__(known)
        self._builder = builder

    def __missing__(self, x: Expression) -> int:
        if x.constant_value is None:
            raise foreign_variable(x)
        return self._builder.constant(x.constant_value)


Expansion = Callable[..., Any]
Chooser = Callable[[Primitive, Sequence[int]], Expansion | None]


def opened(program: Program, outputs: Sequence[int], expansion: Chooser = lambda row, operands: None) -> Program:
    """Some outputs of a program, in simpler rows.

    Args:
        program: what is rewritten.
        outputs: the values wanted, by their numbers in ``program``.
        expansion: the function that replaces a row on such operands, or None for one that stays.  The inputs among the
            operands have their numbers; others have none of the program's.
    """
    builder = Opening(expansion)
    numbers = builder.values_of(program, [builder.input(name) for name in program.inputs])
    for number, name in program.names.items():
        builder.names.setdefault(numbers[number], name)
    for number, (result, by) in program.derivative_of.items():
        builder.derivative_of.setdefault(numbers[number], (numbers[result], numbers[by]))
    return builder.program([numbers[x] for x in outputs], len(outputs))


class Opening(Builder):
    """Collects instructions in simpler rows: each as what replaces it."""

    def __init__(self, expansion: Chooser) -> None:
        super().__init__()
        self._expansion = expansion
        self._programs: dict[Any, Program] = {}  # of the expansions
        self._opened: dict[Any, list[int]] = {}  # the outputs of one softmax are opened together, once

    def emit(self, row: Primitive, operands: tuple[int, ...]) -> int:
        """The number of ``row`` applied to values, or of what replaces it."""
        replacement = self._expansion(row, operands)
        if replacement is None:
            return super().emit(row, operands)
        if (folded := self.folded(row, operands)) is not None:
            return folded
        function, index = (
            (replacement.function, replacement.index) if isinstance(replacement, Picked) else (replacement, 0)
        )
        if (function, operands) not in self._opened:
            if (inner := self._programs.get((function, len(operands)))) is None:
                inner = self._programs[function, len(operands)] = _expanded(function, len(operands))
            values = self.values_of(inner, operands)
            self._opened[function, operands] = [values[x] for x in inner.outputs]
        return self._opened[function, operands][index]

    def values_of(self, program: Program, inputs: Sequence[int]) -> list[int]:
        """The numbers of a program's values, where its inputs are these values."""
        numbers = [*inputs, *[self.constant(c) for c in program.constants]]
        for row, operands in renumbered(program.instructions, numbers):
            numbers.append(self.emit(row, operands))
        return numbers


def _expanded(function: Expansion, n_operands: int) -> Program:
    """The program of a function with one result or several."""
    operands = [Expression(f"x{i}") for i in range(n_operands)]
    results = function(*operands)
    return program_of(operands, results if isinstance(results, (list, tuple)) else [results])
