"""Shapes: how two arrays fit, and what is said where not: both shapes, what was wanted, which transpose would fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from math import prod
from typing import Any

from autograd_tiny.arrays.node import ArrayNode, Shape
from autograd_tiny.arrays.structure import Part, transpose
from autograd_tiny.text.words import listed, quoted


class ShapeError(ValueError):
    """Arrays whose shapes do not fit."""


def written(shape: Shape) -> str:
    """A shape as people write it.

    >>> written((2, 3)), written((4,)), written(())
    ('2×3', '4', '1')
    """
    return "×".join(map(str, shape)) or "1"


def broadcast(*shapes: Shape) -> Shape | None:
    """The shape to which arrays are brought that are combined entry by entry, as in NumPy; None if they do not fit.

    Sizes are compared from the right; of two that differ one must be 1, or missing.

    >>> broadcast((6, 4), (4,)), broadcast((6, 4), (6,)), broadcast((1, 5), (5, 1))
    ((6, 4), None, (5, 5))
    """
    result: list[int] = []
    for place in range(1, max(map(len, shapes), default=0) + 1):
        sizes = {shape[-place] for shape in shapes if len(shape) >= place} - {1}
        if len(sizes) > 1:
            return None
        result.insert(0, max(sizes, default=1))
    return tuple(result)


def spread(entries: Sequence[Any], shape: Shape, to: Shape) -> Sequence[Any]:
    """The entries of an array, repeated as they are where it is brought to another shape.

    >>> spread("ab", (2, 1), (2, 3)), spread("ab", (2,), (2, 2))
    (('a', 'a', 'a', 'b', 'b', 'b'), ('a', 'b', 'a', 'b'))
    """
    if shape == to:
        return entries
    if len(shape) == 2 and shape[1] == 1:
        entries = [x for x in entries for _ in range(to[1])]
    return tuple(entries) * (prod(to) // len(entries))


def name(node: ArrayNode, otherwise: str = "the array") -> str:
    """An array in a sentence: its label, what its entries share, or as what it is of another: ``X.T``, ``X[0]``."""
    if called := node.label or common_label(node):
        return called
    of = name(node.operands[0], "") if node.op is transpose or isinstance(node.op, Part) else ""
    return (f"{of}.T" if node.op is transpose else of + node.op.name) if of else otherwise


def common_label(node: ArrayNode) -> str:
    """What the labels of all entries share: ``W`` of ``W[0][0]``, ``W[0][1]``, ...; nothing without such a name."""
    first = node.entries[0].label if node.entries else ""
    places = entry_places(node.shape)
    if not first.endswith(places[0]):
        return ""
    stem: str = first.removesuffix(places[0])
    return stem if all(x.label == stem + place for x, place in zip(node.entries, places)) else ""


def entry_places(shape: Shape) -> list[str]:
    """``[0][1]`` and so on for each entry, row by row."""
    places = [""]
    for size in shape:
        places = [f"{place}[{i}]" for place in places for i in range(size)]
    return places


def product_refusal(a: ArrayNode, b: ArrayNode) -> ShapeError:
    """The error for two arrays that have no matrix product."""
    left, right = name(a, "the left one"), name(b, "the right one")
    sizes = f"{left} is {written(a.shape)} and {right} is {written(b.shape)}"
    wanted = f"the columns of the left, {a.shape[-1]}, must be as many as the rows of the right, {b.shape[0]}"
    names = name(a, "a"), name(b, "b")
    ways = [_ways(names[0], a.shape), _ways(names[1], b.shape)]
    pairs = [*product(*ways), *product(*reversed(ways))]
    texts = [f"{x} @ {y} would fit, {written(p)} by {written(q)}" for (x, p), (y, q) in pairs if p[-1] == q[0]]
    fitting = list(dict.fromkeys(texts))
    remedy = f"; {listed(fitting, 3)}" if fitting else "; no transpose of them fits either"
    return ShapeError(f"the product {names[0]} @ {names[1]}: {sizes}; {wanted}{remedy}")


def _ways(called: str, shape: Shape) -> list[tuple[str, Shape]]:
    """An array as it is and, if it is a matrix, transposed."""
    other = called.removesuffix(".T") if called.endswith(".T") else f"{called}.T"
    turned = [(other, shape[::-1])] if len(shape) == 2 else []
    return [(called, shape), *turned]


def broadcast_refusal(operation: str, nodes: Sequence[ArrayNode]) -> ShapeError:
    """The error for arrays that cannot be combined entry by entry."""
    arrays = [node for node in nodes if node.shape]
    called = [name(node, f"operand {i}") for i, node in enumerate(nodes, 1) if node.shape]
    sizes = listed([f"{text} is {written(node.shape)}" for text, node in zip(called, arrays)], 5)
    wanted = (
        "entry by entry the shapes must be equal; compared from the right, a size of 1, or one that is missing, "
        "is repeated"
    )
    fitting = [f"{called[k]}.T would fit" for k, turned in _turned(arrays) if broadcast(*turned)]
    remedies = "; ".join(filter(None, [_as_column(arrays, called), listed(fitting, 3)]))
    remedy = f"; {remedies}" if remedies else ""
    return ShapeError(f"{operation}: {sizes}; {wanted}{remedy}")


def _turned(arrays: Sequence[ArrayNode]) -> Iterable[tuple[int, list[Shape]]]:
    """The shapes with one matrix transposed, for each."""
    for k, node in enumerate(arrays):
        if len(node.shape) == 2:
            yield k, [other.shape[::-1] if i == k else other.shape for i, other in enumerate(arrays)]


def _as_column(arrays: Sequence[ArrayNode], called: Sequence[str]) -> str:
    """What to write where a vector has an entry per row, and not per column."""
    shapes = {len(node.shape): (node.shape, text) for node, text in zip(arrays, called)}
    if len(arrays) == 2 and shapes.keys() == {1, 2} and shapes[1][0][0] == shapes[2][0][0]:
        return f"for one entry of {shapes[1][1]} per row of {shapes[2][1]} make it a column: array([{shapes[1][1]}]).T"
    return ""


def nested_shape(data: Any, what: str) -> Shape:
    """The shape of nested lists.

    Raises:
        ValueError: they are empty, ragged, or nested three times.
        TypeError: they are no lists at all, or lists beside numbers.
    """
    if not is_list(data):
        made_of = "a list of numbers, or of rows, as [[1, 2], [3, 4]]"
        raise TypeError(f"{what} is made of {made_of}; got {quoted(data)}; a number alone is a Value")
    if not len(data):
        raise ValueError(f"{what} would be empty; it needs at least one entry")
    if not any(is_list(row) for row in data):
        return (len(data),)
    for i, row in enumerate(data):
        if not is_list(row):
            raise TypeError(
                f"{what}: entry {i} is {quoted(row)}, and others are rows; a matrix has only rows, "
                "a vector only numbers"
            )
        if len(row) != len(data[0]):
            lengths = f"row 0 has length {len(data[0])}, row {i} has length {len(row)}"
            raise ValueError(f"{what} is ragged: {lengths}; all rows of a matrix are equally long")
        for j, x in enumerate(row):
            if is_list(x):
                raise ValueError(
                    f"{what} has three dimensions: [{i}][{j}] is {quoted(x)}; a vector has one dimension, a matrix two"
                )
    if not len(data[0]):
        raise ValueError(f"{what} would be empty; it needs at least one entry")
    return (len(data), len(data[0]))


def is_list(x: Any) -> bool:
    """Whether it is a list or an array of any kind; but no text, and no number."""
    return (
        hasattr(x, "__len__")
        and hasattr(x, "__getitem__")
        and not isinstance(x, (str, bytes, dict))
        and getattr(x, "ndim", 1) != 0
    )
