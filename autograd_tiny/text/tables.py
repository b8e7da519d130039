"""Tables: in a terminal, where numbers are never cut, and in a notebook, where every cell brings its own style.

A style sheet of the notebook may have taken every cell's padding away (marimo's does), so it is said here.
"""

from __future__ import annotations

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
    frame = Measurement.get(console, wide, table).maximum - sum(max(m.maximum for m in column) for column in cells)
    least = [
        max([column.min_width or 0, *(m.maximum if column.no_wrap else m.minimum for m in found)])
        for column, found in zip(table.columns, cells)
    ]
    for column, width in zip(table.columns, least):
        column.min_width = width  # or rich takes from a narrow column what a wide one could give
    Console(width=max(console.width, frame + sum(least))).print(table)
