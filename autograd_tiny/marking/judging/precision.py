"""How precisely a page was worked out: in a narrower format, with each number rounded to a few digits or cut off.

Numbers that differ from the engine's are looked at together.  If the page was worked out so, nearly all of them fit; if
not, only as many as do by chance.  The ratio of the two likelihoods decides, as in A. Wald, Sequential Tests of
Statistical Hypotheses (1945).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from decimal import ROUND_DOWN, Decimal
from functools import cached_property, partial
from itertools import product
from typing import NamedTuple

from autograd_tiny.engine.refusals import data_of
from autograd_tiny.engine.value import Value
from autograd_tiny.marking.claims import Claim
from autograd_tiny.marking.derivations import Derivations
from autograd_tiny.marking.forms.blanks import Unread
from autograd_tiny.marking.forms.computed import Computed
from autograd_tiny.marking.forms.printed import Printed
from autograd_tiny.marking.judging.numbers import Numbers, Rounding
from autograd_tiny.text.words import counted

LEAST_RATIO = 1000.0
"""How many times likelier the numbers must be if the page was worked out so.  Some thirty ways are tried, and each is
taken for the way of a page that has another one with a chance of at most 1/1000.
"""
STRAYS = 0.05
"""The share of numbers that may miss for reasons of their own, as other slips."""
FEWEST_TELLING = 2
"""So many other numbers must speak for single precision, for a number to be excused by errors that it may have."""
MOST_NODES, MOST_CLAIMS = 2000, 40
"""Rounding at every step is looked for on graphs of so many nodes, by the first so many numbers that differ."""


class Format(NamedTuple):
    """A binary floating-point format.

    Attributes:
        name: its name.
        bits: of its significand, the leading one included.
        exponents: the powers of two below its smallest normal number and above its largest, as of `math.frexp`.
    """

    name: str
    bits: int
    exponents: tuple[int, int]

    def round(self, x: float) -> float:
        """The nearest number of this format, to even where two are as near.

        Raises:
            OverflowError: it is too large for the format.

        >>> SINGLE.round(0.1), HALF.round(1e-7), BFLOAT16.round(0.6931471805599453)
        (0.10000000149011612, 1.1920928955078125e-07, 0.69140625)
        """
        if not math.isfinite(x):
            return x
        spacing = self.spacing(x)
        nearest = round(x / spacing) * spacing or math.copysign(0.0, x)
        if abs(nearest) >= 2.0 ** self.exponents[1]:
            raise OverflowError(f"{x!r} is too large for {self.name} precision")
        return nearest

    def spacing(self, x: float) -> float:
        """How far apart numbers of this format stand at ``x``."""
        return math.ldexp(1.0, max(math.frexp(x)[1], self.exponents[0]) - self.bits)

    def has(self, printed: Printed, *, cut: bool = False) -> bool:
        """Whether some number of this format is printed so, its further digits rounded or ``cut`` off.

        >>> [SINGLE.has(Printed(text, float(text), 1e-9)) for text in ("0.100000001", "0.100000002")]
        [True, False]
        >>> printed = Printed("0.82136553", 0.82136553, 1e-8)
        >>> SINGLE.has(printed), SINGLE.has(printed, cut=True)
        (False, True)
        """
        try:
            nearest = self.round(printed.number)
        except OverflowError:
            return False
        further = nearest + math.copysign(self.spacing(nearest), printed.number)
        return any(map(printed.cuts, (nearest, further))) if cut else printed.rounds(nearest)

    def changes(self, x: float) -> bool:
        """Whether it has no such number, so that it may be a little less or a little more in this format."""
        with suppress(OverflowError):
            return self.round(x) != x
        return False


SINGLE = Format("single", 24, (-125, 128))
HALF = Format("half", 11, (-13, 16))
BFLOAT16 = Format("bfloat16", 8, (-125, 128))


class Evidence(NamedTuple):
    """Of a number that differs from the engine's: whether it fits, and how likely it would by chance."""

    fits: bool
    by_chance: float

    @property
    def ratio(self) -> float:
        """How many times likelier this is if the page was worked out so than by chance."""
        if self.by_chance >= 1.0:
            return 1.0
        return (1.0 - STRAYS) / self.by_chance if self.fits else STRAYS / (1.0 - self.by_chance)


def likelihood_ratio(found: Iterable[Evidence]) -> float:
    """How many times likelier all this is if the page was worked out so than by chance."""
    return math.prod((x.ratio for x in found), start=1.0)


