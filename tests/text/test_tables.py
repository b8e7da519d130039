"""Tables: cells that bring their style, and numbers that are never cut."""

import pytest
from rich.console import Console
from rich.table import Table

from autograd_tiny.text.tables import cell, print_whole

NUMBERS, WORDS = "-0.1234567890  1.500", "a remark of some words"


def test_a_cell_brings_its_style():
    assert cell("x<sub>1</sub>") == '<td style="padding:.2em .6em;text-align:left">x<sub>1</sub></td>'
    assert cell("y", "color:red", tag="th", columns=2) == '<th colspan="2" style="padding:.2em .6em;color:red">y</th>'


@pytest.mark.parametrize(
    ("width", "rows"),
    [
        (10, [f"│ {NUMBERS} │ a remark of  │ me  │  │", "│                      │ some words   │     │  │"]),
        (48, [f"│ {NUMBERS} │ a remark of  │ me  │  │", "│                      │ some words   │     │  │"]),
        (80, [f"│ {NUMBERS} │ {WORDS} │ me  │  │"]),
    ],
)
def test_a_number_is_never_cut_and_words_are_where_they_must_be(width, rows, capsys):
    """The words have the room that is asked for, and the table is as wide as that takes, or as the terminal; of nothing, none."""
    table = Table("number", "said", "for", "")
    table.columns[0].no_wrap = True
    table.columns[1].min_width = 12
    table.add_row(NUMBERS, WORDS, "me", "")
    print_whole(table, Console(width=width))
    assert capsys.readouterr().out.splitlines()[3:-1] == rows


@pytest.mark.parametrize("width", [10, 42, 43, 78, 79, 90])
def test_the_room_goes_to_the_columns_that_can_use_it(width, capsys):
    """A long word gets its room from a column of short ones, and nothing is beyond the last line of the frame."""
    said, others = "internationalisation, as it is spelled", "words of a few letters each"
    table = Table("word", "others", "")
    table.columns[2].min_width = 4
    table.add_row(said, others)
    print_whole(table, Console(width=width))
    lines = capsys.readouterr().out.splitlines()
    assert {len(line) for line in lines} == {min(max(width, 42), 79)}
    cells = [" ".join(part.strip() for part in column if part.strip()) for column in zip(*[line.split("│")[1:3] for line in lines[3:-1]])]
    assert cells == [said, others]
    assert width > 42 or lines[3] == "│ internationalisation, │ words   │      │"
