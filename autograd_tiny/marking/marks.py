"""A mark: what was found about one claim, and the sentence that says so."""

from __future__ import annotations

from math import isfinite
from typing import Any, NamedTuple

from autograd_tiny.marking.claims import Claim
from autograd_tiny.marking.forms.computed import Whole, by
from autograd_tiny.text.words import counted

FAITHFUL = ("right", "rounded", "last digit", "undecided", "unanswered")
"""Verdicts that blame nothing."""
SLIPS = ("mistake", "stale", "wrong")
"""Verdicts of the numbers at which something went wrong."""
LONGEST_LINES = 160
"""A line of a derivation is told with the right one where both together are no longer."""
LONGEST_ALTERNATIVES = 100
"""Other explanations are named up to so many characters, and counted beyond."""


class Formulas(NamedTuple):
    """The formulas of a claim that is one.

    Attributes:
        right: what the quantity is equal to, as text.
        right_latex: the same as LaTeX.
        printed_latex: what the page says, as LaTeX.
    """

    right: str
    right_latex: str
    printed_latex: str


class Mark(NamedTuple):
    """What was found about one claim.

    Attributes:
        number: of the claim on the page, from 0.
        claim: the claim.
        value: the engine's number.
        verdict: a key of `VERDICTS`.
        mistake: the name of the mistake that gives the printed number, if one does.
        why: how the printed number came about, as a sentence without its full stop.
        sources: the numbers of wrong claims that it was computed from; a mistake on top of wrong numbers has both.
        alternatives: the other explanations that fit, the simplest first.
        fits: for a stale claim, the values of operands that it fits together with others.
        known: whether it is a known erratum, or carries on nothing but such, and so is waived.
        formula: for a wrong claim, the line of the derivation that it should have followed.
        cause: what was done differently all over the page, as a sentence, if that explains this claim and others.
        place: the label of the node where that sits.
        by_page: what follows from the page's own numbers, where that is neither printed nor the engine's number.
        followed: the line of the derivation that was followed in place of ``formula``, where that is known.
        formulas: where a formula is claimed, the right one and the page's.
    """

    number: int
    claim: Claim
    value: float
    verdict: str
    mistake: str = ""
    why: str = ""
    sources: tuple[int, ...] = ()
    alternatives: tuple[str, ...] = ()
    fits: tuple[str, ...] = ()
    known: bool = False
    formula: str = ""
    cause: str = ""
    place: str = ""
    by_page: str = ""
    followed: str = ""
    formulas: Formulas | None = None

    @property
    def whole(self) -> Whole | None:
        """The array from code that the number belongs to, if it does."""
        return self.claim.whole

    @property
    def right(self) -> str:
        """The engine's number, written like the printed one."""
        return self.formulas.right if self.formulas else self.claim.printed.like(self.value)

    @property
    def engine(self) -> str:
        """The engine's number as it is told: like the printed one, beside a wrong one with digits enough to compare."""
        if self.formulas:
            return self.formulas.right
        return self.claim.printed.beside(self.value) if self.verdict != "right" else self.right

    @property
    def others(self) -> int:
        """How many other explanations fit."""
        return len(self.alternatives)

    @property
    def finding(self) -> str:
        """The verdict, with the mistake where there is one, and whether it is waived."""
        return (f"{self.verdict}: {self.mistake}" if self.mistake else self.verdict) + (
            " (known)" if self.known else ""
        )

    @property
    def sentence(self) -> str:
        """What is to be said about the claim."""
        quantity, printed = self.claim.called, self.claim.printed.text
        if self.verdict == "right":
            link = ": " if self.formulas else ", "
            return f"{quantity} = {printed} is right{self.why and link}{self.why}."
        if self.verdict == "unanswered":
            return f"{quantity} is not answered; it is {self.engine}."
        if self.verdict == "last digit":
            return f"{quantity} = {printed}: {self.why}; the engine's number is {self.engine}."
        if (whole := self.whole) is not None and not whole.fits:
            return f"{whole.called} should be {by(whole.wanted)}, not {by(whole.given)}: {self.why}."
        if self.verdict in FAITHFUL:
            what = "formula" if self.formulas else "number"
            return f"{quantity} = {printed} is {self.verdict}: {self.why}; the engine's {what} is {self.engine}."
        return f"{self.correction}: {self.why or 'nothing known explains it'}{self.also}."

    @property
    def wanted(self) -> str:
        """What the number should be."""
        return self.engine + (f" ({self.by_page} from the page's own numbers)" if self.by_page else "")

    @property
    def correction(self) -> str:
        """The same as a sentence without its full stop."""
        return f"{self.claim.called} should be {self.wanted}, not {self.claim.printed.text}"

    @property
    def lines(self) -> str:
        """The line of the derivation that was followed beside the right one, as a sentence.

        Nothing where that is not known, or long.
        """
        told = f" There stands {self.followed}, where it is {self.formula.partition(' = ')[2]}."
        return told if self.followed and self.formula and len(told) <= LONGEST_LINES else ""

    @property
    def also(self) -> str:
        """The other explanations, as a clause that goes on with the sentence."""
        if not self.alternatives:
            return ""
        what = "; ".join(self.alternatives)
        if len(what) > LONGEST_ALTERNATIVES:
            return f"; {counted(self.others, 'other explanation')} would fit"
        return f"; {'another explanation' if self.others == 1 else 'other explanations'} would fit: {what}"

    def as_data(self) -> dict[str, Any]:
        """The mark as JSON can hold it, with its place in its file."""
        entry = {
            "quantity": self.claim.called,
            "section": self.claim.section,
            "printed": self.claim.printed.text,
            "engine": self.value if isfinite(self.value) else None,
            "right": self.right,
            "verdict": self.verdict,
            "known": self.known,
            "mistake": self.mistake,
            "formula": self.formula,
            "followed": self.followed,
            "cause": self.cause,
            "by_page": self.by_page,
            "sentence": self.sentence,
            "carried_from": list(self.sources),
            "other_explanations": self.others,
        }
        if self.formulas:
            entry |= {"right_latex": self.formulas.right_latex, "printed_latex": self.formulas.printed_latex}
        return entry | (self.claim.spot._asdict() if self.claim.spot else {})
