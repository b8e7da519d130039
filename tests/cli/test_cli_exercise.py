"""`autograd-tiny exercise`: what it prints and writes, and what it refuses."""

import pytest

from autograd_tiny.cli import main
from autograd_tiny.exercises import Exercise, qti_bank

FORMULA = ["z = w*x + b; y = tanh(z)", "w=-3", "x=2", "b=6.5"]


def test_an_exercise_is_printed_or_written(tmp_path, capsys):
    assert main(["exercise", *FORMULA, "--ask", "y/w", "z", "y"]) == 0
    printed = capsys.readouterr().out
    expected = Exercise(FORMULA[0], ["y/w", "z", "y"], given={"w": -3, "x": 2, "b": 6.5})
    assert printed.strip() == str(expected)
    assert main(["exercise", FORMULA[0], "--ask", "y/w", "z", "y", *FORMULA[1:]]) == 0  # the numbers last
    assert capsys.readouterr().out == printed
    files = {option: tmp_path / name for option, name in (
        ("-o", "page.html"), ("--moodle", "bank.xml"), ("--qti", "bank.zip"), ("--worksheet", "sheet.tex"), ("--solution", "solution.html"),
    )}  # fmt: skip
    words = [word for option, path in files.items() for word in (option, str(path))]
    assert main(["exercise", *FORMULA, "--ask", "y/w", "z", "y", "--variants", "3", *words]) == 0
    assert files["-o"].read_text(encoding="utf-8") == expected.html()
    assert files["--moodle"].read_text(encoding="utf-8").count('type="cloze"') == 3
    assert files["--qti"].read_bytes() == qti_bank(expected.variants(3, seed=1))
    assert files["--worksheet"].read_text(encoding="utf-8").count("\\section*") == 3
    assert files["--solution"].read_text(encoding="utf-8").count("<section>") == 3


def test_brackets_in_a_title_are_printed(tmp_path, capsys):
    page = 'title = "[b]old [red]"\nformula = "y = x*x"\nclaims = ["y = 9"]\n[inputs]\nx = 3\n'
    (tmp_path / "page.toml").write_text(page, encoding="utf-8")
    assert main(["exercise", str(tmp_path / "page.toml")]) == 0
    assert capsys.readouterr().out.startswith("[b]old [red]\n")


@pytest.mark.parametrize(("words", "said"), [
    ([*FORMULA, "--ask", "q"], "no node is called 'q'"),
    ([*FORMULA, "--ask", "z", "-o", "page.pdf"], "saved as .html"),
    ([*FORMULA, "--ask", "z", "--variants", "3", "-o", "page.html"], "a page has one exercise"),
    ([*FORMULA, "--ask", "z", "--moodle", "bank.csv"], "written as .xml"),
    ([*FORMULA, "--ask", "z", "--qti", "bank.xml"], "written as .zip"),
    ([*FORMULA, "--ask", "updates"], "say how it is trained"),
    (["page.toml", "--ask", "z"], "a page says itself what is asked"),
    (["nowhere.toml"], "nowhere.toml"),
    (["y = sigmoid(x)", "x=30", "--ask", "y", "--variants", "3"], "'saturation'"),
])  # fmt: skip
def test_what_cannot_be_done_is_said(words, said, capsys):
    assert main(["exercise", *words]) == 2
    assert said in capsys.readouterr().err
