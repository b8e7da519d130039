"""A sheet of answers, marked: what is said to the one who filled it in, which does not give the right numbers away."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

from autograd_tiny.exercises.answers import Answer, Blank, has_digits
from autograd_tiny.marking.marks import FAITHFUL, SLIPS, Mark
from autograd_tiny.marking.report import Report
from autograd_tiny.text.palette import VERDICTS
from autograd_tiny.text.tables import cell
from autograd_tiny.text.words import counted

UNKNOWN = "This is not right, and no mistake that is known gives this number."


class Outcome(NamedTuple):
    """What is said about one blank.

    Attributes:
        blank: the blank.
        answer: what was entered.
        mark: of the number; None where there is none.
    """

    blank: Blank
    answer: Answer
    mark: Mark | None

    @property
    def is_short(self) -> bool:
        """Whether the number would be right, but for having fewer digits than are asked for."""
        mark = self.mark
        if mark is None or mark.verdict not in FAITHFUL:
            return False
        return not has_digits(mark.claim.printed, mark.value, self.blank.digits)

    @property
    def is_accepted(self) -> bool:
        """Whether nothing is wrong with this number, or only what it was computed from."""
        return self.mark is not None and self.mark.verdict not in SLIPS and not self.is_short

    @property
    def verdict(self) -> str:
        """The marker's verdict; empty where there is no number."""
        return self.mark.verdict if self.mark else ""

    @property
    def sentence(self) -> str:
        """What is said, without the right number."""
        if self.mark is None:
            return self.answer.problem
        if self.is_short:
            return f"Too few digits to tell; give {counted(self.blank.digits, 'significant digit')}."
        return told(self.mark)


def told(mark: Mark) -> str:
    """What is said to the one who answered.

    It begins with a word of its own for what is right, and for what is taken as right.
    """
    why = mark.why
    if mark.verdict in SLIPS:
        return said_of(why) if why else UNKNOWN
    return "Right." if mark.verdict == "right" else f"Accepted: {why}."


def said_of(why: str) -> str:
    """A reason as a sentence."""
    return f"{why[0].upper()}{why[1:]}."


class Checked(Report):
    """The marks of a sheet of answers.  It prints, and shows in a notebook, without the right numbers.

    Attributes:
        marks: one for each number that was entered, as of any report; these know the right numbers.
        outcomes: one for each blank.
    """

    def __init__(self, marks: Sequence[Mark], outcomes: Sequence[Outcome]) -> None:
        super().__init__(marks)
        self.outcomes = tuple(outcomes)

    @property
    def ok(self) -> bool:
        """Whether every blank is filled, and right."""
        return all(outcome.is_accepted and outcome.verdict in FAITHFUL for outcome in self.outcomes)

    @property
    def score(self) -> float:
        """The share of blanks with an accepted answer: right, or carried on from an earlier mistake."""
        return sum(outcome.is_accepted for outcome in self.outcomes) / len(self.outcomes)

    @property
    def unanswered(self) -> tuple[str, ...]:
        """The blanks without an answer."""
        return tuple(outcome.blank.name for outcome in self.outcomes if not outcome.answer.text)

    @property
    def feedback(self) -> dict[str, str]:
        """What is said about each answer, by the name of its blank."""
        return {outcome.blank.name: outcome.sentence for outcome in self.outcomes if outcome.answer.text}

    @property
    def summary(self) -> str:
        """How many blanks are right, and how many are left, in a sentence."""
        accepted = sum(outcome.is_accepted for outcome in self.outcomes)
        left = f", {len(self.unanswered)} left" if self.unanswered else ""
        return f"{accepted} of {counted(len(self.outcomes), 'answer')} accepted{left}."

    def require(self) -> None:
        """Nothing if every blank is right; for an autograder.

        Raises:
            AssertionError: saying what was found, without the right numbers.
        """
        if not self.ok:
            raise AssertionError(str(self))

    def __str__(self) -> str:
        name = max(len(o.blank.name) for o in self.outcomes)
        answer = max(len(o.answer.text) for o in self.outcomes)
        lines = []
        for o in self.outcomes:
            sign = VERDICTS[o.verdict].sign if o.mark else ""
            lines.append(f"{o.blank.name:{name}}  {o.answer.text:{answer}}  {sign:1}  {o.sentence}".rstrip())
        return "\n".join([*lines, "", self.summary])

    def __repr__(self) -> str:
        return f"<Checked: {self.summary.rstrip('.')}>"

    def _repr_html_(self) -> str:
        rows = [_row(outcome) for outcome in self.outcomes]
        return f"<p>{escape(self.summary)}</p><table>{''.join(rows)}</table>"

    def as_data(self) -> dict[str, Any]:
        """As of any report, and under ``answers`` what was said about each blank."""
        said = [(o.blank.name, o.answer.text, o.verdict, o.is_accepted, o.sentence) for o in self.outcomes]
        entries = [dict(zip(("blank", "answer", "verdict", "accepted", "said"), x)) for x in said]
        return {**super().as_data(), "answers": entries}


def _row(outcome: Outcome) -> str:
    style = "text-align:left"
    if outcome.mark:
        verdict = VERDICTS["undecided" if outcome.is_short else outcome.verdict]
        style += f";{verdict.style}"
    cells = cell(escape(outcome.blank.name)), cell(escape(outcome.answer.text)), cell(escape(outcome.sentence), style)
    return f"<tr>{''.join(cells)}</tr>"
