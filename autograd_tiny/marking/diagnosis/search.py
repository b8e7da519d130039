"""The fewest causes that explain a page: what was done differently all over it, and which numbers that makes wrong.

As DEBUGGY looked for the procedure with the fewest bugs that gives a pupil's answers (R. R. Burton, Diagnosing bugs in
a simple procedural skill, in Intelligent Tutoring Systems, 1982).  A cause is tried by working the page out by its
rules: from what the page prints, and all by itself.  Of all causes the one that explains most is taken, then the one
that explains most of the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import islice, product
from typing import NamedTuple

from autograd_tiny.engine.refusals import data_of
from autograd_tiny.marking.diagnosis.altered import Altered
from autograd_tiny.marking.diagnosis.causes import Cause, Knob, causes, inputs, rates
from autograd_tiny.marking.judging.numbers import Follows, Numbers
from autograd_tiny.marking.marks import Mark
from autograd_tiny.text.words import counted

MOST_WORK = 60_000
"""How many nodes are worked out anew at most, over all causes.

On a graph of 300 nodes some 200 causes are tried, on one of 10,000 the first 6.
"""
MOST_BY_CHANCE = 0.05
"""How many causes may be expected to explain by chance what one explains.

The usual level of significance, for an effort of 1.
"""

MOST_STEPS = 12
"""Of the secant method: where it converges, it does so in fewer than ten."""

Fits = Callable[[Mark, Follows], bool]
Chance = Callable[[Mark, Follows], float]
Recorded = Callable[[bool], Numbers]


class Found(NamedTuple):
    """A cause, and what it explains.

    Attributes:
        cause: the cause.
        explains: the numbers of the marks.
        against: how many marks that are right it would make wrong.
        by_chance: how many of these marks it would explain by chance.
        likelihood: how likely it would explain all of them by chance.
    """

    cause: Cause
    explains: tuple[int, ...]
    against: int
    by_chance: float
    likelihood: float

    @property
    def told(self) -> str:
        """The cause with how much it explains, as a sentence without its full stop."""
        numbers = counted(len(self.explains), "number")
        return f"One slip explains {numbers}, of which chance would explain {self.by_chance:.1g}: {self.cause.what}"


class Trial:
    """A number that follows for a mark; whether it fits is worked out when it is needed.

    Args:
        mark: the mark.
        follows: the number.
        fits: whether a mark prints a number.
        chance: how likely a number would fit a mark by chance.
    """

    def __init__(self, mark: Mark, follows: Follows, fits: Fits, chance: Chance) -> None:
        self._mark, self._follows, self._fits, self._chance = mark, follows, fits, chance

    @cached_property
    def fits(self) -> bool:
        """Whether this is the number that is printed."""
        return self._fits(self._mark, self._follows)

    @cached_property
    def chance(self) -> float:
        """How likely it would be by chance."""
        return self._chance(self._mark, self._follows)


class Way:
    """One way to work the marks out: all by itself, or from what the page prints.

    Args:
        numbers: gives the numbers, recorded or as floats.
        fits: whether a mark prints a number.
        chance: how likely a number would fit a mark by chance.
        base: the same way without a change.
    """

    def __init__(self, numbers: Recorded, fits: Fits, chance: Chance, base: Way | None = None) -> None:
        self.numbers, self._again, self._fits, self._chance, self._base = numbers(False), numbers, fits, chance, base
        self._trials: dict[int, Trial | None] = {}

    @cached_property
    def recorded(self) -> Numbers:
        """The same numbers, with their derivatives by the printed ones: few are asked for them."""
        return self._again(True)

    def by(self, altered: Altered) -> Way:
        """This way by the rules of a cause."""

        def numbers(recorded: bool) -> Numbers:
            return altered.numbers(self.recorded if recorded else self.numbers, recorded=recorded)

        return Way(numbers, self._fits, self._chance, self)

    def trial(self, mark: Mark) -> Trial | None:
        """What a mark's number is here; None if there is none."""
        if mark.number not in self._trials:
            self._trials[mark.number] = None  # by another optimizer it may have no formula
            with suppress(ArithmeticError, ValueError):
                self._trials[mark.number] = self._shared(mark) or self._worked_out(mark)
        return self._trials[mark.number]

    def _shared(self, mark: Mark) -> Trial | None:
        """What it is without the change, where that does not reach it."""
        if self._base is None or (known := self._base.trial(mark)) is None:
            return None
        step = self.numbers.derivations.step(mark.claim.quantity)
        if step is None or step is not self._base.numbers.derivations.step(mark.claim.quantity):
            return None
        return None if self.numbers.is_reached(step) else known

    def _worked_out(self, mark: Mark) -> Trial:
        numbers, quantity = self.numbers, mark.claim.quantity
        step = numbers.derivations.step(quantity)
        value = data_of(numbers.of(quantity) if step is None else numbers.number(step))
        follows = numbers.follows(
            value, lambda: self.recorded.of(quantity) if step is None else self.recorded.number(step)
        )
        return Trial(mark, follows, self._fits, self._chance)