def weighed(chances: Sequence[float], fits: Callable[[int], bool], least: float) -> list[Evidence] | None:
    """The evidence of some numbers, by their chances; None as soon as its ratio cannot be more than ``least`` any more.

    Args:
        chances: how likely each is to fit by chance.
        fits: whether the number with this index fits.
        least: what the ratio must exceed.
    """
    most = [max(Evidence(fitting, x).ratio for fitting in (True, False)) for x in chances]
    found, so_far = list[Evidence](), 1.0
    for i, by_chance in enumerate(chances):
        if so_far * math.prod(most[i:]) <= least:
            return None
        found.append(Evidence(fits(i), by_chance))
        so_far *= found[-1].ratio
    return found


def with_bare_numbers(claims: Sequence[Claim]) -> list[Claim]:
    """Claims whose whole numbers without a decimal point are known as far as other numbers of the page are.

    On a page with numbers such as 0.731 and 0.197 a bare 0 or 1 is meant to as many places or digits, of the two what
    is less; it is no 0.4 or 0.8 that was rounded.  It stays as it is where the page has fewer than two such numbers, or
    the same quantity with more digits.
    """
    numbers = [x for x in claims if not isinstance(x.printed, (Unread, Computed)) and math.isfinite(x.printed.number)]
    others = [x.printed for x in numbers if x.printed.number and x.printed.places and not x.printed.is_exact]
    if len(others) < FEWEST_TELLING:
        return list(claims)
    places, digits = commonest(x.places for x in others), commonest(x.digits for x in others)

    def known(claim: Claim) -> Claim:
        printed = claim.printed
        if isinstance(printed, (Unread, Computed)) or not printed.is_bare:
            return claim
        last = -places
        if printed.number:
            # where most have one digit, that is one place beside a 0 and two digits beside a 1
            last = max(last, math.floor(math.log10(abs(printed.number))) + 1 - max(digits, 2))
        finer = any(x.quantity == claim.quantity and printed.shortens(x.printed) for x in numbers)
        return claim if last >= 0 or finer else claim._replace(printed=printed._replace(unit=float(f"1e{last}")))

    return [known(claim) for claim in claims]


def commonest(numbers: Iterable[int]) -> int:
    """The number that is there most often; of several the smallest."""
    counts = Counter(numbers)
    return min(counts, key=lambda number: (-counts[number], number))


def usual_form(claims: Iterable[Claim]) -> tuple[int, int]:
    """How many decimal places, and how many digits, most numbers of a page have."""
    printed = [claim.printed for claim in claims if math.isfinite(claim.printed.number)]
    return commonest(x.decimals for x in printed), commonest(x.digits for x in printed)


def cuts_digits(numbers: Iterable[tuple[Claim, float]]) -> bool:
    """Whether a page cuts digits off, by its claims and the engine's number for each, where these are no slips.

    What rounding and cutting print alike says nothing; of the rest, one in `STRAYS` may be the other by accident.
    """
    told = [(x.printed.rounds(value), x.printed.cuts(value)) for x, value in numbers if x.printed.number]
    return likelihood_ratio(Evidence(cut, STRAYS) for rounded, cut in told if rounded is not cut) >= LEAST_RATIO


def format_of(differing: Sequence[Claim], exact: Sequence[Claim], *, cut: bool) -> Format | None:
    """The format in which the numbers of a page were worked out.

    None for double, or where they are printed with too few digits to tell.

    Args:
        differing: the claims that print another number than the engine's.
        exact: those that print the engine's, which speaks against a format that has no such number.
        cut: whether digits are taken to be cut off, and not rounded.
    """
    numbers, others = ([claim.printed for claim in claims if claim.printed.number] for claims in (differing, exact))

    def ratio(narrow: Format) -> float:
        beyond = [x for x in others if not (narrow.has(x) or narrow.has(x, cut=True))]
        return likelihood_ratio(Evidence(narrow.has(x, cut=cut), _chance_to_be(x, narrow)) for x in numbers + beyond)

    likeliest = max((SINGLE, HALF, BFLOAT16), key=ratio)
    return likeliest if ratio(likeliest) >= LEAST_RATIO else None


def _chance_to_be(printed: Printed, narrow: Format) -> float:
    """How likely a number is one of a format by chance, which a round one is in every format."""
    return min(1.0, max(printed.unit / narrow.spacing(printed.number), 10.0**-printed.telling_digits))


class Steps(NamedTuple):
    """Rounding at every step of a page.

    Attributes:
        said: to how many digits, in words.
        numbers: what follows.
    """

    said: str
    numbers: Numbers


