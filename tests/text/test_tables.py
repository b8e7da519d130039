"""Tables: cells that bring their style, and numbers that are never cut."""

import pytest
from rich.console import Console
from rich.table import Table

from autograd_tiny.text.tables import cell, print_whole

NUMBER, WORDS = "-0.12345678901234567", "a remark of some words"


def test_a_cell_brings_its_style():
    assert cell("x<sub>1</sub>") == '<td style="padding:.2em .6em;text-align:left">x<sub>1</sub></td>'
    assert cell("y", "color:red", tag="th", columns=2) == '<th colspan="2" style="padding:.2em .6em;color:red">y</th>'


@pytest.mark.parametrize(
    ("width", "rows"),
    [
        (10, [f"│ {NUMBER} │ a remark of  │ me │  │", "│                      │ some words   │    │  │"]),
        (47, [f"│ {NUMBER} │ a remark of  │ me │  │", "│                      │ some words   │    │  │"]),
        (80, [f"│ {NUMBER} │ {WORDS} │ me │  │"]),
    ],
)
def test_a_number_is_never_cut_and_words_are_where_they_must_be(width, rows, capsys):
    """The words have the room that is asked for, and the table is as wide as that takes, or as the terminal; of nothing, none."""
    table = Table("number", "said", "by", "")
    table.columns[0].no_wrap = True
    table.columns[1].min_width = 12
    table.add_row(NUMBER, WORDS, "me", "")
    print_whole(table, Console(width=width))
    assert capsys.readouterr().out.splitlines()[3:-1] == rows
