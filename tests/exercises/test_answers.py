"""Answers as they are entered, against decimal arithmetic; what is said of a sheet of them."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_tiny import Value
from autograd_tiny.exercises import Exercise
from autograd_tiny.exercises.answers import has_digits, read_answer, unit_of
from autograd_tiny.marking.forms.printed import read_number
from autograd_tiny.text.palette import VERDICTS

DIGITS = st.integers(1, 12)


@given(st.floats(1e-9, 1e9) | st.integers(-8, 8).map(lambda k: 10.0**k), DIGITS, st.sampled_from([0.0, -3e-16, 3e-16]))
def test_one_unit_is_the_place_of_the_last_digit_whatever_the_last_bits_are(x, digits, noise):
    unit = float(Decimal(10) ** (Decimal(f"{x:.11e}").adjusted() - digits + 1))
    assert unit_of(-x * (1.0 + noise), digits) == unit_of(x, digits) == unit
    assert (unit_of(9.99999999996, 3), unit_of(9.999999999996, 3)) == (0.01, 0.1)


@given(st.integers(1, 10**9), st.integers(0, 6), DIGITS, st.sampled_from(["", "-", "+", "0", "−"]))
def test_zeros_behind_the_digits_that_are_asked_for_are_not_known(n, zeros, digits, sign):
    text = f"{n}{'0' * zeros}"
    trailing = len(text) - len(text.rstrip("0"))
    found = read_answer(f" {sign}{text} ", digits)
    assert found.printed.unit == 10.0 ** min(trailing, max(0, len(text) - digits))
    assert found.printed.number == (-1 if sign in ("-", "−") else 1) * int(text)
    assert found.text == sign + text


@given(st.decimals("-1000", "1000", places=5), DIGITS)
def test_a_decimal_number_counts_with_the_digits_that_it_has(number, digits):
    assert read_answer(f"{number:f}", digits).printed.unit == pytest.approx(1e-5)


@given(st.floats(0.001, 999.0), DIGITS, st.integers(1, 14))
def test_a_right_number_needs_as_many_digits_as_are_asked_for_or_as_there_are(value, digits, given):
    text = f"{value:.{given - 1}e}"
    asked = Decimal(f"{value:.{digits - 1}e}")
    assert has_digits(read_number(text), value, digits) == (given >= digits or Decimal(text) == asked)


def test_a_long_text_is_told_in_short_and_a_number_counts_with_all_its_digits():
    assert read_answer("no" * 40, 3).problem == f"'{'no' * 13}n...' is no decimal number."
    assert read_answer(f"{'9' * 400}", 3).problem == f"'{'9' * 27}...' is too large or too small to be marked."
    assert [read_answer(x, 3).text for x in (0.1 + 0.2, 7, Value(0.25), None)] == ["0.30000000000000004", "7.0", "0.25", ""]
    assert [read_answer(x, 3).problem for x in (10**400, -(10**400))] == ["'inf' is no decimal number.", "'-inf' is no decimal number."]
    for x in ([], object(), 1j):
        with pytest.raises(TypeError, match=r"an answer is a text, '0\.25', or a number, got"):
            read_answer(x, 3)


def test_what_is_said_of_a_sheet_in_lines_that_stand_below_each_other():
    exercise = Exercise("z = w*x + b; y = tanh(z)", ["z", "y", "y/w"], given={"w": -3, "x": 2, "b": 6.5})
    checked = exercise.check({"z": "0.5", "y/w": "2.00"})
    assert str(checked) == (
        "z      0.5   =  Right.\n"
        "y\n"
        "∂y/∂w  2.00  ✗  The derivative of the activation, ∂y/∂z, is missing.\n\n"
        "1 of 3 answers accepted, 1 left."
    )
    assert repr(checked) == "<Checked: 1 of 3 answers accepted, 1 left>"
    shown = checked._repr_html_()
    assert [shown.count(f">{text}<") for text in ("y", "0.5", "2.00", "Right.")] == [1, 1, 1, 1]
    assert len(re.findall("<td[^>]*background", shown)) == 2  # a blank that is empty has no colour
    assert [answer["accepted"] for answer in checked.as_data()["answers"]] == [True, False, False]
    assert exercise.check({}).summary == "0 of 3 answers accepted, 3 left."
    assert str(exercise.check({})).startswith("z\ny\n∂y/∂w\n")


def test_what_follows_from_a_wrong_answer_is_accepted_and_does_not_make_the_sheet_right():
    exercise = Exercise("z = w*x; y = 2*z", ["z", "y"], given={"w": 2, "x": 3})
    checked = exercise.check({"z": "7.00", "y": "14.0"})
    assert [outcome.is_accepted for outcome in checked.outcomes] == [False, True]
    carried = Exercise("z = w*x; y = 2*z", ["y"], given={"w": 2, "x": 3}).check({"y": "12"})
    assert (checked.score, checked.ok, carried.ok) == (0.5, False, True)


def test_a_sheet_with_too_few_digits_is_not_right():
    exercise = Exercise("y = tanh(z)", ["y"], given={"z": 0.5})
    short, enough = exercise.check({"y": "0.5"}), exercise.check({"y": "0.462"})
    assert (short.ok, short.score, enough.ok) == (False, 0.0, True)
    assert short.outcomes[0].sentence == "Too few digits to tell; give 3 significant digits."
    assert VERDICTS["undecided"].ground.light in short._repr_html_()
