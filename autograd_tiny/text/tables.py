"""Tables: in a terminal, where numbers are never cut, and in a notebook, where every cell brings its own style.

A style sheet of the notebook may have taken every cell's padding away (marimo's does), so it is said here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def cell(html: str, style: str = "text-align:left", *, tag: str = "td", columns: int = 1) -> str:
    """One cell of a table, its content and style as HTML writes them."""
    over = f' colspan="{columns}"' if columns > 1 else ""
    return f'<{tag}{over} style="padding:.2em .6em;{style}">{html}</{tag}>'


def print_whole(table: Table, console: Console) -> None:
    """Print a table, beyond the width of the terminal where it must be, since neither a number nor a word is cut."""
    from rich.console import Console
    from rich.measure import Measurement

    wide = console.options.update(max_width=10_000)
    cells = [
        [Measurement.get(console, wide, cell) for cell in (column.header, *column.cells)] for column in table.columns
    ]
    least = [
        max([column.min_width or 0, *(m.maximum if column.no_wrap else m.minimum for m in found)])
        for column, found in zip(table.columns, cells)
    ]
    most = [max([width, *(m.maximum for m in found)]) for width, found in zip(least, cells)]
    frame = Measurement.get(console, wide, table).maximum - sum(most)
    # Left to itself, rich takes from one column what only another could give, and cuts the last one.
    for column, width in zip(table.columns, _shared(console.width - frame, least, most)):
        column.width = width
    Console(width=max(console.width, frame + sum(least))).print(table)


def _shared(room: int, least: Sequence[int], most: Sequence[int]) -> list[int]:
    """How wide each column is: what it needs at least, and what room there is goes to the narrowest that can use it.

    >>> [_shared(room, [3, 12, 2], [3, 40, 11]) for room in (10, 30, 60)]
    [[3, 12, 2], [3, 16, 11], [3, 40, 11]]
    """
    widths = list(least)
    while sum(widths) < room and (growing := [k for k, width in enumerate(widths) if width < most[k]]):
        widths[min(growing, key=widths.__getitem__)] += 1
    return widths
