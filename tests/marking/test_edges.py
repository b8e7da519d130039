"""The edges of intervals: rounding and cutting digits, against exact decimals."""

import math
from decimal import ROUND_DOWN, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_tiny import Value, gradient, mark
from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.forms.printed import read_number
from autograd_tiny.marking.judging.numbers import chance, noise_of
from autograd_tiny.marking.marks import FAITHFUL


def decimals(places, most=10**9):
    return st.integers(-most, most).map(lambda n: Decimal(n).scaleb(-places))


def accepted(text, value):
    printed = read_number(text)
    return printed.rounds(value) or printed.cuts(value)


def honest(exact, places):
    """A number rounded or cut to so many places; a half may go either way, and of a bare 0 nothing shows that it was cut."""
    unit = Decimal(1).scaleb(-places)
    rounded = {exact.quantize(unit, rounding) for rounding in (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_HALF_DOWN)}
    cut = exact.quantize(unit, ROUND_DOWN)
    return rounded | ({cut} if cut or places else set())


@given(decimals(6), st.integers(0, 6))
def test_honest_rounding_and_honest_cutting_are_accepted(exact, places):
    assert all(accepted(f"{printed:f}", float(exact)) for printed in honest(exact, places))


@given(decimals(6), st.integers(0, 6), st.integers(-3, 3))
def test_what_neither_rounding_nor_cutting_gives_is_refused(exact, places, steps):
    unit = Decimal(1).scaleb(-places)
    printed = exact.quantize(unit, ROUND_DOWN) + steps * unit
    assert accepted(f"{printed:f}", float(exact)) is (printed in honest(exact, places))


@given(decimals(6, 10**7))
def test_a_bare_0_is_what_is_nearer_to_it_than_to_1(exact):
    assert accepted("0", float(exact)) is (abs(exact) <= Decimal("0.5"))


@given(st.integers(0, 8).flatmap(lambda k: st.tuples(st.just(k), decimals(k))), st.integers(0, 3))
def test_cutting_never_changes_a_number_without_further_digits(number, more):
    """One unit too small, at the precision at which the number is exact or at a finer one: neither rounded nor cut."""
    places, exact = number
    unit = Decimal(1).scaleb(-places - more)
    sign = -1 if exact < 0 else 1
    assert not accepted(f"{exact - sign * unit:f}", float(exact))
    assert not accepted(f"{exact + sign * unit:f}", float(exact))


@given(st.integers(1, 10**7), st.integers(-200, 200), st.integers(0, 5), st.booleans())
def test_numbers_with_an_exponent_are_printed_by_their_significant_digits(n, power, digits, negative):
    exact = Fraction(n) * Fraction(10) ** power * (-1 if negative else 1)
    value = float(exact)
    for text in (f"{value:.{digits}e}", f"{value:.{digits}e}".replace("e+", "e").upper()):
        assert read_number(text).rounds(value)
        mantissa, e, exponent = text.replace("E", "e").partition("e")
        further = Decimal(mantissa) + (-1 if negative else 1) * Decimal(1).scaleb(-digits)
        off = read_number(f"{further}{e}{exponent}")
        edge = abs(exact - Fraction(Decimal(mantissa)) * Fraction(10) ** int(exponent)) * 2 == Fraction(10) ** (int(exponent) - digits)
        assert edge or not (off.rounds(value) or off.cuts(value))


def test_below_a_power_of_ten_the_digits_of_an_exponent_stand_closer():
    assert [read_number("1.0e4").rounds(x) for x in (9960.0, 9949.0, 10499.0)] == [True, False, True]
    assert [read_number("-1e-3").rounds(x) for x in (-0.00096, -0.0006)] == [True, False]
    assert read_number("10e3").rounds(9600.0)  # written with the exponent of its neighbours
    assert read_number("10.0").rounds(9.96)


@pytest.mark.parametrize(
    ("text", "value", "rounds", "cuts"),
    [
        ("2", 3.0, False, False),
        ("0", 1.0, False, False),
        ("0", -1.0, False, False),
        ("0", 0.999, False, False),
        ("-0.0", 0.05, True, True),
        ("0.4", 0.5, False, False),
        ("0.49", 0.5, False, False),
        ("0.4", math.nextafter(0.5, 0.0), False, False),
        ("0.4", 0.4999999999, False, True),
        ("-2", -3.0, False, False),
        ("-2", -2.999, False, True),
        ("1.284", 1.2849, False, True),
        ("9.9", 10.0, False, False),
        ("9.9e3", 1e4, False, False),
        ("9.9e3", 9999.0, False, True),
        ("0.12", 0.125, True, True),
        ("0.13", 0.125, True, False),
        ("-0.13", -0.125, True, False),
        ("0.99", 0.9999999997, False, True),
        ("0.1", 1e300, False, False),
    ],
)
def test_edges(text, value, rounds, cuts):
    assert (read_number(text).rounds(value), read_number(text).cuts(value)) == (rounds, cuts)


