"""How an array is shown: twelve rows and columns whole, of more the first and the last six."""

import re
from itertools import product

import pytest

from autograd_tiny import array


@pytest.mark.parametrize(("rows", "columns"), list(product((1, 2, 12, 13, 30), repeat=2)))
def test_of_many_rows_or_columns_the_middle_is_left_out(rows, columns):
    matrix = array([[float(100 * i + j) for j in range(columns)] for i in range(rows)], "W")
    text = repr(matrix)
    shown = [row.split(", ") for row in re.findall(r"\[([^][]*)\]", text)]
    assert [len(row) for row in shown] == [min(columns, 13)] * min(rows, 13)
    assert [i for i, row in enumerate(shown) if {*map(str.strip, row)} == {"…"}] == ([6] if rows > 12 else [])
    assert [j for j, column in enumerate(zip(*shown)) if {*map(str.strip, column)} == {"…"}] == ([6] if columns > 12 else [])
    assert (f", shape={rows}×{columns})" in text) == (max(rows, columns) > 12)
    assert len(text.splitlines()) == len(shown)
    html = matrix._repr_html_()
    assert html.count("<tr>") == min(rows, 13)
    assert html.count("<td>") == min(rows, 13) * min(columns, 13)


@pytest.mark.parametrize("n", [1, 12, 13])
def test_a_vector_is_one_line(n):
    text = repr(array([float(i) for i in range(n)]))
    assert "\n" not in text
    assert text == ("array([0])" if n == 1 else text)
    assert text.endswith(", shape=13)") == ("…" in text) == (n == 13)


def test_numbers_stand_right_and_the_name_left():
    html = array([[1.5, -2.0]], "W<1>")._repr_html_()
    assert html.startswith('<table style="text-align: right; font-variant-numeric: tabular-nums"><caption style="text-align: left; ')
    assert "W&lt;1&gt; <small>(1×2)</small></caption><tr><td>1.5</td><td>-2</td></tr>" in html
