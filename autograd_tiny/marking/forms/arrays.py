"""Vectors and matrices among the labels of a page: their entries, and what is said of one as a whole, Z or ∂E/∂W."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import prod

from autograd_tiny.arrays.shapes import written
from autograd_tiny.marking.forms.quantities import Quantity, data, derivative
from autograd_tiny.marking.training.times import timed

Index = tuple[int, ...]
Arrays = Mapping[str, Mapping[Index, str]]
"""For each array the labels of its entries, by their places."""
_PLACE = re.compile(r"(?P<base>.+?)(?P<index>(?:\[\d+(?:, ?\d+)*\])+)")


def entries_among(labels: Iterable[str]) -> dict[str, dict[Index, str]]:
    """The arrays among labels: for each its entries by their places.

    >>> entries_among(["b", "w[0]", "w[1]"])
    {'w': {(0,): 'w[0]', (1,): 'w[1]'}}
    """
    found: dict[str, dict[Index, str]] = {}
    for label in labels:
        if match := _PLACE.fullmatch(label):
            found.setdefault(match["base"], {})[index_of(match["index"])] = label
    return found


def index_of(place: str) -> Index:
    """The numbers in ``[0][1]`` or ``[0, 1]``."""
    return tuple(int(number) for number in re.findall(r"\d+", place))


def shape_of(places: Iterable[Index]) -> Index:
    """The shape of an array with entries at these places."""
    return tuple(max(numbers) + 1 for numbers in zip(*places))


def of_whole(nodes: Sequence[str], arrays: Arrays) -> Quantity | None:
    """What these nodes say, if one of them is an array: its numbers, a derivative of or by all of its entries.

    The derivative of an array by an array has a place only where one is a function of the other entry by entry, which
    whoever knows the graph has to check.  A path is the product of such derivatives, entry by entry.

    Raises:
        ValueError: an array of which not all entries are there, two of different shapes.

    >>> arrays = entries_among(["w[0]", "w[1]"])
    >>> quantity = of_whole(("E", "w'"), arrays)
    >>> str(quantity), quantity.shape, [str(part) for part in quantity.parts]
    ("∂E/∂w'", (2,), ["∂E/∂w[0]'", "∂E/∂w[1]'"])
    """
    known = [timed(name) for name in nodes]
    if not any(name.base in arrays for name in known):
        return None
    if len(nodes) > 2:
        factors = [of_whole(pair, arrays) or derivative(*pair) for pair in pairwise(nodes)]
        return Quantity("formula", (), " * ".join([f"{{{i}}}" for i in range(len(factors))]), tuple(factors))
    shapes = {name.base: whole_shape(name.base, arrays) for name in known if name.base in arrays}
    if len(set(shapes.values())) > 1:
        sizes = " and ".join([f"{base} is {written(shape)}" for base, shape in shapes.items()])
        raise ValueError(f"∂{nodes[0]}/∂{nodes[1]} is no array: {sizes}; {ENTRY_BY_ENTRY}")
    (shape,) = set(shapes.values())
    parts = []
    for place in sorted(arrays[next(iter(shapes))]):
        labels = [
            str(name._replace(base=arrays[name.base][place])) if name.base in arrays else str(name) for name in known
        ]
        parts.append(derivative(*labels) if len(labels) == 2 else data(*labels))
    return whole(nodes, parts, shape)


ENTRY_BY_ENTRY = (
    "the derivative of an array by an array is written where one is a function of the other entry by entry; "
    "a quotient stands in brackets"
)


def whole_shape(base: str, arrays: Arrays) -> Index:
    """The shape of an array.

    Raises:
        ValueError: not all of its entries are there.
    """
    shape = shape_of(arrays[base])
    if prod(shape) != len(arrays[base]) or len(set(map(len, arrays[base]))) > 1:
        few = f"of {base} the graph has {len(arrays[base])} entries, not all of {written(shape)}"
        raise ValueError(f"{few}; what the output does not depend on is to be given as others=")
    return shape


def whole(names: Sequence[str], parts: Sequence[Quantity], shape: Index) -> Quantity:
    """The quantity of a whole array.

    Args:
        names: what it speaks of, where its parts speak of entries.
        parts: the quantities of its entries, row by row.
        shape: of the array.
    """
    return Quantity("whole", tuple(names), "", tuple(parts), shape)


def is_of_arrays(quantity: Quantity | None) -> bool:
    """Whether a quantity is a whole array, or a formula of such."""
    return quantity is not None and any(part.kind == "whole" for part in quantity.every)
