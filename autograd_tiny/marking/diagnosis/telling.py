"""What explains several numbers is told once: causes, then numbers from before an edit.

Names that mean little are taken back.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from autograd_tiny.engine.refusals import data_of
from autograd_tiny.marking.derivations import Derivation
from autograd_tiny.marking.diagnosis.altered import Altered
from autograd_tiny.marking.diagnosis.search import Found, Search
from autograd_tiny.marking.judging.explaining import Reading
from autograd_tiny.marking.judging.numbers import Follows, Numbers, chance
from autograd_tiny.marking.judging.precision import cut_to_digits, to_digits, usual_form
from autograd_tiny.marking.judging.stale import Implied, stories
from autograd_tiny.marking.marks import Mark

MOST_FALSE = 0.5
"""The largest share of names on a page that may be expected to be false."""
LEAST_KEPT = 0.8
"""Mistakes with less effort are so common that they keep their names."""
SURE = 0.1
"""A name is kept if no more numbers of the page are expected to get as good a one by chance."""
SAME = 1e-13
"""The largest relative difference of numbers that are the same but for rounding errors of a few hundred operations."""
MOST_EXPECTED = 0.5
"""No number counts for more than that among those that would get a name by chance."""
SHARPEST = 0.01
"""A number may be off by this share of itself because printed ones were rounded, for it to be evidence of a cause."""


class Findings(NamedTuple):
    """What was found about the numbers of a page, each for itself.

    Attributes:
        unexplained: how those that nothing explains should have been computed.
        efforts: how far-fetched the mistakes are that explain others.
        by_chance: how many known mistakes would explain each by chance.
    """

    unexplained: dict[int, Derivation]
    efforts: dict[int, float]
    by_chance: dict[int, float]

    def without(self, numbers: Container[int]) -> Findings:
        """The same, with nothing found about these numbers."""
        kept: list[Any] = [{n: x for n, x in found.items() if n not in numbers} for found in self]
        return Findings(*kept)


def told_together(engine: Numbers, page: Numbers, marks: list[Mark], findings: Findings, reading: Reading) -> None:
    """Change the marks that have one explanation together.

    Args:
        engine: the engine's numbers.
        page: the numbers that it prints.
        marks: its marks.
        findings: what was found about each for itself.
        reading: how what follows is compared with what is printed.
    """

    def is_near(mark: Mark, follows: Follows) -> bool:
        """Whether a number may fit at all; most do not, and how sure they are need not be worked out."""
        printed = mark.claim.printed
        return abs(follows.value - printed.number) <= 2.0 * printed.unit + SHARPEST * abs(follows.value)

    def fit(mark: Mark, follows: Follows) -> bool:
        if not is_near(mark, follows):
            return False
        is_same = abs(follows.value - mark.claim.printed.number) <= SAME * abs(follows.value)
        if is_same or reading.fits(mark.claim, follows):
            return True
        slack = reading.slack(mark.claim, follows)
        return slack <= SHARPEST * abs(follows.value) and reading.fits(mark.claim, follows, slack)

    def by_chance(mark: Mark, follows: Follows) -> float:
        slack = reading.slack(mark.claim, follows) if is_near(mark, follows) else 0.0
        return chance(mark.claim.printed, mark.value, follows.value, slack=slack)

    search = Search(engine, page, marks, findings.unexplained, findings.efforts, fit, by_chance)
    for found, alike in search.best():
        _tell_cause(page, marks, findings, found, alike)
    _tell_stories(engine, page, marks, findings)
    for found, alike in search.best_values():
        _tell_cause(page, marks, findings, found, alike)
    _refrain(marks, findings)


def _tell_cause(page: Numbers, marks: list[Mark], findings: Findings, found: Found, alike: Sequence[Found]) -> None:
    altered = Altered(page.derivations, found.cause.change)
    for number in found.explains:
        findings.unexplained.pop(number, None)
        called, quantity = marks[number].claim.called, marks[number].claim.quantity
        right, followed = [
            rules.written(rules.derivation(quantity, page.printed).root) for rules in (page.derivations, altered)
        ]
        told = marks[number]._replace(
            verdict="mistake", mistake=found.cause.mistake, why=found.cause.what, sources=(), fits=()
        )
        marks[number] = told._replace(
            alternatives=tuple(dict.fromkeys(x.cause.what for x in alike)),
            cause=found.told if len(found.explains) > 1 else "",
            place=found.cause.place,
            formula=f"{called} = {right}",
            followed=f"{called} = {followed}" if followed != right else "",
        )


def _tell_stories(engine: Numbers, page: Numbers, marks: list[Mark], findings: Findings) -> None:
    """What explains several of the claims that nothing explained each for itself."""
    unexplained = {
        number: (marks[number].claim.printed, derivation) for number, derivation in findings.unexplained.items()
    }
    shown = {mark.claim.quantity: mark.claim.printed for mark in marks if mark.verdict in ("right", "rounded")}
    for story in stories(unexplained, page):
        values = tuple(dict.fromkeys(f"{x.quantity} = {x.value:.{x.places}f}" for x in story.implied))
        if all(x.sign > 0.0 and x.quantity in shown and shown[x.quantity].rounds(x.value) for x in story.implied):
            _excuse([x.claim for x in story.implied], marks, f"it follows from {', '.join(values)}, rounded in print")
            continue
        if all(x.sign > 0.0 and _is_rounded_on_the_way(x, engine, page, marks) for x in story.implied):
            why = f"it follows from {', '.join(values)}, which is not printed"
            _excuse([x.claim for x in story.implied], marks, why)
            continue
        for x in story.implied:
            others = [marks[y.claim].claim.called for y in story.implied if y.claim != x.claim]
            why = f"together with {', '.join(others)} it fits {', '.join(values)}, as if from before an edit"
            if story.sums_to is not None:
                why += f"; these add up to {story.sums_to:g}, as they must"
            slip, besides = ("sign", "; besides, the sign is wrong") if x.sign < 0.0 else ("", "")
            marks[x.claim] = marks[x.claim]._replace(verdict="stale", mistake=slip, why=why + besides, fits=values)


def _is_rounded_on_the_way(x: Implied, engine: Numbers, page: Numbers, marks: Sequence[Mark]) -> bool:
    """Whether a value is what is computed, rounded or cut to as many digits as the page prints, and not printed."""
    if x.quantity in page.printed or engine.derivations.step(x.quantity) is None:
        return False
    _, digits = usual_form(mark.claim for mark in marks)
    for numbers in (engine, page):
        with suppress(ArithmeticError, ValueError):
            value = data_of(numbers.of(x.quantity))
            if any(x.low < shorter(digits, value) < x.high for shorter in (to_digits, cut_to_digits)):
                return True
    return False


def _excuse(numbers: Iterable[int], marks: list[Mark], why: str) -> None:
    """Numbers that go on with more digits than are printed are rounded, and so is what carries only them on."""
    excused = set(numbers)
    for number, mark in enumerate(marks):
        if number in excused or (mark.verdict == "carried" and excused.issuperset(mark.sources)):
            marks[number] = mark._replace(verdict="rounded", why=why, sources=(), fits=())
            excused.add(number)


def _refrain(marks: list[Mark], findings: Findings) -> None:
    """Take names back that mean little: on a page where about as many numbers would get one by chance as do.

    So it is where digits are few and fits many.  As in Y. Benjamini and Y. Hochberg, Controlling the False Discovery
    Rate (1995), what counts is the share of false names among all; a wrong sign is so common that it keeps its name.
    """
    named = [n for n in findings.efforts if marks[n].verdict == "mistake" and not marks[n].cause]
    slips = named + [n for n in findings.unexplained if marks[n].verdict == "wrong"]
    expected = sum(min(MOST_EXPECTED, findings.by_chance.get(n, 0.0)) for n in slips)
    if expected > MOST_FALSE * len(named):
        for n in named:
            if findings.efforts[n] >= LEAST_KEPT and findings.by_chance[n] * len(slips) > SURE:
                blank = marks[n]._replace(verdict="wrong", mistake="", followed="", alternatives=())
                marks[n] = blank._replace(why="so few digits fit several known mistakes by chance")