def rounded_steps(derivations: Derivations, differing: Sequence[Claim], exact: Sequence[Claim] = ()) -> Steps | None:
    """To how many digits every number was rounded before it was gone on with; None if that explains no page.

    Args:
        derivations: how quantities follow from each other.
        differing: the claims that nothing simpler explains.
        exact: the claims that print the engine's number, which nobody finds who rounds more than that at every step.
    """
    if len(derivations.graph.nodes) > MOST_NODES:
        return None
    # 0 is what many give.
    nonzero, known = ([x for x in claims if x.printed.number][:MOST_CLAIMS] for claims in (differing, exact))
    if len(nonzero) < 2:  # one number alone does not show what was done at every step
        return None
    best, most = None, LEAST_RATIO
    for ndigits, by_places, every_operation in product(range(1, 9), (True, False), (False, True)):
        shorter = partial(to_places if by_places else to_digits, ndigits)
        numbers = Numbers(derivations, rounding=Rounding(shorter, every_operation, inputs=False))
        chances = [_chance_to_agree(x, ndigits, by_places=by_places) for x in nonzero]
        evidence = weighed(chances, lambda i: agrees(nonzero[i], numbers), most)  # noqa: B023
        if evidence and sum(x.fits for x in evidence) > 1 and (ratio := likelihood_ratio(evidence)) > most:
            against = (_chance_to_agree(x, ndigits, by_places=by_places) for x in known if not agrees(x, numbers))
            ratio *= math.prod(STRAYS * by_chance for by_chance in against if by_chance < 1.0)
            if ratio > most:
                best, most = Steps(counted(ndigits, "decimal place" if by_places else "digit"), numbers), ratio
    return best


def _chance_to_agree(claim: Claim, ndigits: int, *, by_places: bool) -> float:
    """How likely a number that was rounded at every step is what is printed, if it is that only by chance.

    A number on the way that is rounded moves what follows by about a unit of its last digit, to either side.
    """
    magnitude = 0 if by_places else math.floor(math.log10(abs(claim.printed.number))) + 1
    return min(1.0, claim.printed.unit / (2.0 * 10.0 ** (magnitude - ndigits)))


def agrees(claim: Claim, numbers: Numbers) -> bool:
    """Whether a claim prints exactly the number that follows."""
    with suppress(ArithmeticError, ValueError):
        return claim.printed.rounds(data_of(numbers.of(claim.quantity)))
    return False


class Single:
    """The numbers of a page by single precision.

    Args:
        derivations: how quantities follow from each other.
        numbers: the claims, each with the engine's number.
    """

    def __init__(self, derivations: Derivations, numbers: Sequence[tuple[Claim, float]]) -> None:
        self._derivations, self._numbers = derivations, numbers
        self._single = Numbers(derivations, rounding=Rounding(SINGLE.round))

    def _value(self, claim: Claim) -> float:
        with suppress(ArithmeticError, ValueError):
            return float(data_of(self._single.of(claim.quantity)))
        return math.nan

    @cached_property
    def _agreeing(self) -> list[Claim]:
        """What is printed as single precision gives it, rounded or cut off, not as the engine's number is rounded."""
        return [
            claim
            for claim, value in self._numbers
            if not claim.printed.states(value) and _prints(claim, self._value(claim))
        ]

    @cached_property
    def _telling(self) -> dict[Claim, bool]:
        """What the two precisions print differently, if it is no slip, and whether it is double precision's number.

        That is the engine's, or what follows from the numbers that the page prints, as if these had no further digits.
        """
        found = {}
        for claim, value in self._numbers:
            error, printed = abs(self._value(claim) - value), claim.printed
            if (
                printed.like(value) != printed.like(value + error)
                and abs(printed.number - value) <= printed.unit + 8.0 * error
            ):
                found[claim] = printed.states(value) or _prints(claim, self._by_page(claim))
        return found

    @cached_property
    def _page(self) -> Numbers:
        page = Numbers(self._derivations)
        page.printed |= {claim.quantity: Value(claim.printed.number) for claim, _ in self._numbers}
        return page

    def _by_page(self, claim: Claim) -> float:
        """What a number is by all others that the page prints."""
        with suppress(ArithmeticError, ValueError):
            others = self._page.printed.keys() - {claim.quantity}
            return float(data_of(self._page.evaluate(self._derivations.derivation(claim.quantity, others).root)))
        return math.nan

    def _is_likelier(self, claim: Claim) -> bool:
        """Whether most other numbers that tell are not those of double precision."""
        others = [is_double for other, is_double in self._telling.items() if other is not claim]
        return len(others) >= FEWEST_TELLING and 2 * sum(others) < len(others)

    def gives(self, claim: Claim, followed: Iterable[float], *, alone: bool) -> bool:
        """Whether single precision gives this number, rounded or cut off.

        The author's operations may be others, as those of a sigmoid, or in another order.  Where other numbers of the
        page are exactly those of single precision, one that is two steps off is still that, if it is a number of single
        precision at all.

        Args:
            claim: the claim.
            followed: what follows from the numbers that the page prints.
            alone: whether the number is believed to be that of single precision where no other one of the page is.
        """
        if claim in self._agreeing:
            return alone or len(self._agreeing) > 1
        if not self._agreeing or not any(SINGLE.has(claim.printed, cut=cut) for cut in (False, True)):
            return False
        return any(
            _prints(claim, x, 2.0 * SINGLE.spacing(x)) for x in (self._value(claim), *followed) if math.isfinite(x)
        )

    def may_give(self, claim: Claim, value: float, errors: float, slack: float) -> bool:
        """Whether single precision may give this number in another order of operations, on a page that is likelier so.

        Args:
            claim: the claim.
            value: the number that it should print.
            errors: the most that rounding errors of single precision may have moved it; what they cannot reach, the
                last digit in print, they do not excuse.
            slack: how far the rounding of printed numbers may have moved it besides.
        """
        reached = claim.printed.unit <= errors and _prints(claim, value, errors + slack)
        return reached and self._is_likelier(claim)


