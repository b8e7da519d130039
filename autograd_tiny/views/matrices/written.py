"""How formulas of arrays are written: ⊙ for the product entry by entry, shapes beside."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any, NamedTuple

from autograd_tiny.arrays import structure
from autograd_tiny.arrays.node import Shape
from autograd_tiny.arrays.shapes import written as shape_text
from autograd_tiny.arrays.structure import Structure
from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.engine.row import POWER, PRODUCT, SIGN, Notation
from autograd_tiny.engine.table import add, div, mul, neg, sub
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.views.matrices.evaluated import PRODUCTS, SUMS
from autograd_tiny.views.matrices.symbolic import COUNT, Ones, Sum, add_shapes, replaced

derivative = Structure(
    "derivative", text=Notation("∂{0}/∂{1}", POWER), latex=Notation(r"\frac{{\partial {0}}}{{\partial {1}}}", POWER),
)
entrywise = Structure(
    "product entry by entry",
    text=Notation(lambda xs: " ⊙ ".join([f"{x:power}" for x in xs]), SIGN),
    latex=Notation(lambda xs: r" \odot ".join([f"{x:power}" for x in xs]), SIGN),
)
scaled = Structure(
    "product with a number", text=Notation("{0:product} · {1:product}", PRODUCT),
    latex=Notation(r"{0:product} \cdot {1:product}", PRODUCT),
)
quotient = Structure(
    "quotient entry by entry",
    text=Notation("{0:product} / {1:power}", SIGN),
    latex=Notation(r"\frac{{{0}}}{{{1}}}", SIGN),
)


class Written(NamedTuple):
    """A part of a formula as it is written: scalar factors, and the factors of a product entry by entry.

    Attributes:
        numbers: the scalar factors, which stand in front.
        arrays: the other factors, each with what it is written for.
    """

    numbers: list[Expression]
    arrays: list[tuple[Expression, Expression]]

    def bare(self, shape: Shape, shapes: Mapping[Expression, Shape]) -> list[Expression]:
        """The arrays as one factor, without ones that only repeat another factor; none if there are no arrays."""
        others = [pair for pair in self.arrays if not isinstance(pair[0].op, Ones)]
        kept = others if any(shapes[e] == shape for e, _ in others) else self.arrays
        parts = tuple([written for _, written in kept])
        return [Expression.record(entrywise, parts)] if len(parts) > 1 else list(parts)  # type: ignore[arg-type]

    def whole(self, shape: Shape, shapes: Mapping[Expression, Shape]) -> Expression:
        """All of it as one product."""
        factors = [*self.numbers, *self.bare(shape, shapes)]
        return reduce(lambda x, y: Expression.record(scaled, (x, y)), factors)  # type: ignore[arg-type]


def arranged(root: Expression, shapes: dict[Expression, Shape]) -> Expression:
    """A formula as it is written: entrywise products with their sign, scalar factors before products of matrices."""
    add_shapes([root], shapes)
    parts: dict[Expression, Written] = {}
    made: dict[Expression, Expression] = {}
    for e in all_nodes(root):
        parts[e] = _arranged(e, parts, made, shapes)
        made[e] = parts[e].whole(shapes[e], shapes)
    return made[root]


def _arranged(
    e: Expression,
    parts: Mapping[Expression, Written],
    made: Mapping[Expression, Expression],
    shapes: dict[Expression, Shape],
) -> Written:
    operands = tuple([made[x] for x in e.operands])
    if e.op is mul:
        inside = [parts[x] for x in e.operands]
        return Written([n for part in inside for n in part.numbers], [a for part in inside for a in part.arrays])
    if _is_linear(e.op):
        numbers = [n for x in e.operands for n in parts[x].numbers]
        bare = [parts[x].bare(shapes[x], shapes) or [Expression.literal(1.0)] for x in e.operands]
        return Written(numbers, [(e, e.with_operands(tuple([factor for (factor,) in bare])))])
    if e.op is div and shapes[e.operands[1]]:
        written = Expression.record(quotient, operands)  # type: ignore[arg-type]
    else:
        written = e.with_operands(operands) if e.op is not None else e
    return Written([], [(e, written)]) if shapes[e] else Written([written], [])


def _is_linear(op: Any) -> bool:
    """Whether scalar factors of the operands may stand before the whole."""
    return op in PRODUCTS or op in (structure.outer, structure.transpose) or op in SUMS or isinstance(op, Sum)


def counts(root: Expression) -> dict[Expression, float]:
    """The numbers of samples that a formula names, each where it stands."""
    return {
        e: e.constant_value
        for e in all_nodes(root)
        if e.op is None and e.label == COUNT and e.constant_value is not None
    }


def with_plain_counts(root: Expression) -> Expression:
    """A formula with numbers of samples as numbers, where they cannot have a name."""
    return replaced(root, {e: Expression.literal(number) for e, number in counts(root).items()})


def shape_note(e: Expression, shapes: dict[Expression, Shape]) -> Expression:
    """The shape of a formula; of a matrix product, also those of its factors, of a sum with one those of all terms."""
    add_shapes([e], shapes)
    whole = f"({shape_text(shapes[e])})"
    inner = _main(e, shapes)
    terms = _terms(inner, shapes)
    if any(_is_product(x.op) for x in terms):
        whole += " = " + " + ".join(
            ["".join([f"({shape_text(shape)})" for shape in _factor_shapes(x, shapes)]) for x in terms]
        )
    elif inner.op in SUMS or isinstance(inner.op, Sum):
        whole += f" from ({shape_text(shapes[inner.operands[0]])})"
    latex = whole.replace("×", r" \times ").replace(" from ", r" \text{{ from }} ")
    note = Structure("shape", text=Notation("   " + whole), latex=Notation(r"\qquad " + latex))
    return Expression.record(note, ())  # type: ignore[arg-type]


def _is_product(op: Any) -> bool:
    return op in PRODUCTS or op is structure.outer


def _terms(e: Expression, shapes: dict[Expression, Shape]) -> list[Expression]:
    """The terms of a sum or a difference, without signs and scalar factors."""
    if e.op not in (add, sub):
        return [e]
    return [term for x in e.operands for term in _terms(_main(x, shapes), shapes)]


def _main(e: Expression, shapes: dict[Expression, Shape]) -> Expression:
    """A formula without its sign and its scalar factors."""
    while e.op in (neg, mul, div):
        arrays = [x for x in e.operands if shapes[x]]
        if len(arrays) != 1 or (e.op is div and shapes[e.operands[1]]):
            break
        (e,) = arrays
    return e


def _factor_shapes(e: Expression, shapes: dict[Expression, Shape]) -> list[Shape]:
    if e.op is structure.outer:
        return [(shapes[e.operands[0]][0], 1), (1, shapes[e.operands[1]][0])]
    if e.op not in PRODUCTS:
        return [shapes[e]]
    first, second = e.operands
    left = _factor_shapes(first, shapes)
    if e.op in (structure.vector_matrix, structure.inner):
        left = [(1, shapes[first][0])]
    return [*left, shapes[second]]
