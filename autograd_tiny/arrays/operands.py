"""What may stand in an array, and beside one: Values or Expressions, numbers, nested lists, NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_tiny.arrays import shapes
from autograd_tiny.arrays.node import ArrayNode, Shape
from autograd_tiny.engine.contents import Indexed, is_array
from autograd_tiny.engine.graph import Node
from autograd_tiny.engine.refusals import ValueRefusedError, finite_number, is_number
from autograd_tiny.engine.value import Value, recorder
from autograd_tiny.text.numbers import loses_as_float
from autograd_tiny.text.words import quoted


def kind_of(x: Any) -> Any:
    """`Value` for every kind of Value, else the kind of node itself."""
    return Value if isinstance(x, Value) else type(x)


def entries_of(data: Any, shape: Shape, what: str, beside: Any = None) -> list[Any]:
    """The entries of nested lists, row by row.

    Numbers become constants where recorded scalars stand in the same lists, or ``beside`` them: the kind of these.
    Else leaves.

    Raises:
        TypeError: something is no real number, or Values and Expressions are mixed.
        ValueError: a number is not finite.
    """
    if loses_as_float(data):
        raise TypeError(f"{what} must be of real numbers, got an array of {data.dtype}")
    flat = (
        data.ravel().tolist() if is_array(data) else list(data) if len(shape) == 1 else [x for row in data for x in row]
    )
    kinds = {kind_of(x) for x in flat if isinstance(x, Node)}
    if len(kinds) > 1:
        raise ValueRefusedError(f"{what} holds Values and Expressions; its entries are of one kind")
    kind = kinds.pop() if kinds else beside
    make: Callable[[float], Any] = kind.constant if kind else Value
    return [
        x if isinstance(x, Node) else make(_finite(x, f"entry {p} of {what}"))
        for x, p in zip(flat, shapes.entry_places(shape))
    ]


def _finite(x: Any, name: str) -> float:
    if not is_number(x):
        raise TypeError(f"{name} must be a number, a Value or an Expression; got the {type(x).__name__} {quoted(x)}")
    return finite_number(x, name)


def nodes_of(operands: Sequence[Any]) -> list[ArrayNode]:
    """The operands of an operation as nodes: scalars get shape (), numbers become constants of the others' kind."""
    if all(isinstance(x, Indexed) for x in operands):
        return [x.node for x in operands]
    arrays = [x.node.entries[0] for x in operands if isinstance(x, Indexed)]
    kinds = [kind_of(x) for x in (*arrays, *[x for x in operands if isinstance(x, Node)])]
    kind = next((k for k in kinds if k is not Value), Value)
    return [as_node(x, kind) for x in operands]


def as_node(x: Any, kind: Any, what: str = "a list beside an Array") -> ArrayNode:
    """An Array, a scalar or nested lists as a node; numbers become constants of a kind; errors call lists ``what``."""
    if isinstance(x, Indexed):
        return x.node  # type: ignore[no-any-return]
    if isinstance(x, Node):
        return ArrayNode((), (x,))
    if is_number(x):
        return ArrayNode((), (kind.constant(x),))
    shape = shapes.nested_shape(x, what)
    return ArrayNode(shape, entries_of(x, shape, what, kind))


def recorder_on(row: Any, nodes: Sequence[ArrayNode]) -> Callable[..., Any]:
    """What records a row on entries of these: the method that was built for Values, or that of formulas."""
    other = next((kind for node in nodes if (kind := kind_of(node.entries[0])) is not Value), None)
    return recorder(row) if other is None else lambda *xs: other.record(row, xs)
