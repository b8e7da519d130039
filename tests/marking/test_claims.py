"""The edges of how claims are read and how numbers are written like them."""

import math

import pytest

from autograd_tiny.marking.claims import Claim, claims_of, read_claim, read_claims, read_entries, read_input, sides
from autograd_tiny.marking.forms.printed import read_number
from autograd_tiny.marking.forms.quantities import Quantity, read_quantity
from autograd_tiny.marking.forms.spoken import Words, understood


@pytest.mark.parametrize(
    ("text", "decimals", "places", "digits"),
    [
        ("0.2040", 4, 4, 4),
        ("20.40", 2, 2, 4),
        ("0", 0, 0, 1),
        ("0.0007", 4, 4, 1),
        ("10", 0, 0, 2),
        ("99", 0, 0, 2),
        ("2e3", -3, 0, 1),
        ("1.50e3", -1, 0, 3),
        ("1.50e-3", 5, 5, 3),
        ("-9.99", 2, 2, 3),
    ],
)
def test_places_and_digits(text, decimals, places, digits):
    printed = read_number(text)
    assert (printed.decimals, printed.places, printed.digits) == (decimals, places, digits)


@pytest.mark.parametrize(
    ("printed", "value", "like"),
    [
        ("2e3", 2346.0, "2e+03"),
        ("2E3", 2346.0, "2e+03"),
        ("1.50e-3", 0.0012345, "1.23e-03"),
        ("0.5", 0.06, "0.1"),
        ("3", 2.5, "2"),
        ("3", math.inf, "inf"),
        ("3.0", math.nan, "nan"),
    ],
)
def test_written_alike(printed, value, like):
    assert read_number(printed).like(value) == like


@pytest.mark.parametrize(
    ("printed", "value", "beside"),
    [
        ("1.0", 0.9e-14, "0.0"),  # nothing but rounding beside 1.0
        ("1.0", 1.1e-14, "1.1e-14"),
        ("0.0", 0.9e-15, "0.0"),  # beside a printed 0, its last digit counts
        ("0.0", 1.1e-15, "1.1e-15"),
        ("10", 123.4, "123"),
        ("10", 12.34, "12.3"),
        ("0.10", 1.234, "1.23"),
        ("0.10", 0.1234, "0.123"),
        ("0.100", 0.1234, "0.123"),
        ("1.234e-3", 0.0056789, "5.679e-03"),
        ("1e-3", 0.005, "5e-03"),
    ],
)
def test_told_beside(printed, value, beside):
    assert read_number(printed).beside(value) == beside


@pytest.mark.parametrize("text", ["1e300", "1e-300", "-1e300", "1.5e-299", "1.5e-300", "12e299"])
def test_the_largest_and_the_finest_numbers(text):
    printed = read_number(text)
    assert printed.number == float(text)
    assert printed.rounds(float(text))


@pytest.mark.parametrize("text", ["1e301", "1e-301", "9.5e-301", "1e309", "-1e400"])
def test_numbers_beyond_the_range(text):
    with pytest.raises(ValueError, match="beyond the range of numbers that can be marked"):
        read_number(text)


@pytest.mark.parametrize("text", ["", ".", "1.2.3", "1e", "1e1.5", "--1", "1 2", "0x10", "١", "1_000", "1,5e3"])
def test_what_is_no_number(text):
    with pytest.raises(ValueError, match="is not a decimal number"):
        read_number(text)


@pytest.mark.parametrize(("text", "message"), [("-1,5", "; write the decimal point as a point$"), ("1,5,2", "is not a decimal number$")])
def test_the_hint_about_a_comma_is_for_a_decimal_comma(text, message):
    with pytest.raises(ValueError, match=message):
        read_number(text)


@pytest.mark.parametrize("text", ["E/z·w/x", "E/z·∂y/∂w", "E/z/w·y/w"])
def test_paths_whose_factors_do_not_meet(text):
    with pytest.raises(ValueError, match="each derivative of a path begins with the node where the one before it ends"):
        read_quantity(text)


@pytest.mark.parametrize("text", ["", "/", "E/", "/w", "∂", "E//w", "∂E/∂"])
def test_what_is_no_quantity(text):
    with pytest.raises(ValueError, match="is no quantity"):
        read_quantity(text)
    with pytest.raises(TypeError, match="a claim names nodes by their labels"):
        read_quantity(3)


def test_longer_paths():
    assert read_quantity("∂E/∂z·∂z/∂a·∂a/∂w") == Quantity("path", ("E", "z", "a", "w")) == read_quantity("E/z/a/w")
    assert str(Quantity("path", ("E", "z", "a", "w"))) == "∂E/∂z·∂z/∂a·∂a/∂w"


