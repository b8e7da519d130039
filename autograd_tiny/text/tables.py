"""Tables in a terminal whose numbers are never cut."""

from __future__ import annotations

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table


def print_whole(table: Table, console: Console) -> None:
    """Print a table, beyond the width of the terminal where it must be, since a number is never cut."""
    wide = console.options.update(max_width=10_000)
    cells = [[Measurement.get(console, wide, cell) for cell in (column.header, *column.cells)] for column in table.columns]
    frame = Measurement.get(console, wide, table).maximum - sum(max(m.maximum for m in column) for column in cells)
    least = [
        max([column.min_width or 0, *(m.maximum if column.no_wrap else m.minimum for m in found)])
        for column, found in zip(table.columns, cells)
    ]
    Console(width=max(console.width, frame + sum(least))).print(table)