@pytest.mark.parametrize(
    ("value", "slack", "noise", "cuts"),
    [
        (0.25, 0.25, 0.0, True),  # the edge nearer to zero belongs to it, and the one further off does not
        (0.25, 0.125, 0.125, True),
        (0.25, 0.125, 0.0, False),
        (1.75, 0.25, 0.0, False),
        (1.625, 0.25, 0.0, True),
        (1.625, 0.25, 0.125, False),
    ],
)
def test_cutting_a_number_that_is_known_to_within_so_much(value, slack, noise, cuts):
    for sign in (1.0, -1.0):
        assert read_number(f"{sign * 0.5}")._replace(unit=1.0).cuts(sign * value, slack, noise) is cuts


@pytest.mark.parametrize(
    ("text", "unit"),
    [("1.2345678e-299", 1e-306), ("1.23456789e-299", 1e-307), ("1.234567891e-299", 1e-307), ("0e-9999", 1e-307)],
)
def test_a_unit_is_no_smaller_than_a_normal_float(text, unit):
    assert read_number(text).unit == unit


def verdicts(formula, inputs, *claims):
    recorded = read_formula(formula).record(inputs)
    return [m.verdict for m in mark(recorded.output, claims).marks]


def test_one_unit_too_small_on_an_exact_value():
    assert verdicts("q = x + y", {"x": -2, "y": 5}, "q = 2", "q/x = 0") == ["wrong", "wrong"]
    assert verdicts("h = relu(a)", {"a": 2}, "h/a = 0", "h = 2") == ["wrong", "right"]
    for printed in ("0.4", "0.49", "0.499", "0.51"):
        assert verdicts("q = x * y", {"x": 0.25, "y": 2}, f"q = {printed}") == ["wrong"]


A_HALF = [(898.598, 851.235, 46.863), (481.325, 505.185, -24.360), (837.036, 230.153, 606.383), (108.418, 521.554, -413.636)]
AN_EIGHTH = [(463.789, 646.944, -183.280), (809.308, 814.423, -5.240), (12.208, 739.633, -727.550)]


@pytest.mark.parametrize("numbers", A_HALF)
def test_what_is_exact_but_for_digits_that_cancelled_is_not_cut(numbers):
    """a - b - c is 0.5, and 0.49999999999988631 and the like in floats."""
    a, b, c = numbers
    assert 1e-15 < abs(a - b - c - 0.5) < 2e-13
    given = {"a": a, "b": b, "c": c}
    assert verdicts("q = a - b - c", given, "q = 0.4") == verdicts("q = a - b - c", given, "q = 0.499") == ["wrong"]
    assert verdicts("p = a - b; q = p - c; r = 3*q", given, "q = 0.5", "r = 1.49") == ["right", "wrong"]


@pytest.mark.parametrize("numbers", AN_EIGHTH)
def test_a_half_but_for_digits_that_cancelled_is_rounded_either_way(numbers):
    given = dict(zip("abc", numbers))
    for printed in ("0.12", "0.13"):
        assert verdicts("q = a - b - c", given, f"q = {printed}") == ["right"]
    assert verdicts("q = a - b - c", given, "q = 0.11") == ["wrong"]


def test_the_noise_of_a_number_is_what_rounding_errors_may_move():
    a, b, c = map(Value, A_HALF[0])
    assert abs((a - b - c).data - 0.5) <= noise_of(a - b - c) < 1e-12
    assert noise_of(0.5) == 8.0 * math.ulp(0.5)


DECIMALS = st.lists(st.integers(-99, 99), min_size=6, max_size=6), st.integers(0, 2)


@settings(deadline=None, max_examples=5)
@given(*DECIMALS)
def test_planted_numbers_one_unit_too_small_are_all_blamed(numbers, places):
    check_one_unit_too_small(numbers, places)


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(*DECIMALS)
def test_many_planted_numbers_one_unit_too_small_are_all_blamed(numbers, places):
    check_one_unit_too_small(numbers, places)


