"""A whole derivation in matrix form: every array forward, every derivative by one backward, every update, with their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from autograd_tiny.arrays import shapes
from autograd_tiny.arrays.node import ArrayNode
from autograd_tiny.arrays.recorded import Array
from autograd_tiny.arrays.structure import Structure
from autograd_tiny.engine.row import Notation
from autograd_tiny.engine.table import sub
from autograd_tiny.engine.value import Value
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.symbols.latex import latex_number
from autograd_tiny.text.numbers import short_number
from autograd_tiny.text.words import quoted
from autograd_tiny.views.equations import Equation, of_rate
from autograd_tiny.views.matrices.evaluated import Numbers
from autograd_tiny.views.matrices.graph import Whole, Wholes, is_view
from autograd_tiny.views.matrices.seen import SeenArrays, is_constant, is_small


class ArrayPart(NamedTuple):
    """A part of a derivation: its heading, and its equations."""

    title: str
    equations: list[Equation]


class ArrayDerivation:
    """The parts of a derivation in matrix form.

    Args:
        output: what is differentiated.
        wrt: the Arrays, and Values beside them, to differentiate by; None for all leaves.
        through: which arrays are seen.
        variables: what the caller's variables hold.
        rate: a learning rate, and what it is called; None for no updates.
        digits: significant digits of numbers.

    Attributes:
        called: all names.

    Raises:
        ValueError: ``wrt`` holds a constant, or the rows of another Array, or no leaf that a learning rate could update; what
            `SeenArrays` refuses.
    """

    def __init__(
        self, output: Value, wrt: Sequence[Value | Array] | None, through: Wholes, variables: Mapping[str, Any],
        rate: float | None, digits: int,
    ) -> None:  # fmt: skip
        wholes = None if wrt is None else [_whole(x) for x in wrt]
        self.seen, self.digits, self.rate = SeenArrays(output, through, variables, wholes), digits, rate
        self.wrt = wholes if wholes is not None else [x for x in self.seen.derivatives.formulas if x not in self.seen.graph.formulas]
        self.moved = [x for x in self.wrt if x not in self.seen.graph.formulas]
        if rate is not None and not self.moved:
            raise ValueError("derivation: a learning rate updates leaves, and all in wrt were computed; leave it out")
        taken = set(self.seen.graph.names.values())
        self.rate_name = next(name for name in ("η", "rate", "learning rate") if name not in taken)
        self.called = [*self.seen.called, *([] if rate is None else [self.rate_name])]

    def parts(self) -> list[ArrayPart]:
        """What is given, forward, backward and, with a learning rate, the updates."""
        seen, graph = self.seen, self.seen.graph
        leaves = [x for x in seen.nodes if x not in graph.formulas]
        given = [self._with_numbers(Equation(graph.variables[x], ()), graph.numbers(x)) for x in leaves]
        forward = [self._with_numbers(seen.formula(x), graph.numbers(x)) for x in graph.order]
        backward = [self._with_numbers(seen.derivative(x), seen.derivatives.numbers(x)) for x in seen.gathered()]
        rate = [] if self.rate is None else [Equation(Expression(self.rate_name), ((Expression.literal(self.rate),),))]
        parts = [
            ArrayPart("Given", [*[e for e in given if e.result is not None], *seen.derivatives.definitions, *rate]),
            ArrayPart("Forward", forward),
            ArrayPart("Backward", backward),
        ]
        updates = [] if self.rate is None else [self._update(x, self.rate) for x in self.moved]
        return [part for part in (*parts, ArrayPart("Update", updates)) if part.equations]

    def _with_numbers(self, equation: Equation, numbers: Numbers) -> Equation:
        return equation._replace(result=table(numbers, self.digits)) if is_small(numbers.shape) else equation

    def _update(self, x: Whole, rate: float) -> Equation:
        """A leaf after a step of gradient descent."""
        data, slopes = self.seen.graph.numbers(x), self.seen.derivatives.numbers(x)
        new = Numbers(data.shape, [d - rate * s for d, s in zip(data.flat, slopes.flat)])
        step = of_rate(Expression(self.rate_name), self.seen.derivatives.symbol(x))
        name = self.seen.graph.names[x]
        primed = f"{name}'" if f"{name}'" not in self.seen.graph.names.values() else f"{name} (new)"
        return self._with_numbers(Equation(Expression(primed), ((sub(self.seen.graph.variables[x], step),),)), new)


def _whole(x: Value | Array) -> Whole:
    whole = x.node if isinstance(x, Array) else x
    if isinstance(whole, ArrayNode) and is_view(whole):
        raise ValueError(f"derivation: {shapes.name(whole)} in wrt shows the entries of another Array; give that one")
    if is_constant(whole):
        raise ValueError(f"derivation: {quoted(x)} in wrt is constant; only what is no constant has a derivative")
    return whole


def table(numbers: Numbers, digits: int) -> Expression:
    """The numbers of an array as a formula: a list of rows in text, a matrix in LaTeX; of a vector a list, since it may stand as a row."""
    if not numbers.shape:
        return Expression.literal(numbers.flat[0])
    texts = [[short_number(x, digits) for x in row] for row in numbers.rows]
    text = ", ".join([f"[{', '.join(row)}]" for row in texts])
    written = [[latex_number(x, lambda y: short_number(y, digits))[0] for x in row] for row in numbers.rows]
    lines = r" \\ ".join([" & ".join(row) for row in written])
    latex = rf"\begin{{pmatrix}} {lines} \end{{pmatrix}}" if len(numbers.shape) == 2 else rf"\left({', '.join(written[0])}\right)"
    structure = Structure(
        "numbers", text=Notation(lambda _: text if len(numbers.shape) == 1 else f"[{text}]"),
        latex=Notation(lambda _: latex),
    )  # fmt: skip
    return Expression.record(structure, ())  # type: ignore[arg-type]
