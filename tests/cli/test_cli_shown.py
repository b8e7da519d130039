"""What the commands print, read as a person reads it: columns, headings, colours, the hints beside an error."""

import re

import pytest

from autograd_tiny.cli import main

NEURON = ["z = w*x + b; y = tanh(z)", "w=-3", "x=2", "b=6.5"]
PAGE = """\
title = "One neuron"
formula = "z = w*x + b; y = tanh(z)"
[[section]]
title = "Forward"
claims = ["z = 0.5", "y = 0.4611"]
[[section]]
title = "Backward"
claims = ["y/w = 1.573"]
[inputs]
w = -3.0
x = 2.0
b = 6.5
"""


@pytest.fixture
def page(tmp_path):
    file = tmp_path / "page.toml"
    file.write_text(PAGE, encoding="utf-8")
    return str(file)


def words(text):
    """The words of each line that has any, without lines drawn under headings."""
    return [line.split() for line in text.splitlines() if line.strip() and not set(line.strip()) <= {"─"}]


def test_marks_stand_under_their_sections(page, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["mark", page]) == 1
    shown = words(capsys.readouterr().out)
    assert shown[:7] == [
        ["One", "neuron"],
        ["engine", "printed"],
        ["Forward"],
        ["z", "0.5", "0.5", "right"],
        ["y", "0.4621", "0.4611", "wrong"],
        ["Backward"],
        ["∂y/∂w", "1.573", "1.573", "right"],
    ]


def test_only_the_digits_that_are_wrong_are_red(page, capsys, monkeypatch):
    for name, text in {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, text)
    monkeypatch.delenv("NO_COLOR", raising=False)
    main(["mark", page])
    shown = capsys.readouterr().out
    assert re.findall(r"(\S*)\x1b\[1;31m(\S*?)\x1b\[0m", shown) == [("0.46", "11")]
    assert shown.splitlines()[-2:] == [
        "\x1b[1m3 numbers: 2 right, 1 wrong.\x1b[0m",
        "  y should be 0.4621, not 0.4611: nothing known explains it.",
    ]
    main(["step", *NEURON])
    assert "\x1b[1;36m" not in capsys.readouterr().out  # numbers as they are, not coloured as Rich finds them


def test_the_picture_of_a_page_has_its_gradients(page, tmp_path):
    main(["mark", page, "-o", str(tmp_path / "page.dot")])
    picture = (tmp_path / "page.dot").read_text(encoding="utf-8")
    assert "grad" in picture
    assert "1.573" in picture


def test_the_columns_of_the_steps(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["step", *NEURON]) == 0
    shown = words(capsys.readouterr().out)
    assert shown[1:5] == [
        ["step", "node", "computed", "as", "data"],
        ["1", "t1", "w", "·", "x", "-6"],
        ["2", "z", "t1", "+", "b", "0.5"],
        ["3", "y", "tanh(z)", "0.4621"],
    ]
    assert ["step", "node", "upstream", "operand", "×", "local", "=", "adds", "grad"] in shown


@pytest.mark.parametrize(("count", "listed"), [(6, "u0, u1, u2, u3, u4 and u5 are not"), (7, "u0, u1, u2, u3, u4, u5 and 1 more are not")])
def test_of_many_unused_formulas_the_first_are_named(count, listed, capsys):
    formulas = "; ".join([*(f"u{k} = a + {k}" for k in range(count)), "y = a * 2"])
    assert main(["explain", formulas, "a=1", "--wrt", "a"]) == 0
    assert f"explain: {listed}" in capsys.readouterr().err


def test_a_formula_that_begins_with_a_minus_before_a_wrong_option(capsys):
    with pytest.raises(SystemExit):
        main(["explain", "-x**2", "x", "x=2", "--wrt", "x", "--nothing"])
    assert "put a formula that begins with - in brackets" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["explain", "x", "x=2", "--wrt", "x", "-1", "stray"])
    assert "has no use for -1 stray; put a formula that begins with - in brackets" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["explain", "x", "x=2", "--wrt", "x", "--nothing", "-1"])
    assert "brackets" not in capsys.readouterr().err


def test_characters_that_a_stream_lacks_are_replaced_one_by_one(capsys):
    main(["explain", "x", "x=2", "--wrt", "x"])  # which registers how
    assert "∂y/∂x · 漢 z".encode("ascii", "autograd_tiny.plain") == b"dy/dx * ? z"
