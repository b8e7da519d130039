"""Arrays as formulas: arithmetic with whole arrays that is written down and not computed, and the chain rule over it.

A formula is an Expression whose variables stand for arrays, and whose operations are rows of the table, entry by entry,
and structures.  The rules of both are run on it, so that no derivative is written a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from autograd_tiny.arrays import structure
from autograd_tiny.arrays.node import Shape
from autograd_tiny.arrays.shapes import broadcast
from autograd_tiny.arrays.structure import Part, Structure, by_row, product_of, sum_notation
from autograd_tiny.engine.graph import all_nodes, mapped, topological_order
from autograd_tiny.engine.operators import Operators
from autograd_tiny.engine.row import ATOM, MultiPrimitive, Notation, Primitive
from autograd_tiny.symbols.expression import Expression

COUNT = "m"
"""What the number of samples is called."""


class Sum(Structure):
    """A sum over rows, columns or all entries that gives a certain shape, as for an operand that was repeated."""

    def __init__(self, over: str, shape: Shape) -> None:
        super().__init__(f"sum over {over or 'all'}", **sum_notation(over), shaped=lambda a: shape)
        self.over = over


class Ones(Structure):
    """An array of ones: what a sum hands to each of its terms."""

    def __init__(self, shape: Shape) -> None:
        super().__init__("ones", text=Notation("𝟏", ATOM), latex=Notation(r"\mathbf{{1}}", ATOM), shaped=lambda: shape)


class Placed(Structure):
    """A part of an array in its places, with 0 in the others."""

    def __init__(self, part: Part, shape: Shape) -> None:
        text, latex = (
            Notation(f"({{0}} at {part.name})", ATOM),
            Notation(rf"\left({{0}} \text{{{{ at }}}} {part.name}\right)", ATOM),
        )
        super().__init__(f"at {part.name}", text=text, latex=latex, shaped=lambda a: shape)
        self.part = part


class Symbolic(Operators):
    """An array as a formula.

    Attributes:
        e: the formula.
        shape: of the array.
    """

    __slots__ = ("e", "shape")

    e: Expression
    shape: Shape

    def __init__(self, e: Expression, shape: Shape) -> None:
        self.e, self.shape = e, shape

    @classmethod
    def takes(cls, other: object) -> bool:
        """Whether ``other`` may stand beside it: another one, or a number."""
        return isinstance(other, (Symbolic, float, int))

    @classmethod
    def record(cls, primitive: Primitive, operands: tuple[Any, ...]) -> Symbolic:
        """``primitive`` entry by entry."""
        lifted = [x if isinstance(x, Symbolic) else Symbolic(Expression.literal(x), ()) for x in operands]
        shape = broadcast(*[x.shape for x in lifted])
        if shape is None:
            raise ValueError(f"{primitive.name} of shapes {[x.shape for x in lifted]}")
        return Symbolic(Expression.record(primitive, tuple([x.e for x in lifted])), shape)

    @classmethod
    def applied(cls, operation: Primitive | MultiPrimitive, arguments: tuple[Any, ...]) -> Any:
        """A row of the table called with one of these: by row if one alone has many operands, else entry by entry."""
        if len(arguments) == 1 and (isinstance(operation, MultiPrimitive) or operation.arity is None):
            return arguments[0].by_row(operation)
        if isinstance(operation, MultiPrimitive):
            return tuple([cls.record(row, arguments) for row in operation.rows(arguments)])
        return cls.record(operation, arguments)

    def apply(self, operation: Structure, *others: Symbolic) -> Symbolic:
        """A structure applied to it; one that has no rule of its own is written as what it consists of."""
        operands = (self, *others)
        if operation.expansion is not None and operation.pull is None and not operation.fused:
            return operation.expansion(*operands)  # type: ignore[no-any-return]
        shape = operation.shaped(*[x.shape for x in operands])
        return Symbolic(Expression.record(operation, tuple([x.e for x in operands])), shape)  # type: ignore[arg-type]

    def __matmul__(self, other: Symbolic) -> Symbolic:
        return self.apply(product_of(self.shape, other.shape), other)

    @property
    def T(self) -> Symbolic:  # noqa: N802
        """Transposed; a vector is a column, and written transposed where it stands as a row."""
        if len(self.shape) < 2:
            return self
        if self.e.op is structure.transpose:
            return Symbolic(self.e.operands[0], self.shape[::-1])
        # (A B)ᵀ = Bᵀ Aᵀ; the size that the two have in common is of no consequence here.
        if self.e.op is structure.product:
            left, right = [
                Symbolic(x, shape) for x, shape in zip(self.e.operands, ((self.shape[0], 0), (0, self.shape[1])))
            ]
            return right.T @ left.T
        return self.apply(structure.transpose)

    def outer(self, other: Symbolic) -> Symbolic:
        """The matrix of all products of an entry of one vector and an entry of the other."""
        return self.apply(structure.outer, other)

    def sum(self) -> Symbolic:
        """The sum of all entries."""
        return self.apply(structure.sum_all) if self.shape else self

    def sum_in_rows(self) -> Symbolic:
        """The sum of each row, as a column; of a vector, one number."""
        return self.sum() if len(self.shape) < 2 else self.apply(Sum("columns", (self.shape[0], 1)))

    def mean_as_sum(self, axis: int | None) -> Symbolic:
        """A mean as a sum that is divided by how many there are."""
        if axis is None:
            size = self.shape[0] * (self.shape[1] if len(self.shape) == 2 else 1)
            return self.sum().per(size) if size == self.shape[0] else self.sum() / float(size)
        total = self.apply(structure.SUMS[axis])
        return total.per(self.shape[0]) if axis == structure.ROWS else total / float(self.shape[1])

    def per(self, count: int) -> Symbolic:
        """Divided by the number of samples, which has a name."""
        return self / Symbolic(_count(count), ())

    def by_row(self, row: Primitive | MultiPrimitive) -> Symbolic:
        """A function of each row."""
        return self.apply(by_row(row))

    def as_column(self) -> Symbolic:
        """A vector as a matrix of one column; one number as it is."""
        return self.apply(structure.column) if len(self.shape) == 1 else self

    def as_vector(self) -> Symbolic:
        """A matrix of one column as a vector."""
        return self.apply(structure.vector)

    def placed(self, part: Part, shape: Shape) -> Symbolic:
        """A part in its places in an array of a shape, with 0 in the others."""
        return self.apply(Placed(part, shape))

    def spread(self, shape: Shape) -> Symbolic:
        """Repeated, to have a shape; as products with ones."""
        if self.shape == shape:
            return self
        if not self.shape:
            return ones(shape) if self.e.constant_value == 1.0 and not self.e.label else self * ones(shape)
        if len(self.shape) == 1:
            return ones(shape[:1]).outer(self)
        result = self
        if self.shape[0] != shape[0]:
            result = ones((shape[0], 1)) @ result
        return result @ ones((1, shape[1])) if self.shape[1] != shape[1] else result

    def gathered(self, shape: Shape) -> Symbolic:
        """Summed over what was repeated, to have the shape of the operand that was repeated."""
        if self.shape == shape:
            return self
        if not shape:
            return self.sum()
        over_rows = len(self.shape) == 2 and (len(shape) == 1 or shape[0] == 1 != self.shape[0])
        over_columns = shape[-1] == 1 != self.shape[-1]
        if over_rows and not over_columns and len(shape) == 1:
            return self.apply(structure.sum_rows)
        of_all = len(self.shape) == 1 or (over_rows and over_columns)
        return self.apply(Sum("" if of_all else "rows" if over_rows else "columns", shape))


@lru_cache(maxsize=256)
def _count(number: int) -> Expression:
    """A number of samples under its name, one and the same wherever it stands."""
    literal = Expression.literal(float(number))
    literal.label = COUNT
    return literal


def ones(shape: Shape) -> Symbolic:
    """An array of ones."""
    return Symbolic(Expression.record(Ones(shape), ()), shape)  # type: ignore[arg-type]


def add_shapes(roots: Iterable[Expression], shapes: dict[Expression, Shape]) -> None:
    """Add the shape of every part of formulas to those that are known: of variables, and of derivatives as symbols."""
    for root in roots:
        for e in all_nodes(root):
            if e not in shapes:
                inside = [shapes[x] for x in e.operands]
                is_structure = isinstance(e.op, Structure)
                shapes[e] = () if e.op is None else e.op.shaped(*inside) if is_structure else broadcast(*inside) or ()


def keeps_arrays(tidy: Expression, plain: Expression, shapes: dict[Expression, Shape]) -> bool:
    """Whether the structures of a tidied formula are applied to arrays of the same shapes as in the plain one.

    X - X + Y, tidied, is Y, which may be a row that was repeated, and 0 where nothing was added: so X - X + Y has a
    second row, and Y has none.  The shapes of all parts are added, where they are kept.
    """
    before = {(e.op, *(shapes[x] for x in e.operands)) for e in all_nodes(plain) if isinstance(e.op, Structure)}
    for e in all_nodes(tidy):
        if isinstance(e.op, Structure) and (e.op, *(shapes[x] for x in e.operands)) not in before:
            return False
        add_shapes([e], shapes)
    return shapes[tidy] == shapes[plain]


def pullback(
    root: Expression, g: Symbolic, out: Symbolic, shapes: dict[Expression, Shape], ends: Mapping[Expression, Any]
) -> dict[Expression, Symbolic]:
    """What each of some parts of a formula receives from the derivative by the formula: the chain rule, users first.

    Args:
        root: the formula.
        g: the derivative by it.
        out: what stands for its result, as its name.
        shapes: of its variables; those of all its parts are added.
        ends: the parts that are asked for; at these the walk ends.

    Raises:
        TypeError: an operation has no rule in matrix form.
    """
    add_shapes([root], shapes)
    order = [e for e in topological_order(root) if e not in ends]
    leads = set(ends)
    for e in order:
        if not leads.isdisjoint(e.operands):
            leads.add(e)
    received = {root: g}

    def receive(e: Expression, part: Any) -> None:
        if e in leads:
            received[e] = received[e] + part if e in received else part

    for e in reversed(order):
        if e not in received or e not in leads:
            continue
        result = out if e is root else Symbolic(e, shapes[e])
        operands = [Symbolic(x, shapes[x]) for x in e.operands]
        if isinstance(e.op, Structure):
            first = e.operands[0] if e.operands else None
            if first is not None and first.op in e.op.fused and first not in ends and leads.isdisjoint(e.operands[1:]):
                receive(first.operands[0], e.op.fused[first.op](received[e], operands[0], *operands[1:]))
                continue
            for x, part in zip(e.operands, _pulled(e.op, received[e], result, operands, shapes)):
                receive(x, part)
        else:
            for operand, d in zip(operands, e.op.derivatives(result, operands)):
                if not (d.__class__ is float and d == 0.0):
                    part = received[e] if d.__class__ is float and d == 1.0 else received[e] * d
                    receive(operand.e, part.gathered(operand.shape))
    return {e: received[e] for e in ends if e in received}


def _pulled(
    op: Structure, g: Symbolic, out: Symbolic, operands: Sequence[Symbolic], shapes: dict[Expression, Shape]
) -> Sequence[Any]:
    """The rule of a structure, or that of its expansion."""
    if op.pull is not None:
        return op.pull(g, out, *operands)
    if op.expansion is None:
        raise TypeError(f"{op.name} has no derivative in matrix form; explain the derivative by one entry, W[0][1]")
    ends = {x.e: None for x in operands}
    whole = op.expansion(*operands)
    found = pullback(whole.e, g, out, shapes, ends)
    return [found.get(x.e, Symbolic(Expression.literal(0.0), ()).spread(x.shape)) for x in operands]


def replaced(root: Expression, by: Mapping[Expression, Expression]) -> Expression:
    """A formula with others in place of some of its parts; what has none of these in it stays the node that it is."""

    def make(e: Expression, operands: tuple[Expression, ...]) -> Expression:
        if e in by:
            return by[e]
        return e if all(x is y for x, y in zip(operands, e.operands)) else e.with_operands(operands)

    return mapped([root], make)[root]