def check_one_unit_too_small(numbers, places):
    """A neuron and a square of exact decimals; every number one unit too small in turn, the rest of the page right."""
    exact = dict(zip(("w", "x", "v", "y", "b", "t"), (Decimal(n).scaleb(-places) for n in numbers)))
    w, x, v, y, b, t = exact.values()
    z = w * x + v * y + b
    h = max(z, Decimal(0))
    page = {"z": z, "h": h, "h/z": Decimal(int(z > 0)), "e": h - t, "E": (h - t) ** 2, "E/e": 2 * (h - t), "e/t": Decimal(-1), "z/w": x}
    recorded = read_formula("z = w*x + v*y + b; h = relu(z); e = h - t; E = e**2").record({name: float(d) for name, d in exact.items()})
    for quantity, number in page.items():
        for unit in (Decimal(1).scaleb(number.as_tuple().exponent), Decimal("0.1").scaleb(number.as_tuple().exponent)):
            planted = {q: f"{d:f}" for q, d in page.items()}
            planted[quantity] = f"{number - unit.copy_sign(number):f}"
            report = mark(recorded.output, planted)
            slip = report.marks[list(page).index(quantity)]
            assert slip.verdict not in FAITHFUL, (quantity, planted)
            assert all(m.verdict == "right" for m in report.marks if m is not slip)


def test_a_factor_left_out_is_not_named_where_it_gives_another_number():
    """0.36 left without its factor is not 0.35 with digits cut off."""
    slip = mark(read_formula("y = k * p * q").record({"k": 0.2, "p": 0.6, "q": 0.6}).output, ["y = 0.35"]).marks[0]
    assert (slip.verdict, slip.mistake) == ("wrong", "")


def test_numbers_from_before_an_edit_do_not_meet_at_an_edge():
    """y = 2 allows no v = 3, with which alone u = 6.0 agrees up to its edge."""
    v = Value(7.0, "v")
    y, u = v * 1.0, v * 2.0
    y.label, u.label = "y", "u"
    out = y * u
    out.label = "out"
    report = mark(out, ["y = 2.00000", "u = 6.00002"])
    assert report.counts == {"wrong": 2}


@pytest.mark.parametrize("printed", ["3.00", "0.0", "1e300", "1e-300", "-2.5e-290"])
def test_numbers_that_overflow(printed):
    """1e200 squared is infinite; its derivatives are not.  No number is right for it, and none crashes."""
    assert not set(FAITHFUL).intersection(verdicts("y = w * x", {"x": 1e200, "w": 2.0}, f"y = {printed}", f"y/w = {printed}"))
    x = Value(1e200, "x")
    y = x * x
    y.label = "y"
    found = mark(y, [f"y = {printed}", f"y/x = {printed}"]).marks
    assert set(FAITHFUL).isdisjoint(m.verdict for m in found)
    assert found[0].sentence.startswith(f"y should be inf, not {printed}")


CANCELLED = [
    ("u = (w / gelu(3)); v = silu(2 - w) + w / u", {"w": 1e-5}),
    ("u = w - sin(1) + w / w; v = cos(u + w)", {"w": 1e-5}),
    ("v = (w - 1e6) - (w - 1e6) * x", {"w": 0.1, "x": 1 + 1e-9}),
]


@pytest.mark.parametrize(("formula", "inputs"), CANCELLED)
def test_what_the_engine_gives_is_right_with_all_its_digits_also_where_most_have_cancelled(formula, inputs):
    """Worked out by another formula, as the marker does, it has other digits at its end."""
    recorded = read_formula(formula).record(inputs)
    (slope,) = gradient(recorded.output, [recorded.nodes["w"]])
    for text in (repr(slope.data), f"{slope.data:.12g}"):
        assert [m.verdict for m in mark(recorded.output, [f"v/w = {text}"]).marks] == ["right"]
    assert [m.verdict for m in mark(recorded.output, [f"v/w = {slope.data * 1.001!r}"]).marks] != ["right"]


@pytest.mark.parametrize(
    ("text", "right", "value", "slack", "likely"),
    [
        ("0.5", 0.4, 0.3, 0.0, 0.15 / 0.5),  # rounding reaches 0.05 to one side and cutting digits 0.1 to the other
        ("0.5", 0.4, 0.3, 0.01, 0.17 / 0.5),
        ("0.5", -0.8, 0.3, 0.0, 0.15 / 0.8),
        ("0.5", 0.4, -1.5, 0.0, 0.15 / 1.5),
        ("-0.50", 0.4, 0.3, 0.0, 0.015 / 0.5),
        ("0.5", 0.4, 0.3, 0.2, 1.0),
        ("0.0", 0.0, 0.0, 0.0, 1.0),
    ],
)
def test_how_likely_a_number_fits_by_chance(text, right, value, slack, likely):
    assert chance(read_number(text), right, value, slack=slack) == pytest.approx(likely, rel=1e-12)
    if not slack:
        assert chance(read_number(text), right, value) == pytest.approx(likely, rel=1e-12)
