"""A class's answers from a CSV file to a CSV file: a row per person, a column per claim."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.answers.people import ClassMarker, first_slip, points
from autograd_tiny.marking.answers.sheet import Sheet, SheetError
from autograd_tiny.marking.answers.tally import Tally
from autograd_tiny.marking.forms.blanks import answered
from autograd_tiny.marking.forms.quantities import read_quantity
from autograd_tiny.marking.forms.spoken import Words, understood
from autograd_tiny.marking.judging.marker import Marker
from autograd_tiny.marking.page import Page
from autograd_tiny.storage.files import write_file
from autograd_tiny.text.progress import progress
from autograd_tiny.text.words import did_you_mean, listed, quoted

POINTS, SLIP = "points", "first slip"
"""What stands above the two columns that are added."""


def mark_class(page: Page, sheet: Sheet, out: Path | None = None) -> Tally:
    """Mark everybody's answers to what a page claims.

    A column is named as the page names what it claims, ``z`` or ``dE/dw``; the other columns say who it is, and are
    kept.  Row by row it is read, marked and written, so that only the marked rows are in memory.

    Args:
        page: the page; what it prints itself does not count.
        sheet: a row per person.
        out: the file to write, as CSV of the same kind: for every claim the verdict, the points, the first slip.

    Returns:
        How many made which mistake.

    Raises:
        SheetError: a claim without a column or with two, nobody below the header, a row that is too long.
        PageError: the page cannot be marked.
        OSError: the file cannot be written.
    """
    judge = page.for_a_class()
    columns = _columns(page, sheet, judge.marker)
    persons = [i for i in range(len(sheet.header)) if i not in columns]
    tally, everybody = Tally(), ClassMarker(judge)

    def records() -> Iterator[list[str]]:
        yield [*(sheet.header[i] for i in persons), *(sheet.header[i] for i in columns), POINTS, SLIP]
        for row in progress(sheet.rows(), "marking"):
            report = everybody.mark([answered(sheet.number(row.cells[i])) for i in columns])
            tally.add(report)
            yield [
                *(row.cells[i] for i in persons),
                *(m.finding for m in report.marks),
                str(points(report)),
                first_slip(report),
            ]

    def text() -> Iterator[str]:
        yield from sheet.written(records())
        if not tally.people:
            raise SheetError(f"{sheet.name}: there is nobody below the header")

    if out is not None:
        write_file(out, text())
    else:
        deque(text(), maxlen=0)
    return tally


def _columns(page: Page, sheet: Sheet, marker: Marker) -> list[int]:
    """For each claim the number of its column."""
    words = Words({*marker.graph.labels, *read_formula(page.formula).names, *page.names})
    about = [_quantity(cell, words) for cell in sheet.header]
    found = {quantity: i for i, quantity in enumerate(about)}
    columns = [found.get(_quantity(claim.called, words), found.get(str(claim.quantity))) for claim in marker.claims]
    if missing := [claim.called for claim, column in zip(marker.claims, columns) if column is None]:
        hint = (
            did_you_mean(missing[0].replace("∂", ""), sheet.header)
            or f"there are {listed(map(quoted, sheet.header), 9)}"
        )
        raise SheetError(f"{sheet.name}, line 1: no column for {listed(missing, 9)}; {hint}")
    chosen = [column for column in columns if column is not None]
    for column in chosen:
        same = [quoted(cell) for cell, quantity in zip(sheet.header, about) if quantity == about[column]]
        if len(same) > 1:
            raise SheetError(f"{sheet.name}, line 1: {listed(same, 9)} are columns of the same number; leave only one")
    return chosen


def _quantity(text: str, words: Words) -> str:
    """What a column or a claim is about, however it is written; the text itself where that is something else."""
    try:
        return str(understood(read_quantity(text), words))
    except ValueError:
        return text
