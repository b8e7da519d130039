"""The README, and the commands of the guides: everything in them runs, every link leads somewhere, and it begins as it should."""

import ast
import importlib.util
import re
import shlex
import shutil
import sys
from itertools import pairwise
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from autograd_tiny.cli import main
from autograd_tiny.marking.pages import read_page
from autograd_tiny.views.drawing.draw import Drawing
from autograd_tiny.views.drawing.svg import structure

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"


def blocks(page, language):
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands(page):
    """The lines of a page that are commands, fenced or indented, in order, without the words beside them."""
    lines = re.findall(r"^(?: {4}|\$ )?((?:python3 dev\.py|autograd-tiny) .*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.split(r"\s+#|\s{2,}", line)[0] for line in lines]


def test_the_first_picture_is_what_the_first_lines_draw():
    tree = ast.parse(blocks(README, "python")[0])
    assert len(tree.body) == 5, "an import and four lines"
    *before, last = tree.body
    namespace = {}
    exec(compile(ast.Module(before, []), "README.md", "exec"), namespace)
    drawing = eval(compile(ast.Expression(last.value), "README.md", "eval"), namespace)
    assert isinstance(drawing, Drawing)
    first = re.search(r"!\[.*?\]\((.*?)\)", README.read_text(encoding="utf-8"))[1]
    assert structure(drawing.svg()) == structure((ROOT / first).read_text(encoding="utf-8"))


def test_the_readme_begins_with_the_demo_and_the_tests():
    text = README.read_text(encoding="utf-8")
    assert commands(README)[:2] == ["python3 dev.py demo", "python3 dev.py test"]
    first = text.index("python3 dev.py demo")
    assert not re.search(r"pip install|autograd-tiny |dev\.py (?!docs --serve)", text[:first])  # that one is for the browser


def test_the_commands_of_dev_are_there():
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    dev = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(dev)
    named = re.findall(r"python3 dev\.py (\w+)", README.read_text(encoding="utf-8"))
    assert {"demo", "test"} <= set(named) <= set(dev.COMMANDS)


def test_what_pip_is_told_to_install_is_there():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    named = re.findall(r'pip install "?\.(?:\[(.*?)\])?', README.read_text(encoding="utf-8"))
    assert "" in named
    assert {name for extra in named if extra for name in extra.split(",")} <= set(extras)


@pytest.mark.parametrize(
    ("page", "command"),
    [
        (page, command)
        for page in (README, ROOT / "docs" / "marking.md", ROOT / "docs" / "gallery.md")
        for command in commands(page)
        if command.startswith("autograd-tiny")
    ],
    ids=lambda x: x.name if isinstance(x, Path) else x,
)
def test_a_command_of_a_page_runs(page, command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "neuron.toml", "docs")
    if toml := blocks(page, "toml"):  # the page that the guide writes down
        Path("page.toml").write_text(toml[0], encoding="utf-8")
        Path("book").mkdir()
        shutil.copy("page.toml", "book")
    before = set(tmp_path.rglob("*"))
    _, name, *arguments = shlex.split(command)
    faulty = name == "mark" and not read_page(next(Path().glob(f"{arguments[0]}/*.toml"), Path(arguments[0]))).mark().ok
    assert main([name, *arguments]) == (1 if faulty else 0)
    assert capsys.readouterr().out
    written = {str(path.relative_to(tmp_path)) for path in set(tmp_path.rglob("*")) - before}
    assert written == {b for a, b in pairwise(arguments) if a in ("-o", "--json", "--moodle", "--qti")}


def test_every_link_of_the_readme_leads_somewhere():
    text = README.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)", text) + re.findall(r'(?:href|src)="([^"]+)"', text)
    assert len(links) > 20
    for link in links:
        path, _, heading = link.partition("#")
        assert (ROOT / path).exists(), link
        if heading:
            headings = re.findall(r"^#+ (.*)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in headings}, link
