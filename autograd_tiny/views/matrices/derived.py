"""A whole derivation in matrix form, with numbers: all arrays forward, all derivatives by one backward, all updates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from autograd_tiny.arrays import shapes, structure
from autograd_tiny.arrays.node import ArrayNode, Shape
from autograd_tiny.arrays.recorded import Array
from autograd_tiny.arrays.structure import Part, Structure
from autograd_tiny.calculus.gradient_check import path_sizes
from autograd_tiny.engine.graph import mapped
from autograd_tiny.engine.row import PRODUCT, Notation
from autograd_tiny.engine.table import sub
from autograd_tiny.engine.value import Value
from autograd_tiny.symbols.expression import TEXT, Expression, term
from autograd_tiny.symbols.latex import latex_number
from autograd_tiny.text.numbers import short_number
from autograd_tiny.text.words import quoted
from autograd_tiny.views.equations import Equation, of_rate, rate_name
from autograd_tiny.views.matrices.evaluated import PRODUCTS, Numbers
from autograd_tiny.views.matrices.graph import Whole, Wholes, is_view, scalars_of
from autograd_tiny.views.matrices.seen import SeenArrays, is_constant, is_small
from autograd_tiny.views.matrices.symbolic import Symbolic, add_shapes, replaced
from autograd_tiny.views.matrices.written import with_plain_counts

ROUNDING = 1e-12
"""A sum that is a smaller share of its terms is mostly rounding: each operation adds 1.1e-16 of a term."""


class ArrayPart(NamedTuple):
    """A part of a derivation.

    Attributes:
        title: its heading.
        equations: what is written.
        claims: the numbers that these arrive at, each by what is derived by what: ``("Z",)``, ``("E", "W")``,
            ``("W'",)``; nan is not told.
    """

    title: str
    equations: list[Equation]
    claims: Sequence[tuple[tuple[str, ...], Numbers]]


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
        ValueError: ``wrt`` holds a constant, or the rows of another Array, or no leaf that a learning rate could
            update; what `SeenArrays` refuses.
    """

    def __init__(
        self, output: Value, wrt: Sequence[Value | Array] | None, through: Wholes, variables: Mapping[str, Any],
        rate: float | None, digits: int,
    ) -> None:  # fmt: skip
        wholes = None if wrt is None else [_whole(x) for x in wrt]
        self.seen, self.digits, self.rate = SeenArrays(output, through, variables, wholes), digits, rate
        self.wrt = (
            wholes
            if wholes is not None
            else [x for x in self.seen.derivatives.formulas if x not in self.seen.graph.formulas]
        )
        self.moved = [x for x in self.wrt if x not in self.seen.graph.formulas]
        if rate is not None and not self.moved:
            raise ValueError("derivation: a learning rate updates leaves, and all in wrt were computed; leave it out")
        self.rate_name = rate_name(set(self.seen.graph.names.values()))
        self.called = [*self.seen.graph.called, *([] if rate is None else [self.rate_name])]

    def parts(self) -> list[ArrayPart]:
        """What is given, forward, backward and, with a learning rate, the updates."""
        seen, graph = self.seen, self.seen.graph
        leaves = [x for x in seen.nodes if x not in graph.formulas]
        given = [self._with_numbers(Equation(graph.variables[x], ()), graph.numbers(x)) for x in leaves]
        forward = [self._with_numbers(seen.formula(x), graph.numbers(x)) for x in graph.order]
        gathered, by = seen.gathered(), seen.derivatives
        backward = [self._with_numbers(by.equation(x), by.numbers(x)) for x in gathered]
        rate = [] if self.rate is None else [Equation(Expression(self.rate_name), ((Expression.literal(self.rate),),))]
        names, root, sizes = graph.names, graph.names[graph.root], path_sizes(graph.root)
        slopes = [((root, names[x]), self._told(x, by.numbers(x), sizes)) for x in gathered]
        updates = [] if self.rate is None else [self._update(x, self.rate) for x in self.moved]
        updated = [] if self.rate is None else [((f"{names[x]}'",), self._updated(x, self.rate)) for x in self.moved]
        parts = [
            ArrayPart("Given", [*[e for e in given if e.result is not None], *by.definitions, *rate], []),
            ArrayPart("Forward", forward, [((names[x],), graph.numbers(x)) for x in graph.order]),
            ArrayPart("Backward", backward, slopes),
            ArrayPart("Update", updates, updated),
        ]
        return [part for part in parts if part.equations]

    @staticmethod
    def _told(x: Whole, numbers: Numbers, sizes: Mapping[Value, float]) -> Numbers:
        """Derivatives as claims, nan in place of what rounding left of 0."""
        pairs = zip(numbers.flat, scalars_of(x))
        left = [bool(d) and abs(d) <= ROUNDING * sizes.get(v, math.inf) < math.inf for d, v in pairs]
        return numbers._replace(flat=[math.nan if nothing else d for d, nothing in zip(numbers.flat, left)])

    def inputs(self) -> list[tuple[str, Numbers]]:
        """The leaves with their numbers."""
        graph = self.seen.graph
        return [(graph.names[x], graph.numbers(x)) for x in self.seen.nodes if x not in graph.formulas]

    def assignments(self, readable: Mapping[str, str]) -> list[str]:
        """Each array in a line that the reader of formulas reads.

        Args:
            readable: what each name is called there.

        Raises:
            TypeError: an operation that formulas have no word for.
        """
        graph = self.seen.graph
        called = {variable: Expression(readable[graph.names[x]]) for x, variable in graph.variables.items()}
        shapes = dict(graph.shapes) | {called[variable]: graph.shapes[variable] for variable in called}
        lines = []
        for x in graph.order:
            formula = with_plain_counts(opened(replaced(graph.formulas[x], called), shapes))
            lines.append(f"{readable[graph.names[x]]} = {term(formula, READER, {}).text}")
        return lines

    def _with_numbers(self, equation: Equation, numbers: Numbers) -> Equation:
        return equation._replace(result=table(numbers, self.digits)) if is_small(numbers.shape) else equation

    def _update(self, x: Whole, rate: float) -> Equation:
        """A leaf after a step of gradient descent."""
        step = of_rate(Expression(self.rate_name), self.seen.derivatives.symbol(x))
        name = self.seen.graph.names[x]
        primed = f"{name}'" if f"{name}'" not in self.seen.graph.names.values() else f"{name} (new)"
        return self._with_numbers(
            Equation(Expression(primed), ((sub(self.seen.graph.variables[x], step),),)), self._updated(x, rate)
        )

    def _updated(self, x: Whole, rate: float) -> Numbers:
        data, slopes = self.seen.graph.numbers(x), self.seen.derivatives.numbers(x)
        return Numbers(data.shape, [d - rate * s for d, s in zip(data.flat, slopes.flat)])


