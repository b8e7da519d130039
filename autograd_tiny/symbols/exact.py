"""Which number a float stands for: a fraction, decimals, a multiple of pi, e or a root."""

from __future__ import annotations

import math
import sys
from collections.abc import Container
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from autograd_tiny.symbols.latex import GREEK
from autograd_tiny.text.numbers import plain_number

ONE = Fraction(1)
LARGEST_OF_A_FRACTION = 1000
"""A number is written as a fraction of whole numbers up to this if it equals that exactly; else in decimals."""
SMALLEST, LARGEST = Fraction(sys.float_info.min), Fraction(sys.float_info.max)
NAMED = {"pi": math.pi, "e": math.e}


@lru_cache(maxsize=4096)
def exact(value: float) -> Fraction:
    """What a float stands for: a small fraction if it is exactly the nearest float, else its decimals."""
    small = Fraction(value).limit_denominator(LARGEST_OF_A_FRACTION)
    return small if float(small) == value else Fraction(repr(value))


def rounded(number: Fraction) -> Fraction:
    """What is left of a number when a float has held it, so that no number grows."""
    return ONE if number == 1 else exact(float(number))


def fits(*numbers: Fraction) -> bool:
    """Whether numbers are floats of full precision, the second not 0."""
    if not numbers[1]:
        return False
    return all(not x or SMALLEST <= abs(x) <= LARGEST for x in numbers)


@lru_cache(maxsize=4096)
def reduced(over: Fraction, under: Fraction) -> tuple[Fraction, Fraction]:
    """A quotient of two numbers in the way it is written: as decimals, as a fraction of whole numbers, or as it is."""
    quotient = over / under
    whole = Fraction(quotient.numerator), Fraction(quotient.denominator)
    if not fits(*whole):
        return over, under
    if under == 1:
        is_small = max(whole) <= LARGEST_OF_A_FRACTION
        return whole if is_small and not _has_fifths(quotient.denominator) else (over, under)
    return min(whole, (over, under), key=lambda pair: sum(len(plain_number(float(x))) for x in pair))


def _has_fifths(denominator: int) -> bool:
    """Whether decimals are what people write: tenths, twentieths, hundredths, but no halves, thirds or eighths."""
    return denominator % 5 == 0 and 10 ** denominator.bit_length() % denominator == 0


class Irrational(NamedTuple):
    """``factor`` times, or divided by, a constant with a name, or the root of ``radicand`` times that constant."""

    factor: Fraction
    name: str
    radicand: Fraction | None
    inverse: bool

    def is_told_apart_from(self, labels: Container[str]) -> bool:
        """Whether no label looks like the name of the constant, so that the name means that."""
        return not self.name or not (self.name in labels or GREEK.get(self.name) in labels)


def _irrationals() -> dict[float, Irrational]:
    """The floats that are small multiples of pi, e and some roots, in every order in which they are computed."""
    found: dict[float, Irrational] = {}
    small, angles = list(product(range(1, 5), repeat=2)), list(product(range(1, 13), [*range(1, 13), 180]))
    named: list[tuple[str, Fraction | None]] = [
        ("e", None),
        ("", Fraction(2)),
        ("pi", Fraction(1)),
        ("pi", Fraction(2)),
    ]
    multiples = [*product(small, named), *product(angles, [("pi", None)])]
    for ((n, d), (name, radicand)), inverse in product(
        sorted(multiples, key=lambda multiple: sum(multiple[0])), (False, True)
    ):
        inside = NAMED.get(name, 1.0) * float(radicand or 1)
        x = inside if radicand is None else math.sqrt(inside)
        values = [n / (d * x), n / d / x] if inverse else [n * x / d, n / d * x]
        if radicand is not None:
            values.append(math.sqrt(n * n / (d * d * inside) if inverse else n * n * inside / (d * d)))
        for value in values:
            found.setdefault(value, Irrational(Fraction(n, d), name, radicand, inverse))
    return found


IRRATIONAL = _irrationals()
"""By the float."""
