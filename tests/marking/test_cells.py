"""Vectors and matrices as pages print them, which entries these are, and answers that are no numbers."""

import math

import pytest

from autograd_tiny.marking.claims import read_entries
from autograd_tiny.marking.entries import fitted
from autograd_tiny.marking.forms.arrays import entries_among
from autograd_tiny.marking.forms.blanks import Written, answered, unread
from autograd_tiny.marking.forms.cells import read_cells


@pytest.mark.parametrize(
    ("text", "shape", "texts"),
    [
        ("[1, 2,]", (2,), ["1", "2"]),
        ("[1,]", (1,), ["1"]),
        ("[[1, 2,], [3, 4,],]", (2, 2), ["1", "2", "3", "4"]),
        ("[_, 2, _]", (3,), ["2"]),
    ],
)
def test_a_comma_may_stand_behind_the_last_entry(text, shape, texts):
    cells = read_cells(text)
    assert (cells.shape, [cell.text for cell in cells.printed]) == (shape, texts)
    assert [text[slice(*cell.span)] for cell in cells.printed] == texts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", r"nothing stands at \[0\]; write _ for what is not printed"),
        ("[,]", r"nothing stands at \[0\]"),
        ("[1, , 3]", r"nothing stands at \[1\]"),
        ("[_, _,]", "prints no number"),
        ("[[1, 2], [3, 4], [5]]", "row 0 has length 2, row 2 has length 1"),
        ("[[1, 2], [3]]", r"'\[\[1, 2\], \[3\]\]' is ragged: row 0 has length 2, row 1 has length 1; write _ for what is not printed"),
        (" [ [[1]]]", "has three dimensions; a vector has one, a matrix two"),
        ("[[1, 2], [3, ]", r"no vector and no matrix; write \[1.5, 2\] or \[\[1, 2\], \[3, 4\]\], and _ for what is not printed"),
    ],
)
def test_what_is_no_vector_and_no_matrix(text, message):
    with pytest.raises(ValueError, match=message):
        read_cells(text)


def test_what_stands_where_a_number_is_asked_for():
    for answer, fault in (
        (unread(""), ""),
        (answered(" two "), "'two' is not a decimal number"),
        (Written("w*x"), "'w*x' is a formula"),
        (unread("1.5"), "1.5 is a number"),
    ):
        assert answer.fault == fault
        assert (math.isnan(answer.number), answer.unit) == (True, 1.0)
        assert answer.like(1.234567) == answer.beside(1.234567) == "1.235"
    assert answered(" two ").text == "two"
    assert answered("1.50").unit == 0.01


@pytest.mark.parametrize(
    ("labels", "printed", "entries"),
    [
        (["c[0][0]", "c[1][0]"], "c = [1, 2]", ["c[0][0]", "c[1][0]"]),
        (["c[0][0]", "c[0][1]"], "c = [1, 2]", ["c[0][0]", "c[0][1]"]),
        (["c[0]", "c[1]"], "c = [[1], [2]]", ["c[0]", "c[1]"]),
        (["c[0]", "c[1]"], "c = [[1, 2]]", ["c[0]", "c[1]"]),
        (["c[0][0]", "c[1][0]"], "c.T = [[1, 2]]", ["c[0][0]", "c[1][0]"]),
        (["c[0][0]"], "c = [1]", ["c[0][0]"]),
    ],
)
def test_a_vector_may_be_printed_as_a_row_or_a_column(labels, printed, entries):
    arrays = entries_among(labels)
    assert [str(fitted(claim, arrays, ()).quantity) for claim in read_entries(printed)] == entries


def test_an_array_that_there_is_not():
    for labels, known in ((["c[0]", "W[0]"], "there are c and W"), ([], "there is none")):
        (claim,) = read_entries("Q = [1]")
        with pytest.raises(ValueError, match=f"^Q: there is no array 'Q'; {known}$"):
            fitted(claim, entries_among(labels), ())