def _prints(claim: Claim, value: float, reach: float = 0.0) -> bool:
    return claim.printed.rounds(value, reach) or claim.printed.cuts(value, reach)


class Precision:
    """How precisely a page was worked out.

    Args:
        derivations: how quantities follow from each other.
        numbers: its claims, each with the engine's number.

    Attributes:
        format: the format in which its numbers were worked out; None for double.
        single: what single precision gives.
    """

    def __init__(self, derivations: Derivations, numbers: Sequence[tuple[Claim, float]]) -> None:
        self._derivations = derivations
        self._differing = [claim for claim, value in numbers if not claim.printed.states(value)]
        self._exact = [claim for claim, value in numbers if claim.printed.states(value)]
        formats = [format_of(self._differing, self._exact, cut=cut) for cut in (False, True)]
        self.format = next(filter(None, formats), None)
        self._cuts = formats == [None, self.format] != [None, None] or cuts_digits(numbers)
        self.single = Single(derivations, numbers)

    @cached_property
    def _steps(self) -> Steps | None:
        return rounded_steps(self._derivations, self._differing, self._exact)

    def rounded(self, claim: Claim) -> str:
        """That a number follows with every number before it rounded as the page does it; nothing if it does not."""
        if self._steps is None or not agrees(claim, self._steps.numbers):
            return ""
        return f"every number is rounded to {self._steps.said} before it is gone on with"

    def cuts_below(self, claim: Claim, value: float, errors: float) -> bool:
        """Whether digits were cut off of what is a little less than a number in single precision.

        So 0.5699999 for 0.57 becomes 0.56.  Only a page that cuts digits off elsewhere, too, is believed to have
        done so.

        Args:
            claim: the claim.
            value: the number that it should print.
            errors: the most that rounding errors of single precision may have moved it.
        """
        return self._cuts and SINGLE.changes(value) and claim.printed.cuts(value, errors)


def to_places(places: int, x: float) -> float:
    """A number rounded to so many decimal places."""
    return round(x, places)


def to_digits(digits: int, x: float) -> float:
    """A number rounded to so many significant digits."""
    return float(f"{x:.{digits - 1}e}")


def cut_to_places(places: int, x: float) -> float:
    """A number with its digits after so many decimal places cut off; what is 0.47² but for rounding errors is 0.2209.

    >>> cut_to_places(2, 0.678), cut_to_digits(2, -0.0678), cut_to_places(4, 0.47**2)
    (0.67, -0.067, 0.2209)
    """
    return float(_without_noise(x).quantize(Decimal(1).scaleb(-places), ROUND_DOWN))


def cut_to_digits(digits: int, x: float) -> float:
    """A number with all but so many significant digits cut off."""
    return cut_to_places(digits - 1 - _without_noise(x).adjusted(), x)


def _without_noise(x: float) -> Decimal:
    return Decimal(f"{x:.13e}")