class Search:
    """Looks for the causes of a page.

    Args:
        engine: the engine's numbers.
        page: the numbers that it prints.
        marks: all of them, marked each for itself.
        unexplained: the numbers of those that nothing explains.
        efforts: of the mistakes that explain others, by their numbers.
        fits: whether a mark prints a number.
        chance: how likely a number would fit a mark by chance.
    """

    def __init__(
        self,
        engine: Numbers,
        page: Numbers,
        marks: Sequence[Mark],
        unexplained: Iterable[int],
        efforts: Mapping[int, float],
        fits: Fits,
        chance: Chance,
    ) -> None:
        self._derivations, self._marks, self._efforts = page.derivations, marks, efforts
        self._engine = engine
        self._ways = [
            Way(lambda _: engine, fits, chance),
            Way(lambda recorded: page.by(page.derivations, recorded=recorded), fits, chance),
        ]
        self._known = {*unexplained, *efforts}

    def best(self) -> list[tuple[Found, list[Found]]]:
        """The causes of the page, the one that explains most first, each with those that explain the same."""
        return self._fewest(self._candidates())

    def best_values(self) -> list[tuple[Found, list[Found]]]:
        """Inputs, weights or the learning rate with another number throughout; each explains two numbers at least."""
        return self._fewest(self._values())

    def _fewest(self, found: Sequence[Found]) -> list[tuple[Found, list[Found]]]:
        told: list[tuple[Found, list[Found]]] = []
        taken: set[int] = set()
        while True:
            rest = [x._replace(explains=tuple(n for n in x.explains if n not in taken)) for x in found]
            rest = [x for x in rest if x.explains and self._is_better(x)]
            if not rest:
                return told
            best = min(rest, key=lambda x: (x.against - len(x.explains), x.cause.effort))
            alike = [
                x
                for x in rest
                if x.cause.what != best.cause.what and (x.explains, x.against) == (best.explains, best.against)
            ]
            told.append((best, alike))
            taken.update(best.explains)

    def _is_better(self, found: Found) -> bool:
        """Whether one cause is a smaller story than those that are told of the numbers that it explains."""
        marks = [self._marks[n] for n in found.explains]
        stale = {mark.fits for mark in marks if mark.verdict == "stale"}
        if any(
            mark.fits in stale and mark.number not in found.explains for mark in self._marks if mark.verdict == "stale"
        ):
            return False
        known = [self._efforts[mark.number] for mark in marks if mark.verdict == "mistake"]
        unknown = sum(mark.verdict == "wrong" for mark in marks)
        if unknown or stale:
            return not stale or unknown + len(stale) > 1
        names = {mark.mistake for mark in marks}
        # One mistake in several numbers is one sentence already, and a rule that gives the same is only another word
        # for it.
        is_told_once = bool(found.cause.change.rules) and len(names) == 1 and found.cause.mistake not in names
        return len(known) > 1 and found.cause.effort < sum(known) and not is_told_once

    def _candidates(self) -> list[Found]:
        slips = [mark for mark in self._marks if mark.number in self._known and mark.verdict in ("mistake", "wrong")]
        # One mistake alone is no smaller story by another name.
        if len(slips) < 2 and not any(mark.verdict == "wrong" for mark in slips):
            return []
        tried = list(islice(causes(self._derivations), self._budget))
        found = [x for cause in tried if (x := self._tried(cause, slips)) is not None]
        # each cause is tried in two ways
        known = [x for x in found if self._is_evidence(x, 2 * len(tried)) and x.against < len(x.explains)]
        return known + self._turned_to(
            rates(self._derivations), [x for x in slips if self._derivations.is_update(x.claim.quantity)]
        )

    def _is_evidence(self, found: Found, tries: int) -> bool:
        """Whether so many causes were unlikely to explain as much by chance; the less, the more far-fetched this is."""
        return tries * found.likelihood <= MOST_BY_CHANCE / found.cause.effort**2

    @property
    def _budget(self) -> int:
        return max(1, MOST_WORK // len(self._derivations.graph.nodes))

    def _values(self) -> list[Found]:
        wrong = [mark for mark in self._marks if mark.number in self._known and mark.verdict in ("wrong", "stale")]
        return self._turned_to(islice(inputs(self._derivations), self._budget // (2 * MOST_STEPS)), wrong)

    def _turned_to(self, knobs: Iterable[Knob], wrong: Sequence[Mark]) -> list[Found]:
        """The knobs that, turned until one of the first two marks is what is printed, give others."""
        if len(wrong) < 2:
            return []
        turned = list(product(knobs, wrong[:2]))
        found: list[Found] = []
        for knob, anchor in turned:
            with suppress(ArithmeticError, ValueError):
                cause = self._turned(knob, anchor)
                x = self._tried(cause, [mark for mark in wrong if mark is not anchor])
                if x is not None and self._is_evidence(x, 2 * len(turned)) and x.against <= len(x.explains):
                    found.append(x._replace(explains=tuple(sorted((anchor.number, *x.explains)))))
        return found

    def _turned(self, knob: Knob, anchor: Mark) -> Cause:
        """The cause by which a knob gives what a mark prints, found by the secant method.

        Raises:
            ArithmeticError, ValueError: there is none.
        """
        printed, derivations = anchor.claim.printed, self._derivations

        def off(x: float) -> float:
            numbers = Altered(derivations, knob.change(x)).numbers(self._engine)
            return float(data_of(numbers.of(anchor.claim.quantity))) - printed.number

        x, after = knob.number, knob.number + 0.01 * (abs(knob.number) or 1.0)
        y, slope = off(x), 0.0
        for _ in range(MOST_STEPS):
            y_after = off(after)
            slope = (y_after - y) / (after - x)
            x, y, after = after, y_after, after - y_after / slope
            if abs(after - x) <= 1e-12 * abs(x):
                break
        else:
            raise ValueError(f"no number of {knob.name} gives {printed.text}")
        reach = 0.5 * printed.unit / abs(slope)
        places = next((k for k in range(12) if abs(round(after, k) - after) <= reach), 12)
        shown = f"{after:.{places}f}"
        effort = 2.0 + 0.01 * len(shown)  # of several that fit, a short number is likelier
        what = f"{knob.name} = {shown} is used for {knob.number:g}"
        return Cause("another value", what, effort, knob.change(float(shown)), knob.name)

    def _tried(self, cause: Cause, slips: Sequence[Mark]) -> Found | None:
        """What a cause explains; None if that is nothing."""
        altered = Altered(self._derivations, cause.change)
        ways = [way.by(altered) for way in self._ways]
        # What fits without the cause, too, where a printed 0 leaves no derivatives to tell how sure it is, needs none.
        explains = [
            mark.number
            for mark in slips
            if any(x.fits for x in _trials(ways, mark)) and not any(x.fits for x in _trials(self._ways, mark))
        ]
        if not explains:
            return None
        chances = {mark.number: max([x.chance for x in _trials(ways, mark)], default=0.0) for mark in slips}
        likelihood = math.prod([chances[number] for number in explains])
        return Found(cause, tuple(explains), self._against(ways, len(explains) + 1), sum(chances.values()), likelihood)

    def _against(self, ways: Sequence[Way], enough: int) -> int:
        """How many numbers that are right would be wrong; no more are counted than are enough to refuse any cause."""
        right = (
            mark for mark in self._marks if mark.verdict in ("right", "rounded", "last digit") and mark.formulas is None
        )
        return sum(1 for _ in islice((mark for mark in right if not any(x.fits for x in _trials(ways, mark))), enough))


def _trials(ways: Iterable[Way], mark: Mark) -> list[Trial]:
    return [trial for way in ways if (trial := way.trial(mark)) is not None]
