"""One entry of a formula of arrays, in scalars."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from autograd_tiny.arrays import structure
from autograd_tiny.arrays.node import Shape
from autograd_tiny.arrays.structure import Part, Structure
from autograd_tiny.engine.row import MultiPrimitive, Notation
from autograd_tiny.engine.table import add, mul
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.views.matrices.evaluated import PRODUCTS, SUMS
from autograd_tiny.views.matrices.symbolic import Ones, Placed, Sum
from autograd_tiny.views.matrices.written import derivative

MOST_TERMS = 4
"""Of a longer sum, the first two terms and the last are written."""
DOTS = Expression.record(Structure("…", text=Notation("…"), latex=Notation(r"\cdots")), ())  # type: ignore[arg-type]


class Entry:
    """One entry of a formula in scalars.

    Args:
        shapes: of the parts of the formula.
        leaf: what stands for an entry of a variable or of a derivative as a symbol, by its place ``[0][1]``.
    """

    def __init__(self, shapes: dict[Expression, Shape], leaf: Callable[[Expression, str], Expression]) -> None:
        self.shapes, self.leaf = shapes, leaf

    def terms(self, e: Expression, index: tuple[int, ...]) -> list[Expression]:
        """The entry as the terms of a sum, a long one with dots in the middle."""
        if e.op in PRODUCTS:
            a, b = e.operands
            size = self.shapes[b][0]
            row, column = index[: len(self.shapes[a]) - 1], index[len(index) - len(self.shapes[b]) + 1 :]
            return self._sum(size, lambda k: mul(self.of(a, (*row, k)), self.of(b, (k, *column))))
        if e.op in SUMS or isinstance(e.op, Sum):
            (a,) = e.operands
            over = e.op.over if isinstance(e.op, Sum) else SUMS[e.op]
            places = self._places(over, index, self.shapes[a])
            return self._sum(len(places), lambda k: self.of(a, places[k]))
        return [self.of(e, index)]

    def _places(self, over: str, index: tuple[int, ...], shape: Shape) -> list[tuple[int, ...]]:
        """Which entries of an array of a shape make one of what is summed over rows, over columns, or over all."""
        if over == "rows":
            return [(i, index[-1]) for i in range(shape[0])]
        if over == "columns" and len(shape) == 2:
            return [(index[0], j) for j in range(shape[1])]
        return (
            [(i,) for i in range(shape[0])]
            if len(shape) == 1
            else [(i, j) for i in range(shape[0]) for j in range(shape[1])]
        )

    @staticmethod
    def _sum(size: int, term: Callable[[int], Expression]) -> list[Expression]:
        if size <= MOST_TERMS:
            return [term(k) for k in range(size)]
        return [term(0), term(1), DOTS, term(size - 1)]

    def of(self, e: Expression, index: tuple[int, ...]) -> Expression:
        """The entry as one formula."""
        shape = self.shapes[e]
        if e.op is None and e.constant_value is not None:
            return Expression.literal(e.constant_value)
        if e.op is None or e.op is derivative:
            return self.leaf(e, "".join(f"[{i}]" for i in index))
        if not isinstance(e.op, Structure):
            return Expression.record(
                e.op, tuple([self.of(x, _repeated(index, shape, self.shapes[x])) for x in e.operands])
            )
        if e.op in PRODUCTS or e.op in SUMS or isinstance(e.op, Sum):
            return reduce(lambda x, y: add(x, y), self.terms(e, index))
        if e.op is structure.outer:
            column, row = e.operands
            return mul(self.of(column, index[:1]), self.of(row, index[1:]))  # type: ignore[no-any-return]
        if isinstance(e.op, Ones):
            return Expression.literal(1.0)
        return self._of_one(e, e.operands[0], index)

    def _of_one(self, e: Expression, a: Expression, index: tuple[int, ...]) -> Expression:
        """The entry of a structure with one operand."""
        shape = self.shapes[a]
        if e.op is structure.transpose:
            return self.of(a, index[::-1])
        if e.op in (structure.column, structure.vector):
            return self.of(a, (index[0], 0)[: len(shape)])
        if isinstance(e.op, Part):
            return self.of(a, index_of(e.op.places[_number(index, self.shapes[e])], shape))
        if isinstance(e.op, Placed):
            number = _number(index, self.shapes[e])
            places = list(e.op.part.places)
            return self.of(a, index_of(places.index(number), shape)) if number in places else Expression.literal(0.0)
        row = [self.of(a, place) for place in self._places("columns" if self.shapes[e] else "", index, shape)]
        if isinstance(e.op.row, MultiPrimitive):
            return Expression.record_outputs(e.op.row, tuple(row))[index[-1]]
        return Expression.record(e.op.row, tuple(row))


def _repeated(index: tuple[int, ...], shape: Shape, of: Shape) -> tuple[int, ...]:
    """The place in an operand of a place in the result that it is brought to."""
    return tuple([0 if size == 1 else i for i, size in zip(index[len(shape) - len(of) :], of)])


def _number(index: tuple[int, ...], shape: Shape) -> int:
    return index[0] * shape[1] + index[1] if len(index) == 2 else index[0] if index else 0


def index_of(number: int, shape: Shape) -> tuple[int, ...]:
    """The row and the column of an entry; of a vector its place, of a scalar ()."""
    return divmod(number, shape[1]) if len(shape) == 2 else (number,) if shape else ()
