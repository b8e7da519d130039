"""Slips in writing a number: which texts were meant, and which slip of the pen makes one number of another."""

import pytest

from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.claims import read_claims
from autograd_tiny.marking.derivations import Derivations, NamedGraph
from autograd_tiny.marking.forms.printed import read_number
from autograd_tiny.marking.judging.numbers import Numbers
from autograd_tiny.marking.slips.writing import copies, intended_texts, slips_in_writing, typed


def engine():
    return Numbers(Derivations(NamedGraph(read_formula("y = 2*w; z = y + 1").record({"w": 0.5}).output)))


def said(found):
    return [(edit.mistake, edit.what, edit.effort) for edit in found]


@pytest.mark.parametrize(
    ("printed", "rounded_only", "told"),
    [
        ("0.31", True, ["two digits of 0.13 have changed places"]),
        ("0.21", False, ["two digits of 0.12 have changed places"]),  # cut off, and then swapped
        ("0.21", True, []),
        ("-0.21", False, []),
        ("0.13", False, []),
    ],
)
def test_two_digits_of_a_number_that_was_rounded_or_cut_off(printed, rounded_only, told):
    found = said(slips_in_writing(0, read_claims([f"y = {printed}"]), [0.1278], engine(), plain=rounded_only))
    assert found == [("digits swapped", what, 1.5) for what in told]


def test_it_is_easier_to_copy_what_is_written_already():
    claims = read_claims(["y = 2.00", "z = 2.00"])
    assert said(copies(1, claims, engine())) == [("copied", "it is the number printed for y", 3.0)]
    assert said(copies(0, claims, engine())) == [("copied", "it is the number printed for z", 3.5)]  # z is 2
    assert said(copies(0, read_claims(["y = 3.00", "z = 3.00"]), engine())) == []


@pytest.mark.parametrize(("value", "minus"), [(0.2571, ""), (-0.2571, "-")])
def test_what_may_have_been_meant_is_rounded_cut_off_or_one_unit_more(value, minus):
    texts = [minus + text for text in ("0.3", "0.2", "0.3", "0.26", "0.25", "0.26")]
    assert list(intended_texts(read_number("0.5"), value, (0, 1, 2))) == texts


@pytest.mark.parametrize(
    ("printed", "is_told"),
    [("1", True), ("0.123456789012345", True), ("0.1234567890123456", False), ("1.5e-1", False), ("15E1", False)],
)
def test_slips_of_the_pen_are_in_numbers_as_people_write_them(printed, is_told):
    assert bool(list(intended_texts(read_number(printed), 0.25, (3,)))) == is_told


@pytest.mark.parametrize(
    ("intended", "printed", "slip"),
    [
        ("0.12345", "0.1235", "digit dropped"),
        ("0.1234", "0.12934", "digit put in"),
        ("0.124", "0.1294", ""),
        ("0.1234", "0.1934", "digit mistyped"),
        ("0.1234", "0.1294", ""),
        ("0.1234", "0.123", ""),
        ("0.1234", "-0.1934", ""),
        ("-0.1234", "−0.1934", "digit mistyped"),
    ],
)
def test_what_follows_a_slip_of_the_pen_is_the_same(intended, printed, slip):
    assert typed(intended, printed) == slip
