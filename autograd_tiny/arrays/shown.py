"""How an array is shown: its numbers in rows and columns, the middle left out where there are many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from autograd_tiny.arrays import shapes
from autograd_tiny.arrays.node import ArrayNode
from autograd_tiny.engine.value import Value
from autograd_tiny.text.numbers import short_number

MOST_SHOWN = 12
"""Of more rows or columns, the first and the last half of this many are shown."""
GAP = "…"


def cells(node: ArrayNode, shown: Callable[[Any], str], most: int = MOST_SHOWN) -> list[list[str]]:
    """A text for each entry, in rows; a vector is one row."""
    rows = [_without_middle(row, most) for row in _without_middle(node.rows, most)]
    return [[x if x is GAP else shown(x) for x in row] for row in rows]


def _without_middle(items: Sequence[Any], most: int) -> list[Any]:
    if len(items) <= most:
        return list(items)
    gap = [GAP] if not isinstance(items[0], tuple) else [(GAP,) * len(items[0])]
    return [*items[: most // 2], *gap, *items[-(most // 2) :]]


def number(x: Any) -> str:
    """An entry in short: the number of a Value, or a formula."""
    return short_number(x.data) if isinstance(x, Value) else str(x)


def text(node: ArrayNode) -> str:
    """An array as Python would make it, numbers shortened, columns aligned."""
    rows = cells(node, number)
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = [f"[{', '.join([cell.rjust(width) for cell, width in zip(row, widths)])}]" for row in rows]
    shown = [lines[0] if len(node.shape) == 1 else f"[{(',' + chr(10) + ' ' * 7).join(lines)}]"]
    if called := shapes.name(node, ""):
        shown.append(repr(called))
    if max(node.shape) > MOST_SHOWN:
        shown.append(f"shape={shapes.written(node.shape)}")
    return f"array({', '.join(shown)})"


def html(node: ArrayNode) -> str:
    """An array as a table, under its name and its shape."""
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in cells(node, number))
    caption = f"{escape(shapes.name(node, ''))} <small>({shapes.written(node.shape)})</small>"
    styles = "text-align: right; font-variant-numeric: tabular-nums", "text-align: left; white-space: nowrap"
    return f'<table style="{styles[0]}"><caption style="{styles[1]}">{caption}</caption>{rows}</table>'
