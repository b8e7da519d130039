"""The pages of the manual that show what their code makes, run as a reader would run them.

A page's blocks ```` ```python exec="1" ```` are run in order when the site is built, with lines that readers do not see: those that end in
``# markdown-exec: hide``.  Here they are run without these lines, so that what stands on the page is enough.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(
    r'^(?P<indent> *)```python (?P<options>exec="1"[^\n]* source="[^\n]*)\n(?P<code>.*?)\n(?P=indent)```$', re.DOTALL | re.MULTILINE
)
HIDDEN = "  # markdown-exec: hide"


def blocks(page: Path) -> list[tuple[str, str]]:
    """The session and the code of each block that is run and seen, in the order of the page."""
    found = []
    for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
        session = re.search(r'session="([^"]*)"', match["options"])
        found.append((session[1] if session else "", dedent(match["code"])))
    return found


PAGES = [page for page in sorted(DOCS.rglob("*.md")) if blocks(page)]
PARAMETERS = [pytest.param(page, id=str(page.relative_to(DOCS))) for page in PAGES]


def visible(code: str) -> str:
    """What readers see."""
    return "\n".join(line for line in code.splitlines() if not line.endswith(HIDDEN))


def last_expression(code: str) -> ast.expr | None:
    """The expression that ends a block, if it ends in one."""
    statements = ast.parse(code).body
    return statements[-1].value if statements and isinstance(statements[-1], ast.Expr) else None


def shown(code: str) -> list[ast.expr]:
    """What the hidden lines of a block show."""
    hidden = [line.removesuffix(HIDDEN) for line in code.splitlines() if line.endswith(HIDDEN)]
    calls = [ast.parse(line.strip()).body[0] for line in hidden if line.startswith("show(")]
    return [call.value.args[0] for call in calls if isinstance(call, ast.Expr) and isinstance(call.value, ast.Call)]


def test_every_page_with_such_a_block_is_found() -> None:
    assert {"tutorial/01-one-product.md", "index.md"} <= {page.relative_to(DOCS).as_posix() for page in PAGES}


@pytest.mark.parametrize("page", PARAMETERS)
def test_what_stands_on_the_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sessions: dict[str, dict[str, Any]] = {}
    for session, code in blocks(page):
        exec(compile(visible(code), str(page), "exec"), sessions.setdefault(session, {"__name__": "__main__"}))


@pytest.mark.parametrize("page", PARAMETERS)
def test_what_is_shown_is_what_the_visible_code_ends_in(page: Path) -> None:
    for _, code in blocks(page):
        for expression in shown(code):
            last = last_expression(visible(code))
            assert last is not None, code
            assert ast.unparse(last).removesuffix(".latex()") == ast.unparse(expression)
