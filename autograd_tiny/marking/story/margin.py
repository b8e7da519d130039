"""What a teacher would write in a page's margin: at most three sentences about the slip that makes most of it wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from autograd_tiny.marking.marks import Mark
from autograd_tiny.text.words import counted, listed

MOST_NAMED = 3
"""So many numbers are named in a sentence; the others are counted."""
LONGEST = 200
"""A sentence with both lines of the derivation has no more characters; else the numbers alone are told."""


def in_the_margin(slips: Sequence[Mark], carried: Sequence[Mark], others: int) -> list[str]:
    """What went wrong, the line where it enters, and what it carries along.

    Args:
        slips: the numbers that have one explanation, in the order of the page.
        carried: those that follow from them.
        others: how many more slips are on the page.
    """
    whole = slips[0].whole
    if whole is not None and not whole.fits:  # of another shape, it has no line
        return [slips[0].sentence, *_rest(carried, others)]
    return [_cause(slips), *_line(slips), *_rest(carried, others)]


def _called(marks: Sequence[Mark]) -> list[str]:
    """What the page calls these numbers; one that is called as another is told with what is printed."""
    times = Counter(mark.claim.called for mark in marks)
    claims = [mark.claim for mark in marks]
    return [x.called if times[x.called] == 1 else f"{x.called} = {x.printed.text}" for x in claims]


def _cause(slips: Sequence[Mark]) -> str:
    first, called = slips[0], _called(slips)
    if first.cause:
        return f"One slip: {first.why}; it makes {listed(called, MOST_NAMED)} wrong."
    if first.fits:
        signs = listed([mark.claim.called for mark in slips if mark.mistake], MOST_NAMED)
        besides = f"; besides, the sign is wrong in {signs}" if signs else ""
        is_old = "looks like a number" if len(slips) == 1 else "look like numbers"
        return (
            f"{listed(called, MOST_NAMED)} {is_old} from before an edit, of {listed(first.fits, MOST_NAMED)}{besides}."
        )
    if not first.why:
        is_wrong, them = ("is", "it") if len(slips) == 1 else ("are", "them")
        return f"{listed(called, MOST_NAMED)} {is_wrong} wrong, and nothing known explains {them}."
    rest = f"{len(slips) - 1} more of its entries" if first.whole else listed(called[1:], MOST_NAMED)
    same = f"; the same in {rest}" if len(slips) > 1 else ""
    return f"{first.claim.called} = {first.claim.printed.text}: {first.why}{same}."


def _line(slips: Sequence[Mark]) -> list[str]:
    """The right formula and number of the first number that has one, and the wrong ones beside them."""
    mark = next((mark for mark in slips if mark.followed), slips[0])
    called, printed = mark.claim.called, mark.claim.printed.text.removesuffix(".")
    right, followed = [line.removeprefix(f"{called} = ") for line in (mark.formula, mark.followed)]
    # The line may be that of another quantity.
    is_formula = right != mark.formula and not re.fullmatch(r"[-\d.]*", right)
    told = [f"{called} is {right}, which gives {mark.wanted}; {followed} gives {printed}."] * bool(followed)
    told += [f"{called} is {right}, which gives {mark.wanted} and not {printed}."]
    short = [sentence for sentence in told if is_formula and len(sentence) <= LONGEST]
    return short[:1] or [f"{called} should be {mark.wanted}, not {printed}."]


def _rest(carried: Sequence[Mark], others: int) -> list[str]:
    along = _called(carried)
    it = f"One later number carries it on, {along[0]}" if len(along) == 1 else ""
    it = f"{counted(len(along), 'later number')} carry it on, {listed(along, MOST_NAMED)}" if len(along) > 1 else it
    beside = f"{counted(others, 'more slip')} {'is' if others == 1 else 'are'} on the page" if others else ""
    told = "; ".join(filter(None, (it, beside)))
    return [f"{told}."] if told else []
