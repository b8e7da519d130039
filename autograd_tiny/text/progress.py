"""A progress bar around a loop that takes long: in a terminal, in a notebook, and nowhere else."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")
_SECONDS_BETWEEN_UPDATES = 0.2


def progress(iterable: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """The items of ``iterable``, with a bar that shows how many are done and goes away with the last one.

    The bar is on the terminal that standard error leads to, or below the running cell of a notebook.  Where there is
    neither (a file, a pipe, a test) nothing is written.

    Args:
        iterable: what the loop runs over.
        description: what stands before the bar.
        total: how many items there are, for an iterable that does not know; with neither, the bar only moves.

    >>> sum(progress(range(5), "adding"))
    10
    """
    if _in_notebook():
        return _under_a_cell(iterable, description, total)
    if sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return _in_terminal(iterable, description, total)
    return iter(iterable)


def _in_notebook() -> bool:
    """Whether this runs in the kernel of a notebook; IPython in a terminal has no kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    return hasattr(shell, "kernel")


def _in_terminal(iterable: Iterable[T], description: str, total: int | None) -> Iterator[T]:
    from rich.console import Console

    # Rich sends what the loop prints to where the bar is: right if that is the terminal, wrong if it is a file.
    printed_beside_it = sys.stdout is not None and sys.stdout.isatty()
    with _bar(console=Console(stderr=True), transient=True, redirect_stdout=printed_beside_it) as bar:
        yield from bar.track(iterable, total, description=description)


def _under_a_cell(iterable: Iterable[T], description: str, total: int | None) -> Iterator[T]:
    """An output that is overwritten.  Rich's own way needs a widget, which a saved notebook shows as an error."""
    from IPython.display import display

    bar = _bar(auto_refresh=False)
    shown = display(bar, display_id=True)  # type: ignore[no-untyped-call]
    updated = time.monotonic()
    try:
        for item in bar.track(iterable, total, description=description):
            if time.monotonic() - updated > _SECONDS_BETWEEN_UPDATES:
                shown.update(bar)
                updated = time.monotonic()
            yield item
    finally:
        shown.update({"text/plain": ""}, raw=True)


def _bar(**options: Any) -> Progress:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    description = TextColumn("{task.description}", markup=False)  # brackets are text
    return Progress(description, BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), **options)
