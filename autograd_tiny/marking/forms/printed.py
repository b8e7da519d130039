"""Printed numbers: a number in any of the forms of pages, and which numbers it may stand for.

A number is kept as the string that was printed, since ``0.2040`` says more than ``0.204``.  Each form says how precise
it is:

- ``0.204``, ``.05``, ``1,234.5``, ``1 234.5``, ``33.2%``, ``1.2e-3`` and ``1.2×10⁻³`` are known to their last digit;
- ``0.333…`` says that the digits that are not printed were left off, not rounded;
- ``2/3`` is exactly two thirds.
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from autograd_tiny.text.numbers import short_number
from autograd_tiny.text.words import quoted

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_SPACES = " \u00a0\u2009\u202f"
_NUMBER = re.compile(
    rf"""(?P<sign> [+-]? )
     (?P<mantissa> \d{{1,3}} (?P<group> [{_SPACES}] ) \d{{3}} (?: (?P=group) \d{{3}} )* (?: \.\d* )?
                 | \d{{1,3}} , \d{{3}} (?: (?: , \d{{3}} )+ (?: \.\d* )? | \.\d* )
                 | \d+ (?: \.\d* )?
                 | \.\d+ )??
     (?P<power> [eE] (?P<e> [+-]?\d+ )
              | (?P<times> \s*[×·⋅*]\s* )? 10 (?: \^? \{{ (?P<braced> [+-]?\d+ ) \}}
                                              | (?: \^ | \*\* ) (?P<raised> [+-]?\d+ )
                                              | (?P<superscript> [⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+ ) ) )?
     (?P<dots> … | \.\.\. )?
     (?P<percent> \s*% )?""",
    re.VERBOSE | re.ASCII,
)
_FRACTION = re.compile(r"(?P<sign>[+-]?)(?P<over>\d{1,15})\s*/\s*(?P<under>\d{1,15})", re.ASCII)
_NEAR = 1e-12
"""The largest relative difference that is taken for rounding, where a number is written as a fraction of small ones."""


class Printed(NamedTuple):
    """A number as it was printed.

    Attributes:
        text: what was printed.
        number: its value.
        unit: one unit of its last digit; of a fraction, which is exact, what floats are apart.
    """

    text: str
    number: float
    unit: float

    @property
    def decimals(self) -> int:
        """Decimal places; below 0 where not even the ones are printed, as in 2e3."""
        return -round(math.log10(self.unit))

    @property
    def places(self) -> int:
        """Decimal places, at least 0."""
        return max(0, self.decimals)

    @property
    def digits(self) -> int:
        """Significant digits, trailing zeros included."""
        return max(1, len(str(round(abs(self.number) / self.unit))))

    @property
    def telling_digits(self) -> int:
        """How many digits it has without the zeros at its end: 2.00000 for 7.00000 says no more than 2 for 7."""
        return len(str(round(abs(self.number) / self.unit)).rstrip("0"))

    @property
    def is_exact(self) -> bool:
        """Whether it stands for one number alone, as a fraction does."""
        return "/" in self.text

    @property
    def leaves_off(self) -> bool:
        """Whether it says itself that further digits were left off, by dots at its end."""
        return bool(re.search(r"(…|\.\.\.)\s*%?$", self.text))

    def states(self, value: float, slack: float = 0.0, noise: float | None = None) -> bool:
        """Whether this is how ``value`` is printed: rounded, or where dots say so cut off.

        The arguments are those of `rounds`.

        >>> read_number("0.666…").states(2 / 3), read_number("0.667…").states(2 / 3), read_number("0.667").states(2 / 3)
        (True, False, True)
        """
        return (self.cuts if self.leaves_off else self.rounds)(value, slack, noise)

    def rounds(self, value: float, slack: float = 0.0, noise: float | None = None) -> bool:
        """Whether ``value``, known to within ``slack``, rounds to this number.

        An edge belongs to both of its sides, since some round a half up and some to even.  Below a power of ten that is
        written with an exponent, as 1.0e4, digits stand closer: 9960 rounds to it, and 9600 is 9.6e3.

        Args:
            value: the number that was worked out.
            slack: how far the number that was meant may be from it, because others were rounded.
            noise: the most that the engine's own rounding may have moved it; a few units in its last place if not
                given.

        >>> [read_number(text).rounds(0.93876) for text in ("0.938", "0.939", "93.9%")]
        [False, True, True]
        """
        beyond = self._beyond(value)
        half = 0.5 * (self.unit if beyond >= 0.0 else self._unit_below)
        return abs(beyond) <= half + slack + (_noise(value) if noise is None else noise)

    def cuts(self, value: float, slack: float = 0.0, noise: float | None = None) -> bool:
        """Whether this number is ``value``, known to within ``slack``, with its further digits cut off.

        That is from this number on and below the next one: a number that has no further digits is not changed by
        cutting them, so that what may be the next number but for ``noise`` is taken for it.  The arguments are those of
        `rounds`.

        >>> read_number("0.938").cuts(0.93876), read_number("-0.938").cuts(-0.93876)
        (True, True)
        >>> read_number("0.4").cuts(0.5), read_number("2").cuts(3.0), read_number("2").cuts(2.99)
        (False, False, True)
        >>> read_number("0").cuts(0.9), read_number("0.0").cuts(0.09)  # of a bare 0 nothing shows that it was cut
        (False, True)
        """
        if not self.number and self.unit >= 1.0:
            return False
        noise = _noise(value) if noise is None else noise
        return -slack - noise <= self._beyond(value) < self.unit + slack - noise

    def _beyond(self, value: float) -> float:
        """How much further from zero ``value`` is than this number; zero has the side of the value."""
        return (value - self.number) * math.copysign(1.0, self.number or value)

    @property
    def _meant(self) -> _Form:
        """Its form, with the decimal places that it is meant to have."""
        return _form(f"{self.text}.{'0' * self.places}" if self.is_bare and self.places else self.text)

    @property
    def _unit_below(self) -> float:
        """One unit of the last digit of what is a little nearer to zero than this number."""
        form = _form(self.text)
        return 0.1 * self.unit if form.power and re.fullmatch(r"1(\.0*)?", form.mantissa) else self.unit

    @property
    def is_bare(self) -> bool:
        """Whether it is a whole number without a decimal point, of which nothing says how far it is known."""
        return bool(re.fullmatch(r"[+-]?\d+", self.text, re.ASCII))

    def shortens(self, other: Printed) -> bool:
        """Whether this is another number with fewer digits, rounded or cut off.

        >>> read_number("0.77").shortens(read_number("0.773")), read_number("0.71").shortens(read_number("0.773"))
        (True, False)
        """
        return self.unit > other.unit and (self.rounds(other.number) or self.cuts(other.number))

    def is_near_an_edge(self, value: float) -> bool:
        """Whether rounding errors might decide between the sides of an edge: a whole or a half of the last digit.

        Edges further off than two units are those of other numbers.  A thousandth of half a unit is far more than the
        errors of numbers that are printed with all their digits; it only spares the work of finding out how large those
        are.  So does a thousandth of a fraction, and of a number with more than nine digits: where digits have
        cancelled, errors reach further than its last ones.
        """
        if self.is_exact or self.digits > MANY_DIGITS:
            return abs(value - self.number) <= 1e-3 * abs(self.number)
        halves = 2.0 * (value - self.number) / self.unit
        return abs(halves) < 4.0 and abs(halves - round(halves)) < 1e-3

    def like(self, value: float) -> str:
        """``value`` written as this number is, with as many decimal places.  Zero has no sign.

        >>> read_number("4.001").like(3.99996), read_number("1.20e-3").like(0.00123456)
        ('4.000', '1.23e-03')
        >>> read_number("12,345.0").like(2345.67)
        '2,345.7'
        >>> read_number("33.2%").like(0.5), read_number("0.33…").like(2 / 3), read_number("1/2").like(1 / 3)
        ('50.0%', '0.66…', '1/3')
        >>> read_number("1.20×10⁻³").like(0.0456), read_number("1.20·10^-3").like(0.0456)
        ('4.56×10⁻²', '4.56·10^-2')
        >>> read_number("0.30").like(-0.001), read_number("0.30").like(1e20)
        ('0.00', '1e+20')
        """
        if not math.isfinite(value):
            return str(value)
        text = _as_fraction(value) if self.is_exact else self._meant.written(value, self.digits)
        number = read_back(text).number
        if math.isinf(number):  # rounded up, it is larger than any float
            return repr(value)
        return text if number else text.removeprefix("-")

    def beside(self, value: float) -> str:
        """``value`` as told beside this number: like it, but with 3 significant digits at least where it has them.

        Zero has no sign, and what is nothing but rounding beside this number is zero.

        >>> read_number("0.5").beside(0.4361), read_number("1").beside(-0.2181), read_number("1").beside(-0.0)
        ('0.436', '-0.218', '0')
        >>> read_number("3").beside(2.0), read_number("0.50").beside(0.00012345), read_number("2e3").beside(2346.0)
        ('2', '0.000123', '2.35e+03')
        >>> read_number("33%").beside(0.12345), read_number("2/3").beside(0.12345)
        ('12.3%', '0.12345')
        """
        if not math.isfinite(value):
            return str(value)
        if abs(value) <= _NOTHING * max(abs(self.number), self.unit):
            value = 0.0
        alike = self.like(value)
        if self.is_exact or abs(read_back(alike).number - value) <= _noise(value):
            return alike
        form = _form(self.text)
        if form.power:
            return form.written(value, max(self.digits, 3))
        power = math.floor(math.log10(abs(value)))
        return alike if power + 1 + self.places >= 3 else short_number(form.scaled(value), 3) + form.percent


_NOTHING = 1e-14
"""The largest share of a printed number that is taken for the engine's own rounding: that of some fifty operations,
each by half of 2.2e-16, all to one side.
"""


MANY_DIGITS = 9
LONGEST_EXPONENT = 20
"""Of a longer one the first digits say enough: it is beyond the range of numbers."""
SMALLEST_UNIT = -307
"""The smallest power of ten that is a normal float."""
LARGEST_IN_FULL = 1e16
"""From here on the ones are none of a float's digits, and numbers are written with an exponent, as Python does."""


def _noise(value: float) -> float:
    # A row is within 4 ulp (docs/accuracy.md), and so may be the number that the author took it from.
    return 8.0 * math.ulp(value) if math.isfinite(value) else 0.0


def _as_fraction(value: float) -> str:
    """The fraction of small numbers that a number is, or its decimals."""
    near = Fraction(value).limit_denominator(1000)
    is_near = abs(value) < LARGEST_IN_FULL and abs(float(near) - value) <= _NEAR * abs(value)
    return str(near) if is_near else short_number(value, 6)


class _Form(NamedTuple):
    """How a decimal number is written.

    Attributes:
        mantissa: its digits, without a sign and without what stands between groups.
        group: what stands between groups of three digits.
        power: the exponent's text, with the sign of multiplication; "" where there is none.
        exponent: the exponent.
        dots: dots that say that digits were left off.
        percent: the sign of percent, with the space before it.
    """

    mantissa: str
    group: str
    power: str
    exponent: int
    dots: str
    percent: str

    @property
    def decimals(self) -> int:
        """How many digits stand after the point of the mantissa."""
        return len(self.mantissa.partition(".")[2])

    def scaled(self, value: float) -> float:
        """The number whose digits are written, 33.2 for 33.2%."""
        return value * 100.0 if self.percent else value

    def written(self, value: float, digits: int) -> str:
        """``value`` in this form; ``digits`` significant digits where it has an exponent.

        Where its ones are none of a float's digits, it is written with an exponent whatever the form.
        """
        scaled = self.scaled(value)
        if self.power:
            mantissa, _, exponent = f"{scaled:.{digits - 1}e}".partition("e")
            return mantissa + self._raised(exponent) + self.dots + self.percent
        if not abs(scaled) < LARGEST_IN_FULL:
            return repr(value)
        if self.dots:  # the shortest decimals that are this float are what is cut: 0.3 is no 0.29…
            cut = Decimal(repr(scaled)).quantize(Decimal(1).scaleb(-self.decimals), ROUND_DOWN)
            return f"{cut:f}{self.dots}{self.percent}"
        text = f"{scaled:,.{self.decimals}f}" if self.group else f"{scaled:.{self.decimals}f}"
        return text.replace(",", self.group) + self.percent

    def _raised(self, exponent: str) -> str:
        """The power of ten, as this one is written."""
        if self.power[0] in "eE":
            return f"e{exponent}"
        head, tail = self.power[: self.power.index("10") + 2], self.power[self.power.index("10") + 2 :]
        number = str(int(exponent))
        head = head if head[:2] != "10" else f"×{head}"
        if tail[0] in "^{*":
            before = re.match(r"[*^{]*", tail)
            return f"{head}{before[0] if before else ''}{number}{'}' if '{' in tail else ''}"
        return head + number.translate(RAISED)


@lru_cache(maxsize=4096)
def _form(text: str) -> _Form:
    """The form of a number that was read before."""
    match = _NUMBER.fullmatch(text)
    if match is None:  # a fraction
        return _Form(text, "", "", 0, "", "")
    group = match["group"] or ("," if "," in (match["mantissa"] or "") else "")
    exponent = next((x for x in (match["e"], match["braced"], match["raised"], match["superscript"]) if x), "0")
    mantissa = (match["mantissa"] or "1").replace(group or " ", "")
    power, dots, percent = match["power"] or "", match["dots"] or "", match["percent"] or ""
    return _Form(mantissa, group, power, _exponent(exponent.translate(SUPERSCRIPTS)), dots, percent)


def _exponent(text: str) -> int:
    digits = text.lstrip("+-").lstrip("0")[:LONGEST_EXPONENT]
    return int(digits or "0") * (-1 if text.startswith("-") else 1)


def read_number(text: str) -> Printed:
    """A printed number: decimals with a point, or a fraction.

    Decimals may be in groups of three, in percent, with an exponent, with dots.

    The sign ≈ before it says nothing that its digits do not say.

    Raises:
        ValueError: for anything else, decimal commas included, and for what is too large or too small to be marked.

    >>> [read_number(x).number for x in (".05", "1,234.5", "33.2%", "1.2×10⁻³", "-7×10^-1", "2/3", "≈ 0.333…")]
    [0.05, 1234.5, 0.332, 0.0012, -0.7, 0.6666666666666666, 0.333]
    """
    printed = read_back(text)
    size = abs(printed.number)
    # A unit, and what is worked out from it, stays a normal float; and 1e-400 is no zero.
    is_zero = not size and not any(c in "123456789" for c in _form(printed.text).mantissa.partition("/")[0])
    if not (is_zero or 1e-300 <= size < math.inf) or printed.unit > 1e300:
        raise ValueError(f"{quoted(text)} is beyond the range of numbers that can be marked")
    return printed


def read_back(text: str) -> Printed:
    """A number that was written here, as `like` does, and may be of any size: its unit is a normal float all the same.

    >>> read_back("1.0e-310").unit > 0.0
    True
    """
    if not isinstance(text, str):
        raise TypeError(
            f"a printed number is a string, so that its precision is known: {str(text)!r} in place of {text!r}"
        )
    plain = text.strip().removeprefix("≈").lstrip().replace("−", "-").replace("–", "-")
    if fraction := _FRACTION.fullmatch(plain):
        if not int(fraction["under"]):
            raise ValueError(f"{quoted(text)} is no number: it is divided by 0")
        number = float(fraction["sign"] + "1") * (int(fraction["over"]) / int(fraction["under"]))
        return Printed(plain, number, max(math.ulp(number), 10.0**SMALLEST_UNIT))
    match = _NUMBER.fullmatch(plain)
    # A power of ten stands alone, or is multiplied by.
    if not match or bool(match["mantissa"]) == (match["power"] or "").startswith("1"):
        raise ValueError(f"{quoted(text)} is not a decimal number{_remedy(plain)}")
    form = _form(plain)
    exponent = form.exponent - 2 * bool(form.percent)
    last = exponent - form.decimals
    number = float(f"{match['sign']}{form.mantissa}e{exponent}")
    return Printed(plain, number, float(f"1e{min(max(SMALLEST_UNIT, last), -SMALLEST_UNIT)}"))


def _remedy(text: str) -> str:
    if re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", text, re.ASCII):
        return f"; it might be {text.replace(',', '')} or {text.replace(',', '.')}, write which"
    if re.fullmatch(r"[+-]?[\d.]+,\d+%?", text, re.ASCII):
        return "; write the decimal point as a point"
    return ""
