"""Slips in writing a number: digits that changed places, one dropped, put in or mistyped, another quantity's number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from autograd_tiny.engine.refusals import data_of
from autograd_tiny.marking.claims import Claim
from autograd_tiny.marking.forms.printed import Printed, read_back
from autograd_tiny.marking.judging.numbers import Numbers
from autograd_tiny.marking.judging.precision import usual_form
from autograd_tiny.marking.slips.editor import Edit
from autograd_tiny.marking.slips.mistakes import swapped_digits
from autograd_tiny.symbols.expression import Expression

FEWEST = 5
"""A number with so many digits has some 100 others that differ in one, among the 10,000 and more of its length."""
FEWEST_COPIED = 7
"""The same of a number copied from elsewhere: there are as many of those as the page has numbers."""


def slips_in_writing(
    number: int, claims: Sequence[Claim], values: Iterable[float], engine: Numbers, *, plain: bool = False
) -> Iterator[Edit]:
    """The slips that give a printed number, each as a formula that is this number.

    Args:
        number: of the claim.
        claims: all claims of the page.
        values: what the number should be.
        engine: the engine's numbers.
        plain: whether numbers are taken to be rounded, and not cut off.
    """
    printed = claims[number].printed
    root = Expression.constant(printed.number)
    finite = list(filter(math.isfinite, dict.fromkeys(values)))
    for value in finite:
        cut = value - 0.5 * math.copysign(printed.unit, value)
        for text in dict.fromkeys((printed.like(value), *(() if plain else (printed.like(cut),)))):
            expected = read_back(text)
            swapped = [read_back(x).number for x in swapped_digits(expected)]
            if expected.number != printed.number and printed.number in swapped:
                yield Edit("digits swapped", root, f"two digits of {expected.text} have changed places", 1.5)
    if printed.telling_digits >= FEWEST:
        places = (printed.decimals, printed.decimals - 1, printed.decimals + 1)
        usual_places, usual_digits = usual_form(claims)
        for intended in dict.fromkeys(text for value in finite for text in intended_texts(printed, value, places)):
            if found := typed(intended, printed.text):
                meant = read_back(intended)
                is_usual = meant.decimals == usual_places or meant.digits == usual_digits or len(claims) == 1
                effort = 1.4 if is_usual else UNUSUAL
                yield Edit(found, root, f"{WORDS[found]} {intended}", effort, tries=_tries(printed))
                break
    yield from copies(number, claims, engine)


def copies(number: int, claims: Sequence[Claim], engine: Numbers) -> Iterator[Edit]:
    """The numbers of other claims that were copied, each as a formula that is this number; arguments as above."""
    printed = claims[number].printed
    root = Expression.constant(printed.number)
    for n, claim in enumerate(claims):
        worked_out = not claim.quantity.names or not claims[number].quantity.names  # its number is that of its own line
        if worked_out or claim.quantity == claims[number].quantity or not math.isfinite(claim.printed.number):
            continue
        before = n < number  # it is easier to copy from what is written already
        if claim.printed[1:] == printed[1:] and printed.digits >= 3:  # as precisely, too; two digits agree too often
            if before or claim.printed.rounds(data_of(engine.of(claim.quantity))):
                yield Edit("copied", root, f"it is the number printed for {claim.called}", 3.0 if before else 3.5)
        elif printed.telling_digits >= FEWEST_COPIED and (found := typed(claim.printed.text, printed.text)):
            what = f"it is the number printed for {claim.called}, and {WORDS[found]} {claim.printed.text}"
            yield Edit(f"copied, {found}", root, what, 3.2, tries=_tries(printed))


def _tries(printed: Printed) -> float:
    """How many numbers differ from one in a digit: 9 mistyped for each digit, 10 put in beside each, each dropped."""
    return 20.0 * printed.digits + 10.0


MINUS = ("-", "−")
UNUSUAL = 2.5
"""The effort of a slip of the pen in a number that had other places and other digits than most of its page."""
FOLLOWING = {"digit dropped": 1, "digit put in": 2, "digit mistyped": 2}
"""How many digits have to be the same after each slip; a dropped one leaves a place less, too."""
WORDS = {
    "digit dropped": "a digit was dropped from",
    "digit put in": "a digit was put into",
    "digit mistyped": "a digit was mistyped in",
}


def intended_texts(printed: Printed, value: float, decimals: Iterable[int]) -> Iterator[str]:
    """How an author may have meant to print a number, with so many decimal places.

    Rounded, cut off, or with its last digit too large.
    """
    if "e" in printed.text.lower() or not 0 <= printed.decimals <= 15:
        return
    for places in decimals:
        if places > 0:
            unit = 10.0**-places
            for meant in (value, value - 0.5 * math.copysign(unit, value), value + 0.5 * math.copysign(unit, value)):
                yield f"{meant:.{places}f}"


def typed(intended: str, printed: str) -> str:
    """Which slip of the pen makes one number of another: a digit dropped, put in, mistyped; none if no single one does.

    A digit at the end is none of these: it is rounded away, or wrong.  Nor is a digit mistyped or put in where only one
    follows that is the same: of the numbers that differ in their last two digits, a fifth would be.

    >>> typed("0.019049119", "0.01904919"), typed("0.082167041", "0.0821671041")
    ('digit dropped', 'digit put in')
    >>> typed("0.020954", "0.021954"), typed("0.311", "0.321")
    ('digit mistyped', '')
    """
    if intended.startswith(MINUS) != printed.startswith(MINUS):  # which would be a second slip
        return ""
    intended, printed = intended.lstrip("+-−"), printed.lstrip("+-−")
    same = next((i for i, (a, b) in enumerate(zip(intended, printed)) if a != b), min(len(intended), len(printed)))
    if not intended[same : same + 1].isdigit() or not printed[same : same + 1].isdigit():
        return ""
    rests = {
        "digit dropped": (intended[same + 1 :], printed[same:]),
        "digit put in": (intended[same:], printed[same + 1 :]),
        "digit mistyped": (intended[same + 1 :], printed[same + 1 :]),
    }
    return next((what for what, (a, b) in rests.items() if a == b and len(a) >= FOLLOWING[what]), "")
