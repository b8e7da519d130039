"""Every form of a printed number stands for exactly the numbers that it says, by exact arithmetic on what is printed."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_tiny import Value, mark
from autograd_tiny.marking.forms.printed import read_back, read_number

FORMS = {
    "{whole}.{digits}": 0,
    ".{digits}": 0,
    "{thousands},{hundreds}.{digits}": 0,
    "{thousands} {hundreds}.{digits}": 0,
    "{thousands}\u202f{hundreds}": 0,
    "{whole}.{digits}%": -2,
    "{whole} %": -2,
    "{whole}.{digits}e{power}": 1,
    "{whole}.{digits}×10^{power}": 1,
    "{whole}.{digits} · 10^{{{power}}}": 1,
    "{whole}.{digits}*10**{power}": 1,
    "{whole}.{digits}×10{superscript}": 1,
    "{whole}.{digits}…": 0,
    "{whole}.{digits}...": 0,
    "{whole}.{digits}…%": -2,
}
SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
numbers = st.fixed_dictionaries(
    {
        "form": st.sampled_from(sorted(FORMS)),
        "sign": st.sampled_from(["", "-", "−", "+"]),
        "whole": st.integers(2, 999),
        "thousands": st.integers(1, 999),
        "hundreds": st.integers(0, 999).map("{:03d}".format),
        "digits": st.integers(0, 99999).map("{:05d}".format).flatmap(lambda d: st.integers(1, 5).map(lambda n: d[:n])),
        "power": st.integers(-9, 9),
        "beyond": st.fractions(min_value=-2, max_value=2, max_denominator=1000),
    }
)


def exactly(number):
    """The text, the number and one unit of its last digit, as fractions."""
    form, power = number["form"], number["power"]
    text = number["sign"] + form.format(**number, superscript=str(power).translate(SUPERSCRIPT))
    whole = f"{number['thousands']}{number['hundreds']}" if "thousands" in form else "" if form.startswith(".") else str(number["whole"])
    digits = number["digits"] if "{digits}" in form else ""
    exponent = Fraction(10) ** (power if FORMS[form] == 1 else FORMS[form])
    unit = exponent / 10 ** len(digits)
    return text, int(whole + digits) * unit * (-1 if number["sign"] in ("-", "−") else 1), unit


@settings(max_examples=150, deadline=None)
@given(numbers)
def test_which_numbers_a_print_stands_for(number):
    text, exact, unit = exactly(number)
    printed = read_number(text)
    assert printed.number == float(exact)
    assert printed.unit == pytest.approx(float(unit), rel=1e-12)
    outward = number["beyond"] * (-1 if exact < 0 else 1)  # in units, away from zero
    value = float(exact + outward * unit)
    if min(abs(2 * number["beyond"] - edge) for edge in range(-4, 5)) > Fraction(1, 500):  # beside an edge floats decide
        rounds, cuts = abs(number["beyond"]) < Fraction(1, 2), 0 <= number["beyond"] < 1
        if exact:  # zero has no side
            assert (printed.rounds(value), printed.cuts(value)) == (rounds, cuts)
            assert printed.states(value) == (cuts if "…" in text or "..." in text else rounds)


@settings(max_examples=100, deadline=None)
@given(numbers, st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-3))
def test_what_is_written_alike_is_read_back_as_that_number(number, value):
    printed = read_number(exactly(number)[0])
    alike = read_number(printed.like(value))
    assert alike.states(value, slack=1e-12 * abs(value))
    assert type(printed).like(alike, value) == alike.text


@pytest.mark.parametrize(
    ("text", "value", "alike"),
    [
        ("10^-3", 0.02, "2×10^-2"),  # a power of ten alone gets a sign of multiplication
        ("10⁻³", 0.02, "2×10⁻²"),
        ("1.2·10^{-3}", 0.0456, "4.6·10^{-2}"),
        ("1.2*10**-3", 0.0456, "4.6*10**-2"),
        ("1.2 × 10^3", 0.0456, "4.6 × 10^-2"),
        ("12,345.0", 1234567.89, "1,234,567.9"),
        ("12 345.0", 1234567.89, "1 234 567.9"),
        ("1/2", 9e15, "9000000000000000"),
        ("1/2", 1e16, "1e16"),  # from here on floats have no ones
        ("0.300", 1e16, "1e+16"),
        ("0.3…", 0.3, "0.3…"),
        ("25.0…%", 0.0034567, "0.3…%"),
    ],
)
def test_a_number_is_written_in_the_form_of_another(text, value, alike):
    assert read_number(text).like(value) == alike


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1,234", "it might be 1234 or 1.234, write which"),
        ("0,332", "write the decimal point as a point"),
        ("-1.234,5", "write the decimal point as a point"),
        ("12,34.5", ""),
        ("1,234 567.8", ""),
        ("2/0", "divided by 0"),
        ("1.5/3", ""),
        ("3×10", ""),
        ("310^2", ""),
        ("e5", ""),
        ("%", ""),
        ("…", ""),
        ("0.3….", ""),
        ("5 %%", ""),
        ("1/3%", ""),
    ],
)
def test_what_could_be_misread_is_refused(text, says):
    with pytest.raises(ValueError, match=f"{text.replace('^', '.')}.*{says}" if says else "is not a decimal number"):
        read_number(text)


def marked(printed, value):
    """The verdict on a number printed for ``value``, a Value that is given."""
    y = Value(value, "x") * 1.0
    y.label = "y"
    return mark(y, {"y": printed}).marks[0]


@pytest.mark.parametrize(
    ("printed", "value", "verdict"),
    [
        ("2/3", 2 / 3, "right"),
        ("2/3", 0.6667, "wrong"),  # a fraction is exact
        ("-1/3", -1 / 3, "right"),
        ("0.666…", 2 / 3, "right"),
        ("0.667…", 2 / 3, "rounded"),
        ("0.665…", 2 / 3, "wrong"),
        ("66.7%", 2 / 3, "right"),
        ("66.6%", 2 / 3, "rounded"),
        ("≈ 0.67", 2 / 3, "right"),
        ("1,234.6", 1234.56, "right"),
        ("1.2×10⁻³", 0.00123, "right"),
        ("1.0×10⁴", 9960.0, "right"),  # below a power of ten digits stand closer
        ("1.0×10⁴", 9940.0, "wrong"),
        ("10⁻³", 0.00104, "right"),
        ("10⁻³", 0.1, "mistake"),
    ],
)
def test_verdicts_on_each_form(printed, value, verdict):
    assert marked(printed, value).verdict == verdict


@pytest.mark.parametrize(
    ("printed", "value", "engine", "mistake"),
    [
        ("-33.3%", 1 / 3, "33.3%", "sign"),
        ("-2/3", 2 / 3, "2/3", "sign"),
        ("31.3%", 0.133, "13.3%", "digits swapped"),
        ("4.56×10⁻³", 0.0456, "4.56×10⁻²", "decimal place"),
        ("1,243.5", 1234.5, "1,234.5", "digits swapped"),
    ],
)
def test_mistakes_are_found_and_told_in_the_form_that_was_printed(printed, value, engine, mistake):
    found = marked(printed, value)
    assert (found.engine, found.mistake) == (engine, mistake)


SIZES = (5e-324, 1e-310, -1e-305, 1e-301, -0.004, 0.0, -0.0, 1e16, 1.25e17, -1e155, 1e300, 1.7e308)
WRONG = ("0.2", "3", "-1.50", "1.5e-3", "1e-300", "2e299", "20%", "1/3", "0.333…", "1.2×10⁻³", "1,234.5", "5.0…%")


@pytest.mark.parametrize("text", WRONG)
@pytest.mark.parametrize("value", SIZES)
def test_a_wrong_number_is_marked_whatever_the_size_of_the_right_one(value, text):
    """What is told may be no number that a page could print, and it stands for the right one, and has no sign at 0."""
    (found,) = mark(Value(value, "x"), [f"x = {text}"]).marks
    assert found.verdict != "right"
    for told in (found.right, found.engine):
        assert len(told) <= 24
        assert not told.startswith("-") or read_back(told).number
    assert read_back(found.right).states(value)


@pytest.mark.parametrize("text", ["1e-" + "9" * 5000, "1×10^" + "9" * 5000, "1" * 5000, "0." + "0" * 5000 + "1", "x" * 5000])
def test_what_is_far_too_long_is_refused_in_a_short_sentence(text):
    with pytest.raises(ValueError, match=r"is beyond the range of numbers|is not a decimal number") as caught:
        read_number(text)
    assert len(str(caught.value)) < 200


def test_an_exponent_may_have_zeros_in_front():
    assert read_number("1.5e+" + "0" * 5000 + "3").number == 1500.0
    assert read_number("1.5×10⁻⁰⁰³").number == 0.0015


@pytest.mark.parametrize("text", ["1e-300", "-2.8284271247461904e-300", "1.234e303", "0/3", "-0", "0e-999", "0." + "0" * 400])
def test_numbers_at_the_ends_of_the_range_are_read_with_all_their_digits(text):
    printed = read_number(text)
    assert printed.number == (0.0 if text.startswith(("0", "-0")) else float(text))
    assert printed.states(printed.number)
    assert not printed.states(printed.number + 2.0 * printed.unit)


@pytest.mark.parametrize("text", ["1e-301", "1e301", "-5e-301", "1e400", "0e999", "1e-400", "0." + "0" * 400 + "1"])
def test_numbers_beyond_the_range_are_refused_and_are_no_formulas(text):
    with pytest.raises(ValueError, match="is beyond the range of numbers that can be marked"):
        mark(Value(1.0, "x") * 2.0, [f"x = {text}"])


def test_a_sign_that_is_written_twice_separates_once():
    assert [m.verdict for m in mark(Value(2.0, "x"), ["x =≈ 2", "x = ≈ 2.0"]).marks] == ["right", "right"]
