"""Which known mistake gives a printed number: the simplest that fits, unless so many were tried that one had to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from autograd_tiny.marking.claims import Claim
from autograd_tiny.marking.derivations import Derivation
from autograd_tiny.marking.forms.computed import Computed
from autograd_tiny.marking.forms.quantities import Quantity
from autograd_tiny.marking.judging.numbers import Follows, Numbers, chance, noise_of
from autograd_tiny.marking.marks import Mark
from autograd_tiny.marking.slips.editor import Edit, Editor
from autograd_tiny.marking.slips.mistakes import double_edits, edits
from autograd_tiny.marking.slips.writing import copies, slips_in_writing
from autograd_tiny.symbols.expression import Expression

MOST_BY_CHANCE = 0.5
"""How many formulas may be expected to give a printed number by chance, for one that does to be an explanation; more of
a mistake that is common, with an effort below 1, and fewer of one that is beyond 3.

Such fits are about Poisson distributed: with 0.5 expected, some formula fits a number that has no explanation in 1 -
e^-0.5, two of five cases.  Most wrong numbers have an explanation, so that a fit is still the likelier reason;
`benchmarks.marking` measures how many random numbers are explained, and most have far fewer candidates.
"""
PLAIN_SLIPS, SAID = ("digits swapped", "copied"), {"digits swapped": "two digits have changed places"}
"""What is looked for in an answer to an exercise, and how it is said there."""
MOST_BESIDE_OF_0 = 2
"""Of a 0, which has no digits, no explanation is given that has more others beside it."""
NEAR = 12
"""So many numbers before one are near enough to have been put into its formula."""


class Reading(Protocol):
    """How what follows is compared with what is printed."""

    def fits(self, claim: Claim, follows: Follows, slack: float = 0.0) -> bool:
        """Whether a number, known to within ``slack``, may have been printed as in a claim."""

    def slack(self, claim: Claim, follows: Follows) -> float:
        """How far the number that was meant may be from what follows."""


class Fit(NamedTuple):
    """A formula with a mistake, and the number that it gives."""

    edit: Edit
    follows: Follows


class Explanation(NamedTuple):
    """The mistake that gives a printed number.

    Attributes:
        edit: the formula with the mistake.
        follows: the number that it gives.
        alternatives: what others say that give it, too, the simplest first.
    """

    edit: Edit
    follows: Follows
    alternatives: tuple[str, ...]


class Explainer:
    """Explains wrong numbers, each for itself.

    Args:
        engine: the engine's numbers.
        page: the numbers that the page prints.
        claims: its claims.
        reading: how what follows is compared with what is printed.
        asked: whether it is a sheet of answers, to which less may be said.
    """

    def __init__(
        self, engine: Numbers, page: Numbers, claims: Sequence[Claim], reading: Reading, *, asked: bool
    ) -> None:
        self.engine, self.page, self.claims, self.reading, self.asked = engine, page, claims, reading, asked

    def found(
        self, blank: Mark, derivation: Derivation, known: Mapping[Quantity, object], values: Sequence[float]
    ) -> tuple[Explanation | None, float]:
        """What explains a number, if anything does, and how many known mistakes would by chance.

        Args:
            blank: the mark of the number.
            derivation: how it should have been computed.
            known: the quantities that are known before it.
            values: what it should be, by the engine and by the page.
        """
        editor = Editor(self.page.derivations, derivation, known)
        single = list(self._worked_out([*edits(editor), *self._in_writing(blank, values)]))
        best = self._best(blank, single)
        if blank.claim.printed.number:  # of a 0 nothing far-fetched is told
            best = (
                best
                or self._best(blank, list(self._worked_out(double_edits(editor))))
                or self._best(blank, list(self._worked_out(edits(editor.deeper()))))
                or self._best(blank, [*single, *self._worked_out(self._from_elsewhere(blank, editor))])
                or self._best(blank, single, loose=True)
            )
        if best is not None:
            return best
        tried = {fit.follows.value for fit in single}
        return None, sum(chance(blank.claim.printed, blank.value, value) for value in tried)

    def _in_writing(self, blank: Mark, values: Sequence[float]) -> Iterator[Edit]:
        """Slips that need no formula, in writing a number down; programs only copy."""
        if isinstance(blank.claim.printed, Computed):
            yield from copies(blank.number, self.claims, self.engine)
            return
        written = slips_in_writing(blank.number, self.claims, values, self.engine, plain=self.asked)
        if self.asked:  # as the page of an exercise does; and which digits they are would tell the answer
            yield from (
                edit._replace(what=SAID.get(edit.mistake, edit.what)) for edit in written if edit.mistake in PLAIN_SLIPS
            )
        else:
            yield from written

    def _from_elsewhere(self, blank: Mark, editor: Editor) -> Iterator[Edit]:
        """Other numbers of the page put into the formula: so many that they are looked for last.

        Neither in exercises nor in programs.
        """
        if not self.asked and not isinstance(blank.claim.printed, Computed):
            yield from editor.numbers_from_elsewhere(
                claim.printed for claim in self.claims[max(0, blank.number - NEAR) : blank.number]
            )

    def _worked_out(self, edits: Iterable[Edit]) -> Iterator[Fit]:
        """What each edit gives, with the engine's numbers and with the page's."""
        both: list[tuple[Numbers, dict[Expression, Any]]] = [(self.engine, {}), (self.page, {})]
        for edit in edits:
            for numbers, known in both:
                with suppress(ArithmeticError, ValueError):
                    yield Fit(edit, numbers.follow_formula(edit.root, known))

    def _best(
        self, blank: Mark, worked_out: Sequence[Fit], *, loose: bool = False
    ) -> tuple[Explanation, float] | None:
        """The simplest edit that gives the printed number, and how many would by chance.

        None if there is none, or if so many simpler ones were tried that one of them was likely to fit by chance; and
        of a 0, which any factor of 0 gives and any relu below 0, if there are many.
        """
        printed = blank.claim.printed
        # What is sure was judged before, and a mistake that might be half the number off would explain anything.
        tries = [(fit, 0.0) for fit in worked_out]
        if loose:
            near = [fit for fit in worked_out if 0.5 <= fit.follows.value / printed.number <= 2.0]
            slacks = [(fit, self.reading.slack(blank.claim, fit.follows)) for fit in near]
            tries = [(fit, slack) for fit, slack in slacks if slack > noise_of(fit.follows.value)]
        fitting = [fit for fit, slack in tries if self.reading.fits(blank.claim, fit.follows, slack)]
        fitting = [fit for fit in fitting if not self._is_invisible(blank.claim, fit.edit)]
        if not fitting:
            return None
        best = min(fitting, key=lambda fit: fit.edit.effort)
        tried = {fit.follows.value: (fit, slack) for fit, slack in tries if fit.edit.effort <= best.edit.effort}
        by_chance = sum(
            fit.edit.tries * chance(printed, blank.value, value, slack=slack) for value, (fit, slack) in tried.items()
        )
        if by_chance > (MOST_BY_CHANCE if 1.0 <= best.edit.effort <= 3.0 else MOST_BY_CHANCE / best.edit.effort):
            return None
        # How common a slip is makes no other one less likely that it looks like.
        most = max(1.0, best.edit.effort) + 1.0
        others = [fit.edit for fit in fitting if fit.edit.effort <= most and fit.edit.what != best.edit.what]
        alternatives = dict.fromkeys(edit.what for edit in sorted(others, key=lambda edit: edit.effort))
        if not printed.number and len(alternatives) > MOST_BESIDE_OF_0:
            return None
        return Explanation(*best, tuple(alternatives)), by_chance

    def _is_invisible(self, claim: Claim, edit: Edit) -> bool:
        """Whether the number would be the same without the part that a mistake changes."""
        return edit.without is not None and self.reading.fits(
            claim, self.page.follow(self.page.evaluate(edit.without))
        )
