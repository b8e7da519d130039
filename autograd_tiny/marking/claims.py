"""Claims: the numbers on a page, what each is said to be, and how precisely it was printed.

A number is kept as the string that was printed, since ``0.2040`` says more than ``0.204``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

from autograd_tiny.text.excerpts import Spot
from autograd_tiny.text.numbers import short_number


class Quantity(NamedTuple):
    """What a number is said to be.

    Attributes:
        kind: ``data`` of a node; ``derivative`` of the first node by the second; ``path``: the product of the derivatives
            of each node by the next one; ``updated``: a parameter after a step of gradient descent.
        nodes: the labels it speaks of.

    >>> str(Quantity("derivative", ("E", "w"))), str(read_quantity("w'"))
    ('∂E/∂w', "w'")
    """

    kind: str
    nodes: tuple[str, ...]

    def __str__(self) -> str:
        if self.kind == "data":
            return self.nodes[0]
        if self.kind == "updated":
            return f"{self.nodes[0]}'"
        return "·".join(f"∂{a}/∂{b}" for a, b in pairwise(self.nodes))


def data(label: str) -> Quantity:
    """The number of a node."""
    return Quantity("data", (label,))


def derivative(of: str, by: str) -> Quantity:
    """The derivative of one node by another."""
    return Quantity("derivative", (of, by))


def updated(label: str) -> Quantity:
    """A parameter after a step of gradient descent."""
    return Quantity("updated", (label,))


def read_quantity(text: str) -> Quantity:
    """``z`` a node's data, ``E/w`` a derivative, ``E/z/w`` the product along a path, ``w'`` a parameter after its update.

    A derivative may be written with its signs, too: ``∂E/∂w``, and a path as a product, ``∂E/∂z·∂z/∂w``.  Whether ``dE/dw``
    is meant so depends on what the nodes are called: `without_d`.
    """
    if not isinstance(text, str):
        raise TypeError(f"a claim names nodes by their labels, as 'z' or 'E/w', got {text!r}")
    factors = [[label.strip().removeprefix("∂") for label in factor.split("/")] for factor in text.split("·")]
    nodes = factors[0]
    for before, factor in pairwise(factors):
        if len(before) < 2 or len(factor) < 2 or before[-1] != factor[0]:
            raise ValueError(f"{text!r}: each derivative of a path begins with the node where the one before it ends")
        nodes = nodes + factor[1:]
    if "" in nodes:
        raise ValueError(f"{text!r} is no quantity; write z, E/w for ∂E/∂w, E/z/w for a path, or w' for w after its update")
    if len(nodes) == 1:
        return updated(nodes[0].removesuffix("'")) if nodes[0].endswith("'") else data(nodes[0])
    return Quantity("derivative" if len(nodes) == 2 else "path", tuple(nodes))


def without_d(quantity: Quantity, labels: Container[str]) -> Quantity:
    """A derivative that was written ``dE/dw``, by the labels E and w; any other quantity, and where a node is called dE, as it is.

    >>> str(without_d(read_quantity("dE/dw"), {"E", "w"})), str(without_d(read_quantity("dE/dw"), {"dE", "dw", "E", "w"}))
    ('∂E/∂w', '∂dE/∂dw')
    """
    if quantity.kind not in ("derivative", "path") or quantity.nodes[0] in labels:
        return quantity
    bare = tuple(label[1:] for label in quantity.nodes if label[0] == "d" and label[1:] in labels)
    return quantity._replace(nodes=bare) if len(bare) == len(quantity.nodes) else quantity


class Printed(NamedTuple):
    """A number as it was printed.

    Attributes:
        text: what was printed.
        number: its value.
        unit: one unit of its last digit.
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

    def rounds(self, value: float, slack: float = 0.0, noise: float | None = None) -> bool:
        """Whether ``value``, known to within ``slack``, rounds to this number.

        An edge belongs to both of its sides, since some round a half up and some to even.  Below a power of ten that is
        written with an exponent, as 1.0e4, digits stand closer: 9960 rounds to it, and 9600 is 9.6e3.

        Args:
            value: the number that was worked out.
            slack: how far the number that was meant may be from it, because others were rounded.
            noise: the most that the engine's own rounding may have moved it; a few units in its last place if not given.

        >>> read_number("0.938").rounds(0.93876), read_number("0.939").rounds(0.93876)
        (False, True)
        """
        beyond = self._beyond(value)
        half = 0.5 * (self.unit if beyond >= 0.0 else self._unit_below)
        return abs(beyond) <= half + slack + (_noise(value) if noise is None else noise)

    def cuts(self, value: float, slack: float = 0.0, noise: float | None = None) -> bool:
        """Whether this number is ``value``, known to within ``slack``, with its further digits cut off.

        That is from this number on and below the next one: a number that has no further digits is not changed by cutting
        them, so that what may be the next number but for ``noise`` is taken for it.  The arguments are those of `rounds`.

        >>> read_number("0.938").cuts(0.93876), read_number("-0.938").cuts(-0.93876)
        (True, True)
        >>> read_number("0.4").cuts(0.5), read_number("2").cuts(3.0), read_number("2").cuts(2.99)
        (False, False, True)
        """
        noise = _noise(value) if noise is None else noise
        return -slack - noise <= self._beyond(value) < self.unit + slack - noise

    def _beyond(self, value: float) -> float:
        """How much further from zero ``value`` is than this number; zero has the side of the value."""
        return (value - self.number) * math.copysign(1.0, self.number or value)

    @property
    def _unit_below(self) -> float:
        """One unit of the last digit of what is a little nearer to zero than this number."""
        return 0.1 * self.unit if re.match(r"[+-]?1(\.0*)?[eE]", self.text) else self.unit

    def shortens(self, other: Printed) -> bool:
        """Whether this is another number with fewer digits, rounded or cut off.

        >>> read_number("0.77").shortens(read_number("0.773")), read_number("0.71").shortens(read_number("0.773"))
        (True, False)
        """
        return self.unit > other.unit and (self.rounds(other.number) or self.cuts(other.number))

    def is_near_an_edge(self, value: float) -> bool:
        """Whether rounding errors might decide between the sides of an edge: a whole or a half of the last digit.

        Edges further off than two units are those of other numbers.  A thousandth of half a unit is far more than the errors of
        numbers that are printed with all their digits; it only spares the work of finding out how large those are.
        """
        halves = 2.0 * (value - self.number) / self.unit
        return abs(halves) < 4.0 and abs(halves - round(halves)) < 1e-3

    def like(self, value: float) -> str:
        """``value`` written as this number is, with as many decimal places.

        >>> read_number("4.001").like(3.99996), read_number("1.20e-3").like(0.00123456)
        ('4.000', '1.23e-03')
        """
        if not math.isfinite(value):
            return str(value)
        if "e" in self.text.lower():
            return f"{value:.{max(self.digits - 1, 0)}e}"
        return f"{value:.{self.places}f}"

    def beside(self, value: float) -> str:
        """``value`` as it is told beside this number: like it, but with 3 significant digits at least where it has them.

        Zero has no sign, and what is nothing but rounding beside this number is zero.

        >>> read_number("0.5").beside(0.4361), read_number("1").beside(-0.2181), read_number("1").beside(-0.0)
        ('0.436', '-0.218', '0')
        >>> read_number("3").beside(2.0), read_number("0.50").beside(0.00012345), read_number("2e3").beside(2346.0)
        ('2', '0.000123', '2.35e+03')
        """
        if abs(value) <= _NOTHING * max(abs(self.number), self.unit):
            value = 0.0
        alike = self.like(value)
        if not math.isfinite(value) or abs(float(alike) - value) <= _noise(value):
            return alike
        power = math.floor(math.log10(abs(value)))
        if "e" in self.text.lower():
            return f"{value:.{max(self.digits - 1, 2)}e}"
        return alike if power + 1 + self.places >= 3 else short_number(value, 3)


