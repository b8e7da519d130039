"""Where the values of a TOML file stand, at the ends of files and lines and in strings of every kind."""

import pytest

from autograd_tiny.text.toml_lines import TomlLines


@pytest.mark.parametrize("value", ["1", "true", "'one'", "[1, 2]", "{c = 1}"])
def test_the_last_value_may_end_the_file(value):
    lines = TomlLines(f"[table]\nb = {value}")
    assert lines.line("table", "b") == 2
    assert lines.line("table", "c") is None


def test_a_table_stands_where_its_header_is():
    lines = TomlLines("a = 1\n\n[b.c]\nd = 2\n\n[[e]]\n[[e]]\nf = 3\n")
    assert [lines.line(*place) for place in (("b", "c"), ("e", 0), ("e", 1), ("e", 1, "f"))] == [3, 6, 7, 8]


@pytest.mark.parametrize(
    ("string", "lines"),
    [
        (r'"one\ntwo"', (1, 1)),  # an escaped line end begins a line of the value on the same line of the file
        (r"'one\ntwo'", (1,)),  # and is two characters here
        (r'"one\\ntwo"', (1,)),
        ('"""one\ntwo\\nthree"""', (1, 2, 2)),
        ('"""one \\\n   two\nthree"""', (1, 3)),  # a backslash joins the lines
        ("'''one \\\n   two\nthree'''", (1, 2, 3)),
    ],
)
def test_the_lines_of_a_string(string, lines):
    assert TomlLines(f"a = {string}\nb = 2\n").lines_in("a") == lines
