"""Which entries of the graph's arrays the numbers are that a page prints in a vector or a matrix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from types import MappingProxyType
from typing import Any

from autograd_tiny.arrays import Array, shapes
from autograd_tiny.arrays.shapes import ShapeError, entry_places, nested_shape, written
from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.engine.row import Primitive
from autograd_tiny.marking.claims import Claim, Grid
from autograd_tiny.marking.forms.arrays import Arrays, Index, shape_of
from autograd_tiny.marking.forms.spoken import Words, understood
from autograd_tiny.marking.training.times import timed
from autograd_tiny.text.words import did_you_mean, listed


def fitted(
    claim: Claim, arrays: Arrays, labels: Iterable[str], names: Mapping[str, str] = MappingProxyType({})
) -> Claim:
    """A claim about the entry of an array that it is printed as; any other claim as it is.

    A vector may be printed as a row or as a column, and a single row or column as a vector.

    Args:
        claim: the claim.
        arrays: those that there are, with their entries.
        labels: of everything else.
        names: that the page gives to formulas.

    Raises:
        ValueError: there is no such array, it has another shape, or the claim is about no single number by an array.
    """
    if claim.grid is None:
        return claim
    quantity = understood(claim.grid.quantity, Words({*labels, *arrays}, names))
    if quantity.kind not in ("data", "derivative"):
        raise ValueError(
            f"{claim.grid.text}: a whole array is printed of its numbers, Z = [...], "
            "or of a derivative by it, E/Z = [...]"
        )
    for node in quantity.nodes[:-1]:
        if timed(node).base in arrays:
            raise ValueError(
                f"{claim.grid.text}: {node} is an array, too; write the derivative of one of its entries, {node}[0]/..."
            )
    last = timed(quantity.nodes[-1])
    if last.base not in arrays:
        hint = did_you_mean(last.base, arrays) or (f"there are {listed(arrays, 9)}" if arrays else "there is none")
        raise ValueError(f"{claim.grid.text}: there is no array {last.base!r}; {hint}")
    label = _entry(claim.grid, arrays[last.base])
    entry = quantity._replace(nodes=(*quantity.nodes[:-1], str(last._replace(base=label))))
    return claim._replace(quantity=entry, grid=claim.grid._replace(text=f"{quantity}{'ᵀ' * claim.grid.turned}"))


def _entry(grid: Grid, entries: Mapping[Index, str]) -> str:
    """What is printed in some place of a vector or a matrix."""
    shape = shape_of(entries)
    place, printed = (grid.place[::-1], grid.shape[::-1]) if grid.turned else (grid.place, grid.shape)
    if printed != shape:
        if len(printed) == len(shape) or not max(shape) == prod(shape) == max(printed) == prod(printed):
            raise ShapeError(_misfit(grid, printed, shape))
        place = tuple(max(place) if size > 1 else 0 for size in shape)
    if place not in entries:
        raise ValueError(
            f"{grid.text}: there is no entry {list(place)}; "
            "what the output does not depend on is to be given as others="
        )
    return entries[place]


def _misfit(grid: Grid, printed: Index, shape: Index) -> str:
    other = f"{grid.text.removesuffix('.T').removesuffix('ᵀ')}{'' if grid.turned else '.T'}"
    remedy = f"; its transpose would fit: {other} = ..." if printed[::-1] == shape else ""
    size = _size(shape[::-1] if grid.turned else shape)
    return f"{grid.text} is printed as {_size(grid.shape)}, and it is {size}{remedy}"


def _size(shape: Index) -> str:
    return written(shape) if len(shape) == 2 else f"a vector of {shape[0]}"


def by_place(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers by name, those of vectors and matrices by their places, ``W[0][1]``."""
    found: dict[str, Any] = {}
    for name, x in numbers.items():
        if isinstance(x, list):
            flat = [number for row in x for number in (row if isinstance(row, list) else (row,))]
            found.update(zip([name + place for place in entry_places(nested_shape(x, name))], flat))
        else:
            found[name] = x
    return found


def filled(x: Any, name: str, known: Mapping[str, float]) -> Any:
    """An input with the numbers that are known as they were printed."""
    if isinstance(x, list):
        return [filled(item, f"{name}[{i}]", known) for i, item in enumerate(x)]
    return known[name] if isinstance(x, str) else x


def repeated(array: Array | None) -> str:
    """Where in an array rows or columns of two operands are repeated, which a page may not have meant."""
    for node in all_nodes(array.node) if array is not None else ():
        sizes = [x.shape for x in node.operands if x.shape]
        if isinstance(node.op, Primitive) and node.shape not in sizes:
            name = shapes.name(node, f"{node.op.name} in it")
            both = listed([written(size) for size in sizes], 3)
            return f"; in {name}, {both} are repeated to {written(node.shape)}: was a transpose meant, or a product?"
    return ""