@pytest.mark.parametrize(
    ("text", "labels", "nodes"),
    [
        ("dE/dw", {"E", "w"}, ("E", "w")),
        ("dE/dz/dw", {"E", "z", "w"}, ("E", "z", "w")),
        ("dE/w", {"E", "w"}, ("dE", "w")),  # half a sign is none
        ("dE/dw", {"E"}, ("dE", "dw")),
        ("dE/dw", {"dE", "E", "w"}, ("dE", "dw")),
        ("xE/xw", {"E", "w"}, ("xE", "xw")),
        ("dE", {"E"}, ("dE",)),
        ("d/dd", {"d"}, ("d", "dd")),
    ],
)
def test_derivatives_written_with_d(text, labels, nodes):
    assert understood(read_quantity(text), Words(labels)).nodes == nodes


def test_the_last_equals_sign_is_the_claims():
    assert claims_of("a=b", sides("1.5")) == [Claim(Quantity("text", (), "a=b"), read_number("1.5"))]  # a label may have one in it
    assert read_claim("z = 1", "Forward").section == "Forward"
    with pytest.raises(ValueError, match="claims several numbers; read_line reads them all"):
        read_claim("z = 2 ≈ 2.0")


def test_claims_as_any_iterable():
    assert [c.printed.text for c in read_claims(f"z = {i}" for i in range(3))] == ["0", "1", "2"]
    assert read_claims("") == read_claims(" \n\n") == read_claims([]) == []
    for nothing in (3, None):
        with pytest.raises(TypeError, match="claims are given by name"):
            read_claims(nothing)


@pytest.mark.parametrize(("text", "called", "turned", "entries"), [
    ("Z = [ 1.5, _,2]", "Z", False, {(0,): "Z[0]", (2,): "Z[2]"}),
    ("E/W'=[[0.1, _], [0.25, 3]]", "E/W'", False, {(0, 0): "∂E/∂W[0][0]'", (1, 0): "∂E/∂W[1][0]'", (1, 1): "∂E/∂W[1][1]'"}),
    ("E/z/W.T = [[7], [8]]", "E/z/W.T", True, {(0, 0): "∂E/∂z·∂z/∂W[0][0]", (1, 0): "∂E/∂z·∂z/∂W[1][0]"}),
    ("m(W)' = [3, 4]", "m(W)'", False, {(0,): "m(W[0])'", (1,): "m(W[1])'"}),
])  # fmt: skip
def test_each_number_of_a_matrix_is_a_claim_that_knows_where_it_stands(text, called, turned, entries):
    claims = read_entries(text, "A", 4)
    assert {claim.grid.place: str(claim.quantity) for claim in claims} == entries
    for claim in claims:
        grid, (start, end) = claim.grid, claim.grid.span
        assert text[start:end] == claim.printed.text
        assert (grid.text, str(grid.quantity), grid.turned, grid.line, claim.section) == (
            called, str(read_quantity(called.removesuffix(".T"))), turned, 4, "A",
        )  # fmt: skip
        assert all(i < n for i, n in zip(grid.place, grid.shape, strict=True))
    assert read_entries(text)[0].grid.line == 0


def test_an_input_is_a_number_or_the_finest_that_is_claimed_of_what_it_names():
    claims = [read_claim("b' = 0.5"), read_claim("w' = 0.13"), read_claim("w' = 0.125"), read_claim("w' = "), read_claim("v = 0.00001")]
    assert read_input("w'", claims, Words({"w", "b", "v"})).text == "0.125"
    assert read_input(" -.5", claims, Words(())).number == -0.5
    for text in ("v'", "w"):
        with pytest.raises(ValueError, match="an input is a number, got"):
            read_input(text, claims, Words({"w", "b", "v"}))
    with pytest.raises(ValueError, match="an input is a number, got"):
        read_input("w'", [read_claim("w' = "), read_claim("b' = 0.5")], Words({"w", "b"}))


def test_what_stands_between_equals_signs():
    assert sides("≈ 0.5 = 1/2 ≈0.50") == ["0.5", "1/2", "0.50"]
    assert sides(" x + 1 ") == ["x + 1"]


def test_formulas_between_the_name_and_the_numbers_of_a_matrix_are_claims_of_the_whole():
    first, *numbers = read_entries("E/W = X.T @ d = [[1, 2]]", "A")
    assert (first.called, first.printed.text, first.section, first.grid) == ("∂E/∂W", "X.T @ d", "A", None)
    assert [str(claim.quantity) for claim in numbers] == ["∂E/∂W[0][0]", "∂E/∂W[0][1]"]
