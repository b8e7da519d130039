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


def test_where_one_file_cannot_be_written_the_others_are_told_or_not_written(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["exercise", *FORMULA, "-o", "page.html", "--moodle", "bank.xml", "--worksheet", "sheet.pdf"]) == 2
    assert list(tmp_path.iterdir()) == []
    assert main(["exercise", *FORMULA, "-o", "page.html", "--moodle", "nowhere/bank.xml"]) == 2
    printed = capsys.readouterr()
    assert printed.out == "wrote page.html\n"
    assert "the directory nowhere does not exist" in printed.err


def test_an_article_may_hold_the_page(tmp_path, capsys):
    page = '```backprop\nformula = "y = x*x"\nclaims = ["y = 9.00"]\n[inputs]\nx = 3\n```\n'
    (tmp_path / "Article.MD").write_text(page, encoding="utf-8")
    assert main(["exercise", str(tmp_path / "Article.MD")]) == 0
    assert "Find, with 3 significant digits:\n    y  = ____" in capsys.readouterr().out
    (tmp_path / "empty.ipynb").write_text("{}", encoding="utf-8")
    assert main(["exercise", str(tmp_path / "empty.ipynb")]) == 2
    assert "empty.ipynb" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "said"), [
    ([*FORMULA, "--ask", "q"], "no node is called 'q'"),
    ([*FORMULA, "--ask", "z", "-o", "page.pdf"], "written as .html or .htm"),
    ([*FORMULA, "--ask", "z", "--variants", "3", "-o", "page.html"], "a page has one exercise"),
    ([*FORMULA, "--ask", "z", "--moodle", "bank.csv"], "written as .xml"),
    ([*FORMULA, "--ask", "z", "--qti", "bank.xml"], "written as .zip"),
    ([*FORMULA, "--worksheet", "sheet.pdf"], "what goes to sheet.pdf is written as .html or .htm or .tex"),
    ([*FORMULA, "--worksheet", "sheet.tex", "--solution", "./sheet.tex"], "sheet.tex is named twice"),
    ([*FORMULA, "--ask", "updates"], "say how it is trained"),
    (["page.toml", "--ask", "z"], "a page says itself what is asked"),
    (["nowhere.toml"], "nowhere.toml"),
    (["y = sigmoid(x)", "x=30", "--ask", "y", "--variants", "3"], "'saturation'"),
])  # fmt: skip
def test_what_cannot_be_done_is_said(words, said, capsys):
    assert main(["exercise", *words]) == 2
    assert said in capsys.readouterr().err
