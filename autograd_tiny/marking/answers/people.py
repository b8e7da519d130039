"""Everybody's answers about one graph, marked in one call; what is the same for all is worked out once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from autograd_tiny.engine.value import Value
from autograd_tiny.marking.answers.computed import TOLERANCE, Answers
from autograd_tiny.marking.answers.tally import Tally, tallied
from autograd_tiny.marking.claims import Claim, ClaimError
from autograd_tiny.marking.derivations import NamedGraph
from autograd_tiny.marking.forms.blanks import answered, unread
from autograd_tiny.marking.forms.computed import Computed
from autograd_tiny.marking.forms.printed import Printed
from autograd_tiny.marking.forms.quantities import Quantity
from autograd_tiny.marking.mark import Judge
from autograd_tiny.marking.report import Report
from autograd_tiny.marking.training.setting import training_of
from autograd_tiny.optim import Optimizer

COUNTED = ("right", "rounded", "last digit", "carried")
"""Verdicts that earn a point: a number that follows from one's own wrong number before it is not punished twice."""
MOST_KEPT = 2000
"""So many different sheets are remembered, for those who hand in the same."""


def points(report: Report) -> int:
    """How many numbers are right, rounded, or follow from the person's own numbers before them."""
    return sum(mark.verdict in COUNTED for mark in report.marks)


def first_slip(report: Report) -> str:
    """The first thing that went wrong, in a sentence; nothing if nothing did."""
    return report.first_slip.sentence if report.first_slip else ""


class ClassReport:
    """The reports on everybody's answers.

    Prints as a table of how many made which mistake; shows as one in a notebook.

    Attributes:
        reports: a report per person, by name, each with a mark for every claim.
    """

    def __init__(self, reports: Mapping[str, Report]) -> None:
        self.reports = dict(reports)

    @cached_property
    def tally(self) -> Tally:
        """How many made which mistake, claim by claim."""
        return tallied(self.reports.values())

    @property
    def points(self) -> dict[str, int]:
        """For each person how many numbers are right, but for rounding, or carried on."""
        return {name: points(report) for name, report in self.reports.items()}

    @property
    def first_slips(self) -> dict[str, str]:
        """For each person the first thing that went wrong, in a sentence; nothing if nothing did."""
        return {name: first_slip(report) for name, report in self.reports.items()}

    def __str__(self) -> str:
        return str(self.tally)

    def __repr__(self) -> str:
        return f"<ClassReport: {len(self.reports)} people, {len(self.tally.claims)} claims>"

    def _repr_html_(self) -> str:
        return self.tally._repr_html_()


class ClassMarker:
    """Marks sheet after sheet about the same claims.

    Args:
        judge: of these claims, whose own answers do not matter.
    """

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._kept: dict[tuple[object, ...], Report] = {}

    def mark(self, answers: Sequence[Printed]) -> Report:
        """One person's sheet, an answer per claim."""
        key = tuple([(x, x.whole) if isinstance(x, Computed) else x for x in answers])
        if key not in self._kept:
            if len(self._kept) >= MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = self._judge.report(answers)
        return self._kept[key]


def mark_all(
    output: Value,
    answers: Mapping[str, Mapping[str, Any]],
    *,
    learning_rate: float | None = None,
    optimizer: Optimizer | None = None,
    samples: Sequence[Mapping[str, float]] = (),
    batch: str = "",
    others: Sequence[Value] = (),
    inputs: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    tolerance: float = TOLERANCE,
) -> ClassReport:
    """Mark many people's numbers about one recorded graph.

    Args:
        output: the root of the graph.
        answers: for each person's name what she or he claims, as `mark` takes it: strings, or numbers from code.  What
            a person does not claim and others do, or leaves blank, is ``unanswered``.  Claims are taken in the order in
            which they first occur; of several answers to one claim the last counts.
        learning_rate: as for `mark`.
        optimizer: as for `mark`.
        samples: as for `mark`.
        batch: as for `mark`.
        others: as for `mark`.
        inputs: as for `mark`.
        names: as for `mark`: what formulas are called in the answers.
        tolerance: as for `mark`.

    Returns:
        The reports, and how many made which mistake.

    Raises:
        ValueError: as for `mark`, with the person's name; nobody answers anything.

    >>> x, w = Value(0.5, "x"), Value(-1.25, "w")
    >>> z = w * x
    >>> z.label = "z"
    >>> y = z.tanh()
    >>> y.label = "y"
    >>> sheets = {"Ada": {"z": "-0.625", "y/w": "0.346"}, "Bob": {"z": "0.625", "y/w": ""}, "Eve": {"y/w": "0.500"}}
    >>> everybody = mark_all(y, sheets)
    >>> everybody.points
    {'Ada': 2, 'Bob': 0, 'Eve': 0}
    >>> everybody.first_slips["Bob"]
    'z should be -0.625, not 0.625: the sign is wrong.'
    >>> print(everybody)
    3 answer sheets
    <BLANKLINE>
           right  mistake  unanswered  mistakes
    z          1        1           1  sign 1
    ∂y/∂w      1        1           1  activation derivative missing 1
    """
    graph = NamedGraph(output, others)
    reader = Answers(graph, tolerance)
    sheets = {name: _read(reader, name, sheet) for name, sheet in answers.items()}
    asked: dict[Quantity, Claim] = {}
    for sheet in sheets.values():
        for quantity, claim in sheet.items():
            asked.setdefault(quantity, claim)
    if not asked:
        raise ValueError("there is nothing to mark: nobody answers anything")
    formulas = [claim for sheet in sheets.values() for claim in sheet.values() if claim.formula is not None]
    training = training_of(optimizer, samples, batch, learning_rate)
    try:
        marker = ClassMarker(Judge(graph, list(asked.values()), training, inputs or {}, names or {}, formulas))
    except ClaimError as error:
        wrong = [*asked.values(), *formulas][error.number]
        who = next(name for name, sheet in sheets.items() if wrong in sheet.values())
        raise ValueError(f"{who}: {error}") from None
    blank = unread("")
    reports = {}
    for name, sheet in sheets.items():
        reports[name] = marker.mark([sheet[quantity].printed if quantity in sheet else blank for quantity in asked])
    return ClassReport(reports)


def _read(reader: Answers, name: str, sheet: Mapping[str, Any]) -> dict[Quantity, Claim]:
    try:
        return {claim.quantity: claim for claim in reader.read(sheet, answered)}
    except (ValueError, TypeError, OverflowError) as error:
        raise type(error)(f"{name}: {error}") from None
