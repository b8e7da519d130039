"""What came of marking a file's page: its report, or the error that says why there is none; and what is to be told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from autograd_tiny.marking.files.sources import pages_in
from autograd_tiny.marking.page import Page, PageError
from autograd_tiny.marking.report import Report
from autograd_tiny.text.excerpts import Spot

LEVELS = {
    **dict.fromkeys(("mistake", "stale", "wrong"), "error"),
    "carried": "warning",
    **dict.fromkeys(("last digit", "undecided", "unanswered"), "note"),
}
"""How loud a verdict is, in the words of SARIF; a verdict that is not here is not told."""


class Outcome(NamedTuple):
    """What came of one page.

    Attributes:
        file: its path as it was given, with slashes.
        page: the page; None where it cannot be read.
        report: the report; None where the page cannot be read or marked.
        error: why there is none.
    """

    file: str
    page: Page | None = None
    report: Report | None = None
    error: Exception | None = None

    @property
    def title(self) -> str:
        """The title of the page."""
        return self.page.title if self.page else ""

    @property
    def what(self) -> str:
        """What is wrong with the page, where it cannot be marked."""
        return self.error.what if isinstance(self.error, PageError) else str(self.error or "")

    @property
    def line(self) -> int | None:
        """The line that this is wrong on, where that is known."""
        return self.error.line if isinstance(self.error, PageError) else None

    @property
    def told(self) -> str:
        """The same as one message that says where."""
        return (
            str(PageError(self.file, self.error.what, self.error.line))
            if isinstance(self.error, PageError)
            else self.what
        )


def outcomes_of(path: Path, *, strict: bool = False) -> list[Outcome]:
    """All pages of a file, marked; what goes wrong with one is told in its place.

    Args:
        path: of the file.
        strict: whether a last digit that is one unit off is wrong.
    """
    try:
        return [_outcome(path.as_posix(), page, strict=strict) for page in pages_in(path)]
    except (ValueError, OSError) as error:
        return [Outcome(path.as_posix(), error=error)]


def _outcome(file: str, page: Page, *, strict: bool) -> Outcome:
    try:
        report = page.mark()
        return Outcome(file, page, report.strict if strict else report)
    except (ValueError, ArithmeticError) as error:
        return Outcome(file, page, error=error)


class Finding(NamedTuple):
    """One thing to be told of a page.

    Attributes:
        file: the path of the file.
        spot: where in the file; None where that is not known.
        rule: the verdict, or ``unreadable`` for a page that cannot be marked.
        title: a few words.
        message: a sentence.
        level: ``error``, ``warning`` or ``note``.
        known: whether it is waived as known.
    """

    file: str
    spot: Spot | None
    rule: str
    title: str
    message: str
    level: str
    known: bool = False


def findings(outcome: Outcome) -> Iterator[Finding]:
    """What is to be told of a page, in its order; nothing if all of it is right."""
    if outcome.report is None:
        spot = Spot(outcome.line, 1, outcome.line, 1) if outcome.line else None
        yield Finding(outcome.file, spot, "unreadable", "unreadable page", outcome.what, "error")
        return
    for mark in outcome.report.marks:
        if level := LEVELS.get(mark.verdict):
            yield Finding(outcome.file, mark.claim.spot, mark.verdict, mark.finding, mark.sentence, level, mark.known)
