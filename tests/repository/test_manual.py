"""The pages of the manual that show what their code makes, run as a reader would run them: what stands on the page, and nothing else."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import pytest

from autograd_tiny.exercises import Exercise

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r'^( *)```python (?P<options>exec="1"[^\n]* source="[^\n]*)\n(?P<code>.*?\n)\1```$', re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """A block that is run when the site is built, and seen."""

    whole: str
    options: dict[str, str]
    code: str


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, in its order."""
    found = BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Block(match[0], dict(re.findall(r'(\w+)="([^"]*)"', match["options"])), dedent(match["code"])) for match in found]


PAGES = [page for page in sorted(DOCS.rglob("*.md")) if blocks(page)]
PARAMETERS = [pytest.param(page, id=str(page.relative_to(DOCS))) for page in PAGES]


@pytest.fixture(autouse=True)
def beside_the_pages() -> Iterator[None]:
    """What the site's hook imports is found."""
    sys.path.insert(0, str(DOCS / "site"))
    yield
    sys.path.remove(str(DOCS / "site"))


def test_every_page_with_such_a_block_is_found() -> None:
    assert {"tutorial/01-one-product.md", "index.md"} <= {page.relative_to(DOCS).as_posix() for page in PAGES}


@pytest.mark.parametrize("page", PARAMETERS)
def test_what_stands_on_the_page_runs_and_can_be_shown(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from examples import last_expression
    from figures import content

    monkeypatch.chdir(tmp_path)
    sessions: dict[str, dict[str, Any]] = {}
    for block in blocks(page):
        namespace = sessions.setdefault(block.options.get("session", ""), {"__name__": "__main__"})
        exec(compile(block.code, str(page), "exec"), namespace)
        if "html" in block.options:
            what = eval(last_expression(block.code), namespace)
            kind, html = content(what, block.options.get("alt", ""))
            assert kind
            assert html
            assert not isinstance(what, Exercise) or what.check(what.solution).ok


def test_every_page_of_the_tutorial_ends_in_an_exercise_that_marks() -> None:
    pages = sorted((DOCS / "tutorial").glob("*.md"))
    assert len(pages) == 7
    for page in pages:
        end = page.read_text(encoding="utf-8").partition("\n## Exercise\n")[2]
        assert re.search(r"^(Exercise|random_exercise)\(", end, re.MULTILINE), page.name
        assert "Solution" not in end, page.name


def test_no_page_holds_what_only_the_site_needs() -> None:
    pages = [*DOCS.rglob("*.md"), *DOCS.parent.glob("*.md")]
    assert [page.name for page in pages if re.search(r"markdown-exec: hide|import show\b", page.read_text(encoding="utf-8"))] == []


def test_an_example_shows_its_last_expression() -> None:
    from examples import completed

    head = '    ```python exec="1" html="1" session="s" alt="a \'b\' \\c" caption="c"'
    block = head + "\n    x = 1\n    f(\n        x,  # why\n    )\n    ```"
    head, *lines = completed(block).split("\n")
    assert head == '    ```python exec="1" html="1" session="s"'
    assert lines[:4] == block.split("\n")[1:5]
    assert all(line.startswith("    ") and line.endswith("  # markdown-exec: hide") for line in lines[4:6])
    shown: list[Any] = []
    code = dedent("\n".join([*lines[:4], lines[5]]))
    exec(code, {"f": lambda x: x + 1, "show": lambda what, **said: shown.append((what, said))})
    assert shown == [(2, {"alt": "a 'b' \\c", "caption": "c"})]


@pytest.mark.parametrize(
    "block",
    [
        "```python\ndraw(y)\n```",
        '```python exec="1" source="above"\nprint(1)\n```',
        '````markdown\n```python exec="1" html="1"\ndraw(y)\n```\n````',
    ],
    ids=["not run", "printed", "code of a page"],
)
def test_other_blocks_stay_as_they_are(block: str) -> None:
    from examples import completed

    assert completed(block) == block


@pytest.mark.parametrize("code", ["y = 1", "", "draw(y)\nfor _ in y:\n    y"])
def test_an_example_without_a_last_expression_is_refused(code: str) -> None:
    from examples import completed

    with pytest.raises(ValueError, match="does not end in one"):
        completed(f'```python exec="1" html="1"\n{code}\n```')