class Unread(Printed):
    """An answer that is no number: a blank, or something that cannot be read.

    >>> str(read_claim("z = ").printed.text), unread("two").number
    ('', nan)
    """

    __slots__ = ()

    def like(self, value: float) -> str:
        """``value`` as it is told where nothing says how precisely."""
        return short_number(value, 4)

    def beside(self, value: float) -> str:
        """The same."""
        return self.like(value)


def unread(text: str) -> Unread:
    """An answer that is no number."""
    return Unread(text, math.nan, 1.0)


_NOTHING = 1e-14
"""The largest share of a printed number that is taken for the engine's own rounding: that of some fifty operations, each by half
of 2.2e-16, all to one side."""


def _noise(value: float) -> float:
    # A row is within 4 ulp (docs/accuracy.md), and so may be the number that the author took it from.
    return 8.0 * math.ulp(value) if math.isfinite(value) else 0.0


def read_number(text: str) -> Printed:
    """A printed decimal number: a sign, digits, a point, an exponent, spaces around.

    Raises:
        ValueError: for anything else, decimal commas included.
    """
    if not isinstance(text, str):
        raise TypeError(f"a printed number is a string, so that its precision is known: {str(text)!r} in place of {text!r}")
    plain = text.strip().replace("−", "-")
    match = re.fullmatch(r"[+-]?(\d+(\.(\d*))?|\.(\d+))([eE]([+-]?\d+))?", plain, re.ASCII)
    if not match:
        hint = "; write the decimal point as a point" if re.fullmatch(r"[+-]?\d+,\d+", plain) else ""
        raise ValueError(f"{text!r} is not a decimal number{hint}")
    exponent = int(match[6] or 0) - len(match[3] or match[4] or "")
    number = float(plain)
    if not math.isfinite(number) or not -300 <= exponent <= 300:  # a unit, and what is worked out from it, stays a normal float
        raise ValueError(f"{text!r} is beyond the range of numbers that can be marked")
    return Printed(plain, number, float(f"1e{exponent}"))