_READ_AS = {
    **dict.fromkeys(PRODUCTS, Notation("{0:product} @ {1:power}", PRODUCT)),
    structure.transpose: Notation("{0:atom}.T"), structure.column: Notation("[{0}].T"),
    structure.vector: Notation("{0:atom}[:, 0]"), structure.sum_all: Notation("sum({0})"),
    structure.sum_rows: Notation("sum({0}, axis=0)"), structure.sum_columns: Notation("sum({0}, axis=1)"),
}  # fmt: skip
"""How structures are typed in formulas."""


def _typed(op: Any) -> Notation:
    """How an operation is typed in formulas."""
    if not isinstance(op, Structure) or isinstance(op, Part):
        return op.text  # type: ignore[no-any-return]
    if op.row is not None:
        return Notation(f"{op.row.name}({{0}})")
    if op not in _READ_AS:
        raise TypeError(f"formulas have no word for {op.name}")
    return _READ_AS[op]


READER = TEXT._replace(notation=_typed)
"""Formulas of arrays as they are typed."""


def opened(root: Expression, shapes: dict[Expression, Shape]) -> Expression:
    """A formula with what losses consist of in their place; the shapes of its variables are known."""
    add_shapes([root], shapes)

    def make(e: Expression, operands: tuple[Expression, ...]) -> Expression:
        if isinstance(e.op, Structure) and e.op.expansion is not None:
            made: Expression = e.op.expansion(*[Symbolic(x, shapes[old]) for x, old in zip(operands, e.operands)]).e
            return made
        return e.with_operands(operands) if operands else e

    return mapped([root], make)[root]


def _whole(x: Value | Array) -> Whole:
    whole = x.node if isinstance(x, Array) else x
    if isinstance(whole, ArrayNode) and is_view(whole):
        raise ValueError(f"derivation: {shapes.name(whole)} in wrt shows the entries of another Array; give that one")
    if is_constant(whole):
        raise ValueError(f"derivation: {quoted(x)} in wrt is constant; only what is no constant has a derivative")
    return whole


def table(numbers: Numbers, digits: int) -> Expression:
    """The numbers of an array as a formula: rows in text, a matrix in LaTeX; of a vector a list, as it may be a row."""
    if not numbers.shape:
        return Expression.literal(numbers.flat[0])
    texts = [[short_number(x, digits) for x in row] for row in numbers.rows]
    text = ", ".join([f"[{', '.join(row)}]" for row in texts])
    written = [[latex_number(x, lambda y: short_number(y, digits))[0] for x in row] for row in numbers.rows]
    lines = r" \\ ".join([" & ".join(row) for row in written])
    latex = (
        rf"\begin{{pmatrix}} {lines} \end{{pmatrix}}"
        if len(numbers.shape) == 2
        else rf"\left({', '.join(written[0])}\right)"
    )
    structure = Structure(
        "numbers", text=Notation(lambda _: text if len(numbers.shape) == 1 else f"[{text}]"),
        latex=Notation(lambda _: latex),
    )  # fmt: skip
    return Expression.record(structure, ())  # type: ignore[arg-type]
