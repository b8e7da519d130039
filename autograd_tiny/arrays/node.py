"""The record of whole arrays, beside that of the scalars they consist of.

The scalars are the truth: data and gradients are theirs.  An `ArrayNode` adds what they cannot tell, that together they
are the product of two matrices, or a function of one entry by entry.  It costs one object per array, whatever its
shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from autograd_tiny.engine.graph import Node, operands_first
from autograd_tiny.engine.value import Value

Shape = tuple[int, ...]
"""Of a matrix (rows, columns), of a vector (entries,), of a scalar ()."""


class ArrayNode(Node):
    """An operation on whole arrays: a row of the table, entry by entry, or a `Structure`.

    Attributes:
        op: None for an array that was not computed from arrays.
        operands: ArrayNodes.
        shape: of the result.
        entries: the scalars, row by row; none for a part that was recorded together with its user, as the product in a
            layer, and for a result that is one scalar, which knows this node itself (`Reduced`).
    """

    __slots__ = ("entries", "shape")

    entries: tuple[Any, ...]
    shape: Shape

    def __init__(
        self,
        shape: Shape,
        entries: Sequence[Any],
        op: Any = None,
        operands: tuple[ArrayNode, ...] = (),
        label: str = "",
    ) -> None:
        self.shape, self.entries = shape, tuple(entries)
        self.op, self.first, self.second, self.label = op, operands, None, label

    def __deepcopy__(self, memo: dict[int, Any]) -> ArrayNode:
        """A copy of the arrays that this one was computed from, on copies of their entries."""
        for node in operands_first([self], lambda x: id(x) in memo):
            entries = [deepcopy(x, memo) for x in node.entries]
            memo[id(node)] = ArrayNode(
                node.shape, entries, node.op, tuple([memo[id(x)] for x in node.operands]), node.label
            )
        return memo[id(self)]  # type: ignore[no-any-return]

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """The entries of each row; a vector is one row."""
        width = self.shape[-1]
        return [self.entries[i : i + width] for i in range(0, len(self.entries), width)]

    @property
    def columns(self) -> list[tuple[Any, ...]]:
        """The entries of each column; a vector is one column."""
        if len(self.shape) == 1:
            return [self.entries]
        width = self.shape[-1]
        return [self.entries[j::width] for j in range(width)]


class Reduced(Value):
    """The scalar that an operation made of whole arrays, as their sum: a Value that knows that operation, too.

    Attributes:
        whole: the operation on arrays, a node of shape ().
    """

    __slots__ = ("whole",)

    whole: ArrayNode

    def __repr__(self) -> str:
        # To its user it is a Value as any other.
        return super().__repr__().replace(type(self).__name__, Value.__name__, 1)

    def __copy__(self) -> Value:  # type: ignore[override]
        """A plain Value: a copy may stand on other operands, which the arrays know nothing of."""
        twin = object.__new__(Value)
        _take_over(twin, self)
        return twin


def reduced(scalar: Any, op: Any, *operands: ArrayNode) -> Any:
    """A scalar that was just recorded, as the result of an operation on arrays; a formula stays what it is."""
    if scalar.__class__ is not Value:
        return scalar
    result = object.__new__(Reduced)
    _take_over(result, scalar)
    result.whole = ArrayNode((), (), op, operands)
    return result


def _take_over(twin: Value, v: Value) -> None:
    twin.data, twin.grad, twin.op, twin.label = v.data, v.grad, v.op, v.label
    if v.op is not None:
        twin.first, twin.second, twin.d_first = v.first, v.second, v.d_first
        if v.second is not None:
            twin.d_second = v.d_second
