"""The table of a report: a line for each number, for several of which the same is said, for a row of a matrix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from typing import NamedTuple

from autograd_tiny.marking.forms.cells import NOT_PRINTED
from autograd_tiny.marking.forms.computed import Whole, by
from autograd_tiny.marking.marks import FAITHFUL, Mark
from autograd_tiny.text.palette import VERDICTS
from autograd_tiny.views.mathml import mathml

WIDEST_ROW = 36
"""A wider row of a matrix, in characters, is told number by number.

Twice as much and its findings are what a terminal is wide.
"""


class Line(NamedTuple):
    """A line of the table of marks: a number, several that are shown as one, or a row of a matrix.

    Attributes:
        marks: one, the first of several that are shown as one; of a row one for each column, None where nothing is
            printed.
        called: what it is about; of a matrix, in its first row.
        engine: the engine's numbers.
        printed: the numbers that were printed.
        finding: what was found.
        section: that begins with it, if one does.
    """

    marks: tuple[Mark | None, ...]
    called: str
    engine: tuple[str, ...]
    printed: tuple[str, ...]
    finding: str
    section: str = ""

    @property
    def worst(self) -> Mark | None:
        """The first mark that blames something, else the first."""
        marks = [mark for mark in self.marks if mark]
        return next((mark for mark in marks if mark.verdict not in FAITHFUL), marks[0] if marks else None)


def lines_of(marks: Iterable[Mark], width: int) -> list[Line]:
    """The lines for marks, in their order.

    One per mark; one for all entries of an array from code of which the same is to be said; one per row of a printed
    matrix, if it is no wider than ``width``.
    """
    found: list[Line] = []
    for section, group in groupby(marks, key=lambda mark: mark.claim.section):
        begins = len(found)
        for (whole, grid), together in groupby(group, key=lambda mark: (mark.whole, mark.claim.printed_in)):
            same = list(together)
            found += _of_an_array(whole, same) if grid is None else _rows(same, width)
        found[begins] = found[begins]._replace(section=section)
    return found


def _line(mark: Mark) -> Line:
    return Line((mark,), mark.claim.called, (mark.engine,), (mark.claim.printed.text,), mark.finding)


def _rows(marks: Sequence[Mark], width: int) -> list[Line]:
    """The lines for the marks of one printed matrix: its rows, or where these are too wide its numbers."""
    by_place = {mark.claim.grid.place: mark for mark in marks if mark.claim.grid}
    grid = marks[0].claim.grid
    if grid is None or len(by_place) < len(marks):
        return [_line(mark) for mark in marks]
    places = (
        [[(i, j) for j in range(grid.shape[1])] for i in range(grid.shape[0])]
        if len(grid.shape) == 2
        else [range(grid.shape[0])]
    )
    rows = [[by_place.get(x if isinstance(x, tuple) else (x,)) for x in row] for row in places]
    engine = _aligned([[mark.engine if mark else NOT_PRINTED for mark in row] for row in rows])
    printed = _aligned([[mark.claim.printed.text if mark else NOT_PRINTED for mark in row] for row in rows])
    if any(len("  ".join(row)) > width for row in engine + printed):
        return [_line(mark) for mark in marks]
    called = [grid.text, *[""] * len(rows)]
    return [
        Line(tuple(row), name, right, told, _found(row))
        for row, name, right, told in zip(rows, called, engine, printed)
    ]


def _aligned(rows: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [tuple([text.rjust(width) for text, width in zip(row, widths)]) for row in rows]


def _found(row: Sequence[Mark | None]) -> str:
    """What was found in a row of a matrix, in short where it is the same everywhere."""
    findings = {mark.finding for mark in row if mark}
    if len(findings) < 2:
        return "".join(findings)
    told = [(mark, "".join([f"[{i}]" for i in mark.claim.grid.place])) for mark in row if mark and mark.claim.grid]
    return ", ".join([f"{place} {mark.finding}" for mark, place in told if mark.finding != "right"])


def _colored(text: str, mark: Mark) -> str:
    """A number in the colours of its verdict, with what is to be said about it."""
    padding = " " * (len(text) - len(text.lstrip()))
    return f'{padding}<span style="{colors(mark)}" title="{escape(mark.sentence)}">{escape(text.lstrip())}</span>'


def colors(mark: Mark | None) -> str:
    """The style of a mark in HTML, by its verdict."""
    return VERDICTS[mark.verdict].style if mark else ""


def _of_an_array(whole: Whole | None, marks: Sequence[Mark]) -> list[Line]:
    """The lines for the marks of an array, or of no array."""
    if whole is None:
        return [_line(mark) for mark in marks]
    alike: dict[str, list[Mark]] = {}
    for mark in marks:
        alike.setdefault(mark.finding, []).append(mark)
    found = []
    for same in alike.values():
        first, more = same[0], " ..." if len(same) > 1 and whole.fits else ""
        among = f"{len(same)} entries" if len(same) == len(marks) else f"{len(same)} of {len(marks)} entries"
        called = f"{whole.called}, {among}" if len(same) > 1 else first.claim.called
        engine, printed = (
            (first.engine, first.claim.printed.text) if whole.fits else (by(whole.wanted), by(whole.given))
        )
        found.append(Line((first,), called, (engine + more,), (printed + more,), first.finding))
    return found


def shown(line: Line) -> tuple[str, str]:
    """The engine's numbers and the page's in HTML; formulas as such."""
    alone = len(line.marks) == 1
    if alone and line.marks[0] is not None and (formulas := line.marks[0].formulas) is not None:
        return mathml(formulas.right_latex), mathml(formulas.printed_latex)
    printed = [escape(x) if alone or not m else _colored(x, m) for x, m in zip(line.printed, line.marks)]
    return "  ".join(map(escape, line.engine)), "  ".join(printed)
