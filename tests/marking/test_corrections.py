"""Right numbers in place of wrong ones: `autograd-tiny mark --write`."""

import json
import os

import pytest
from notebook_text import notebook_text

from autograd_tiny.cli import main
from autograd_tiny.marking.files.corrections import corrected

PAGE = """\
# a comment with E/w = -0.296
title = 'neuron'   \t
learning_rate = 0.1
formula = "z = w*x + b; y = sigmoid(z); E = (y - 1)**2 / 2"
claims = ["z = -0.7", 'y=0.3321', "E/y = −0.6668" , "E/w = -0.296", '''
w' = 0.530''', "w' = 5.0e-1"]
[inputs]
w = 0.5
x = -2
b = 0.3
"""
RIGHT = {"'y=0.3321'": "'y=0.3318'", "−0.6668": "−0.6682", '"E/w = -0.296"': '"E/w = 0.296"', "0.530'''": "0.470'''", "5.0e-1": "4.7e-01"}


def right(text):
    for wrong, number in RIGHT.items():
        assert wrong in text
        text = text.replace(wrong, number)
    return text


@pytest.mark.parametrize("change", [lambda x: x, lambda x: "\ufeff" + x, lambda x: x.replace("\n", "\r\n"), lambda x: x.rstrip()])
def test_only_wrong_numbers_change(tmp_path, capsys, change):
    file = tmp_path / "page.toml"
    file.write_bytes(change(PAGE).encode())
    assert main(["mark", "--diff", str(file)]) == 1
    assert file.read_bytes() == change(PAGE).encode()
    shown = capsys.readouterr().out
    assert main(["mark", "--write", str(file), "--brief"]) == 0
    assert file.read_bytes() == change(right(PAGE)).encode()
    difference = shown.partition("\nneuron")[0]
    assert capsys.readouterr().out == f"{difference}\nwrote {file}\nneuron\n6 numbers: 6 right.\n"
    before, after = (text[text.index("formula") : text.index("w = 0.5")].splitlines() for text in (PAGE, right(PAGE)))
    changed = [*(f"-{line}" for line in before[1:3]), *(f"+{line}" for line in after[1:3])]
    assert difference.splitlines()[3:] == [f" {before[0]}", *changed, f" {before[3]}"]
    assert main(["mark", "--write", str(file), "--brief"]) == 0
    assert capsys.readouterr().out == "neuron\n6 numbers: 6 right.\n"


def test_a_file_that_is_right_is_not_touched(tmp_path):
    file = tmp_path / "page.toml"
    file.write_text(right(PAGE), encoding="utf-8")
    os.utime(file, (1, 1))
    assert main(["mark", "--write", str(file)]) == 0
    assert file.stat().st_mtime == 1


def test_what_is_rounded_and_what_is_known_stays(tmp_path):
    file = tmp_path / "page.toml"
    page = 'known = ["E/w = -0.296"]\n' + PAGE.replace("y=0.3321", "y=0.332").replace("−0.6668", "−0.66818")  # which is cut off
    assert corrected(_written(file, page)).after == page.replace("5.0e-1", "4.7e-01")  # w' = 0.530 carries on what is known


def _written(file, text):
    file.write_text(text, encoding="utf-8")
    return file


def test_what_depends_on_a_printed_number_is_put_right_with_it(tmp_path):
    page = """\
formula = "y = w*x; z = v*x"
claims = ["y = 3.1", "z = 6.2"]
inputs = { w = 1.5, x = 2.0, v = "y" }
"""
    assert corrected(_written(tmp_path / "p.toml", page)).after == page.replace("3.1", "3.0").replace("6.2", "6.0")


def test_in_articles_and_notebooks(tmp_path):
    article = f"# “Text” \\ 😀\n```backprop\n{PAGE}```\nmore\n~~~ backprop\n{PAGE}~~~\n"
    assert corrected(_written(tmp_path / "a.md", article)).after == right(article)
    notebook = notebook_text(article) + "\n"
    correction = corrected(_written(tmp_path / "a.ipynb", notebook))
    assert json.loads(correction.after)["cells"][0]["source"] == right(article).splitlines(keepends=True)
    differing = [pair for pair in zip(notebook.split("\n"), correction.after.split("\n"), strict=True) if pair[0] != pair[1]]
    assert len(differing) == 4


@pytest.mark.parametrize("claim", ["y = 3\\u002e1", "y = 3.1 ≈ 3", "y = 3.1 = 2*x"])
def test_a_number_whose_place_cannot_be_told_is_left_alone(tmp_path, capsys, claim):
    page = _written(tmp_path / "p.toml", f'formula = "y = 2*x"\nclaims = ["{claim}"]\ninputs = {{x = 1.5}}\n')
    before = page.read_bytes()
    assert main(["mark", "--write", str(page)]) == 1
    assert page.read_bytes() == before
    assert "y should be 3.0, not 3.1" in capsys.readouterr().out


def test_pages_that_cannot_be_read_are_left_alone(tmp_path, capsys):
    page = _written(tmp_path / "p.toml", 'formula = "y = 2*x"\nclaims = ["y = 3.1"]\n')
    assert main(["mark", "--write", str(page), str(tmp_path / "none.toml")]) == 2
    assert "cannot read" in capsys.readouterr().err
    assert page.read_text() == 'formula = "y = 2*x"\nclaims = ["y = 3.1"]\n'


def test_formats_for_machines_show_no_difference(tmp_path, capsys):
    page = _written(tmp_path / "p.toml", PAGE)
    assert main(["mark", "--write", str(page), "--format", "json"]) == 2
    assert "leave out --write" in capsys.readouterr().err
    assert page.read_text(encoding="utf-8") == PAGE


@pytest.mark.parametrize("printed", ["0.30", "3e-9", "30%", "0.3…", "-0.20"])
def test_what_rounds_to_zero_is_written_without_a_sign(tmp_path, printed):
    page = f'formula = "y = w*x"\nclaims = ["y = {printed}"]\ninputs = {{ w = -1e-12, x = 0.0 }}\n'
    corrected_page = corrected(_written(tmp_path / "p.toml", page)).after
    assert corrected_page != page
    assert "-0" not in corrected_page.partition("claims")[2].partition("inputs")[0].replace("e-0", "").replace("e+00", "")
