"""Pages inside Markdown and notebooks: fenced blocks named backprop, with the lines of the file."""

import json
import random
from pathlib import Path

import pytest
from notebook_text import notebook_text

from autograd_tiny.cli import main
from autograd_tiny.marking.files.articles import markdown_cells
from autograd_tiny.marking.files.sources import pages_in
from autograd_tiny.marking.pages import PageError
from autograd_tiny.text.excerpts import whole

BLOCK = """\
formula = "z = w*x + b; y = sigmoid(z)"
claims = [
  "z = -0.7",
  "y = 0.232",  # 0.332 it is
]
[inputs]
w = 0.5
x = -2
b = 0.3
"""


def fenced(block=BLOCK, fence="```", name="backprop", prefix=""):
    return "".join(f"{prefix}{line}\n" for line in (fence + name, *block.splitlines(), fence))


@pytest.fixture
def write(tmp_path):
    def write(text, name="article.md"):
        (tmp_path / name).write_bytes(text.encode())
        return tmp_path / name

    return write


def stands_at(text, spot):
    """What stands in a file at a spot."""
    line = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")[spot.line - 1]
    return line[spot.column - 1 : spot.end_column - 1]


@pytest.mark.parametrize(
    "block",
    [
        fenced(),
        fenced(fence="~~~~"),
        fenced(name=" toml backprop"),
        fenced(name="{.toml .backprop}"),
        fenced(prefix="> "),
        fenced(prefix="> > "),
        fenced(prefix="   "),
        f"   ```backprop\n {BLOCK}```\n",  # less indented than its fence
        "- " + fenced(prefix="  ").lstrip(),
        "12. " + fenced(prefix="    ").lstrip(),
        fenced().replace("```\n", "`````  \n"),
        "``` \nother\n```\n" + fenced(),
        "`` ` ``` ` ``\n\n" + fenced(),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_blocks_are_found_with_their_lines(write, block, end):
    text = ("\ufeff# 100%, “ok” 😀\n\nwords\n" + block + "more words\n").replace("\n", end)
    (page,) = pages_in(write(text))
    report = page.mark()
    assert report.counts == {"right": 1, "wrong": 1}
    assert [stands_at(text, mark.claim.spot) for mark in report.marks] == ['"z = -0.7"', '"y = 0.232"']


def test_several_blocks_are_several_pages(write):
    pages = pages_in(write(fenced() + "\n" + fenced(BLOCK.replace("0.232", "0.332"))))
    assert [page.mark().ok for page in pages] == [False, True]


def test_a_quotation_of_a_block_is_no_page(write):
    with pytest.raises(PageError, match=r"article.md: there is no page in it; write one as a block that begins with ```backprop"):
        pages_in(write("````markdown\n" + fenced() + "````\n\n``` `backprop` ```\n"))


def test_a_block_without_an_end(write):
    with pytest.raises(PageError, match=r"article.md, line 2: the block named backprop that begins here has no end"):
        pages_in(write("one\n" + fenced().removesuffix("```\n")))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("w = 0.5", "w = 0,5", r"line 10: .*write decimals with a point"),
        ('"y = 0.232"', '"y"', r"line 7: claims: 'y' is no claim"),
        ("sigmoid", "sigmod", r"line 4: formula: .*did you mean `sigmoid`"),
        ("x = -2\n", "", r"line 4: formula: no value for `x`"),
        ('claims = [\n  "z = -0.7",\n  "y = 0.232",  # 0.332 it is\n]\n', "", r"line 4: the page claims nothing"),
    ],
)
def test_errors_have_the_line_of_the_article(write, old, new, message):
    assert old in BLOCK
    with pytest.raises(PageError, match="article.md, " + message):
        pages_in(write("one\ntwo\n" + fenced(BLOCK.replace(old, new))))[0].mark()


def test_a_notebook_has_the_lines_of_its_file(write):
    text = notebook_text("# “Sums” \\ \"quoted\" 😀\n\n" + fenced() + "\ttab", "none here", fenced(BLOCK.replace("0.232", "0.332")))
    for file in (text, json.dumps(json.loads(text)), json.dumps(json.loads(text), indent=1, ensure_ascii=True)):
        pages = pages_in(write(file, "book.ipynb"))
        assert [page.mark().ok for page in pages] == [False, True]
        for mark in pages[0].mark().marks:
            assert json.loads(f'"{stands_at(file, mark.claim.spot)}"') == f'"{mark.claim.called} = {mark.claim.printed.text}"'
        ends = [cell.spot(0, len(cell.text)) for cell in markdown_cells(whole(file), "book.ipynb")]
        assert [file.split("\n")[end.end_line - 1][end.end_column - 1] for end in ends] == ['"'] * 3


def test_a_source_in_one_string(write):
    content = json.loads(notebook_text(fenced()))
    content["cells"][0]["source"] = fenced()
    assert len(pages_in(write(json.dumps(content), "book.ipynb"))) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 3}', '{"worksheets": []}', "[" * 100_000])
def test_what_is_no_notebook_is_refused(write, text):
    with pytest.raises(PageError, match=r"book.ipynb: this is no notebook"):
        pages_in(write(text, "book.ipynb"))


def is_read_or_refused(file):
    try:
        pages_in(file)
    except PageError as error:
        return bool(error.what)
    return True


def test_a_damaged_notebook_is_refused_or_read(write):
    rng = random.Random(0)
    text = notebook_text(fenced())
    for _ in range(200):
        i, j = sorted(rng.choices(range(len(text)), k=2))
        assert is_read_or_refused(write(text[:i] + text[j:], "book.ipynb"))


def test_articles_and_notebooks_of_a_folder(write, capsys):
    folder = write(fenced(BLOCK.replace("0.232", "0.332"))).parent
    write(notebook_text(fenced()), "book.ipynb")
    write("about ```backprop\n", "other.md")
    write("open:\n" + fenced().removesuffix("```\n"), "open.md")
    Path(folder, "latin.md").write_bytes(b"caf\xe9, backprop")
    assert main(["mark", str(folder), "--format", "json"]) == 2
    shown = capsys.readouterr()
    found = [(Path(page["file"]).name, page["ok"]) for page in json.loads(shown.out)["pages"]]
    assert found == [("article.md", True), ("book.ipynb", False), ("open.md", False)]
    assert "open.md, line 2: the block named backprop" in shown.err
