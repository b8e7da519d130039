"""Texts that are cut, lists as people write them, numbers at the edges of how they are written."""

import math

import numpy as np
import pytest

from autograd_tiny.text.names import near
from autograd_tiny.text.numbers import as_number, check_digits, latex_digits, short_number
from autograd_tiny.text.words import brief, did_you_mean, listed, quoted


def test_a_text_is_as_long_as_it_may_be():
    assert brief("abcdef", 6) == "abcdef"
    assert brief("abcdefgh", 6) == "abc" + "..."
    assert quoted("a" * 58) == "'" + 58 * "a" + "'"
    assert quoted("a" * 59) == "'" + 56 * "a" + "..."


def test_a_hint_at_near_names():
    weights = [f"weight{k}" for k in range(9)]
    assert did_you_mean("weigth", weights[:4]).count("`weight") == 3
    assert did_you_mean("weigth0", weights, 1) == "did you mean `weight0`?"
    assert did_you_mean("q", weights) == ""


def test_which_names_are_near():
    assert near("tahn", ["tan", "tanh"]) == ["tanh", "tan"]  # the same letters first
    assert near("Tahn", ["tan", "tanh"]) == ["tanh", "tan"]
    assert near("EXP", ["exp", "log"]) == ["exp"]
    many = [f"name{k}" for k in range(2000)]
    assert near("name_999", many)[0] == "name999"
    assert near("name_1000", [*["x"] * 1000, "name1000"]) == []  # of so many only the first thousand are looked at
    assert near("name_999", [*["x"] * 999, "name999"]) == ["name999"]
    assert near("n" * 60, ["n" * 60, "n" * 61]) == ["n" * 60]
    assert near("n" * 61, ["n" * 60, "n" * 61]) == []


@pytest.mark.parametrize(
    ("count", "text"), [(1, "a"), (2, "a and b"), (3, "a, b and c"), (4, "a, b, c and 1 more"), (6, "a, b, c and 3 more")]
)
def test_of_a_list_so_many_are_named(count, text):
    assert listed("abcdef"[:count], 3) == text


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (999949.0, "999949"),
        (999999.6, "1e6"),
        (1e6, "1e6"),
        (1234567.0, "1.235e6"),
        (0.0001, "0.0001"),
        (0.00012345, "0.0001234"),
        (0.00009999, "9.999e-5"),
        (-12.5, "-12.5"),
        (123456.7, "123457"),
        (math.nan, "nan"),
    ],
)
def test_a_number_is_a_decimal_from_a_ten_thousandth_to_a_million(x, text):
    assert short_number(x) == text


def test_a_float_has_1_to_17_digits():
    for digits in (1, 17):
        check_digits(digits)
    for digits in (0, 18, -1, True, 2.0):
        with pytest.raises(ValueError, match=f"1 to 17 significant digits, got {digits}"):
            check_digits(digits)


def test_what_is_a_number():
    for x in (2, 2.0, True + 1, np.float32(2.0), np.array(2.0)):
        assert as_number(x) == 2.0
    for x in ("2", b"2", [2.0], np.array([2.0]), np.array([[2.0]]), {}, None):
        assert as_number(x) is None


def test_written_numbers_as_latex():
    for written, latex in (("1e-07", "10^{-7}"), ("-1e+20", "-10^{20}"), ("2.5e-07", r"2.5 \cdot 10^{-7}"), ("-inf", r"-\infty")):
        assert latex_digits(written) == latex