class ClaimError(ValueError):
    """What is wrong with a claim.

    Attributes:
        number: which claim it is, counted from 0.
    """

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.number = number


class Claim(NamedTuple):
    """One number on a page.

    Attributes:
        quantity: what it is said to be.
        printed: the number.
        section: where on the page it stands.
        said: what the page calls the quantity, where that is not what it is called here.
        spot: where in its file it stands, if it has one.
    """

    quantity: Quantity
    printed: Printed
    section: str = ""
    said: str = ""
    spot: Spot | None = None

    @property
    def called(self) -> str:
        """The quantity as it is called on the page."""
        return self.said or str(self.quantity)


def read_claim(text: str, section: str = "") -> Claim:
    """A claim as a line of text: what it is said to be, an equals sign, the number.

    >>> read_claim("E/w = -0.3010").printed.unit
    0.0001
    """
    if not isinstance(text, str):
        raise TypeError(f"a claim is a line of text, as 'z = 1.25', or a Claim; got {text!r}")
    left, equals, right = text.rpartition("=")
    if not equals:
        raise ValueError(f"{text!r} is no claim; write it as 'z = 1.25' or 'E/w = -0.301'")
    return Claim(read_quantity(left.strip()), read_answer(right), section)


def read_answer(text: str) -> Printed:
    """A printed number, or the blank that is left where nobody answered."""
    return read_number(text) if not isinstance(text, str) or text.strip() else unread("")


def answered(text: str) -> Printed:
    """What somebody wrote down: a printed number, a blank, or something that cannot be read, which is marked as such."""
    try:
        return read_answer(text)
    except ValueError:
        return unread(text.strip())


def read_claims(claims: Mapping[str, str] | Iterable[Claim | str]) -> list[Claim]:
    """Claims in any of the forms `mark` takes them: a mapping, lines of text, Claims themselves."""
    if isinstance(claims, Mapping):
        return [Claim(read_quantity(quantity), read_answer(printed)) for quantity, printed in claims.items()]
    if not isinstance(claims, Iterable):
        raise TypeError(f"claims are given by name, as {{'z': '1.25'}}, or as lines, 'z = 1.25'; got {claims!r}")
    if isinstance(claims, str):
        claims = [line for line in claims.splitlines() if line.strip()]
    return [claim if isinstance(claim, Claim) else read_claim(claim) for claim in claims]


def read_input(text: str, claims: Iterable[Claim], labels: Container[str]) -> Printed:
    """An input as a page gives it: a number as it was printed, or what a claim printed, by what that speaks of.

    Of several claims about it, the one with the most decimal places counts.

    Raises:
        ValueError: the text is neither.

    >>> read_input("0.12", [], ()).unit, read_input("w'", [read_claim("w' = 0.125")], {"w"}).text
    (0.01, '0.125')
    """
    if not isinstance(text, str) or text.strip()[:1] in tuple("+-−.0123456789"):
        return read_number(text)
    quantity = without_d(read_quantity(text), labels)
    if printed := [claim.printed for claim in claims if claim.quantity == quantity and not isinstance(claim.printed, Unread)]:
        return min(printed, key=lambda x: x.unit)
    raise ValueError(f"an input is a number, got {text!r}; as text it is a printed number, '0.12', or what a claim speaks of, as w'")
