"""Which number a float stands for: never another one than it is, to the last digit."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from random import Random

import pytest

from autograd_tiny.symbols.exact import IRRATIONAL, Irrational, exact, fits, reduced, rounded

DIGITS = {"pi": Decimal("3.14159265358979323846264338327950288419716939937510"), "e": Decimal(1).exp(), "": Decimal(1)}


def decimal(number):
    """The number that a factor, a name and a root say, to fifty digits."""
    x = DIGITS[number.name] if number.radicand is None else (DIGITS[number.name] * number.radicand.numerator).sqrt()
    factor = Decimal(number.factor.numerator) / number.factor.denominator
    return factor / x if number.inverse else factor * x


def test_a_number_with_a_name_is_that_number_up_to_two_roundings():
    with localcontext() as context:
        context.prec = 50
        DIGITS["e"] = Decimal(1).exp()
        for x, number in IRRATIONAL.items():
            assert abs(Decimal(x) - decimal(number)) <= 2 * Decimal(math.ulp(x)), (x, number)
            assert number.radicand is None or number.radicand.denominator == 1


@pytest.mark.parametrize(
    "x",
    [math.pi, 12 * math.pi, math.pi / 12, 12 * math.pi / 12, math.pi / 180, 11 * math.pi / 180, math.e, 4 * math.e, math.e / 4,
     3 * math.e / 4, math.sqrt(2), 4 * math.sqrt(2), math.sqrt(0.5), math.sqrt(math.pi), 3 / math.sqrt(math.pi) / 4, math.sqrt(2 * math.pi),
     1 / (4 * math.sqrt(2 * math.pi)), 1 / math.pi, 4 / math.e, math.sqrt(2 / math.pi), math.sqrt(9 * math.pi / 16)],
)  # fmt: skip
def test_numbers_that_have_a_name(x):
    assert x in IRRATIONAL


@pytest.mark.parametrize("x", [13 * math.pi, math.pi / 13, math.pi / 179, 5 * math.e, math.e / 5, 5 * math.sqrt(2), 0.0, 1.0, math.sqrt(3)])
def test_numbers_that_have_none(x):
    assert x not in IRRATIONAL


def test_the_simplest_name_is_taken():
    assert IRRATIONAL[math.pi] == Irrational(Fraction(1), "pi", None, inverse=False)
    assert IRRATIONAL[math.pi / 2] == Irrational(Fraction(1, 2), "pi", None, inverse=False)
    assert IRRATIONAL[1 / math.sqrt(2)].name == ""


def test_a_label_hides_the_constant_that_it_looks_like():
    for name, labels in (("pi", {"pi"}), ("pi", {"π"}), ("e", {"e"})):
        number = Irrational(Fraction(1), name, None, inverse=False)
        assert not number.is_told_apart_from(labels)
        assert number.is_told_apart_from({"x", "p"})
    assert Irrational(Fraction(1), "", Fraction(2), inverse=False).is_told_apart_from({"", "pi", "e"})


def test_an_exact_number_is_the_float_again_and_small_where_it_can_be():
    rng = Random(0)
    for _ in range(2000):
        small = Fraction(rng.randint(-3000, 3000), rng.randint(1, 1000))
        x = float(small)
        assert exact(x) == small
        assert rounded(small) == small
        x = rng.choice([rng.uniform(-1.0, 1.0), rng.gauss(0.0, 1e9), 10.0 ** rng.uniform(-300.0, 300.0)])
        assert float(exact(x)) == x
        assert exact(x).denominator <= 1000 or exact(x) == Fraction(repr(x))


def test_a_reduced_quotient_is_the_same_quotient_of_floats():
    rng = Random(1)
    for _ in range(2000):
        over = Fraction(rng.choice([rng.randint(-50, 50), 10 ** rng.randint(0, 300), 3**600]), rng.choice([1, 3, 8, 10, 2**40]))
        under = Fraction(rng.choice([1, 1, rng.randint(1, 60), 7**300]), rng.choice([1, 1, 5, 12]))
        if not fits(over, under):
            continue
        above, below = reduced(over, under)
        assert above * under == over * below
        assert fits(above, below)


@pytest.mark.parametrize(
    ("over", "under", "written"),
    [("1/2", 1, (1, 2)), ("1/3", 1, (1, 3)), ("1/15", 1, (1, 15)), ("1/999", 1, (1, 999)), (2, 4, (1, 2)), (10, 15, (2, 3)),
     ("1/10", 1, ("1/10", 1)), ("1/20", 1, ("1/20", 1)), ("1/1000", 1, ("1/1000", 1)), ("1/1001", 1, ("1/1001", 1)), (1001, 1, (1001, 1)),
     (1, "3/10", (10, 3)), (1, "1.23", (1, "1.23")), ("1/2", 3, (1, 6)), (1, 50, (1, 50))],
)  # fmt: skip
def test_how_a_quotient_is_written(over, under, written):
    assert reduced(Fraction(over), Fraction(under)) == tuple(map(Fraction, written))


def test_what_no_float_holds_does_not_fit():
    assert fits(Fraction(0), Fraction(1))
    assert not fits(Fraction(1), Fraction(0))
    for x, y in ((Fraction(10) ** 309, 1), (1, Fraction(10) ** 309), (Fraction(1, 10**308), 1), (1, Fraction(1, 10**308))):
        assert not fits(Fraction(x), Fraction(y))
    assert fits(Fraction(10) ** 308, Fraction(1, 10**307))
