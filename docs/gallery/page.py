"""The page of the gallery: each exhibit with its picture and the code that made it, read from its function."""

from __future__ import annotations

import ast
import inspect
import os
import tempfile
import textwrap
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from autograd_tiny.views.explain import Explanation
from docs.gallery.files import ROOT, Files, Terminal, files_of

PICTURES, PAGE = ROOT / "docs" / "pictures", ROOT / "docs" / "gallery.md"

HEAD = """\
# Gallery

<!-- Made by python3 dev.py pictures from docs/gallery/exhibits.py: edit that. -->

Each picture with the code that made it, which runs as it stands.  In a notebook the last line shows the picture; anywhere else,
`.save("picture.svg")` writes it.  Tests draw all of this again and compare, so it shows what the package does today.
"""


class Exhibit:
    """A function of `docs.gallery.exhibits`.

    Attributes:
        chapter: of the page.
        name: of its files.
        title, sentence: what its docstring says.
    """

    def __init__(self, make: Callable[[], Any], chapter: str) -> None:
        self._make, self.chapter = make, chapter
        self.name = make.__name__.replace("_", "-")
        self.title, _, sentence = inspect.cleandoc(make.__doc__ or "").partition("\n\n")
        self.sentence = " ".join(sentence.split())

    @cached_property
    def made(self) -> tuple[Any, Files]:
        """What the function returns, run in an empty directory, and its files but for those that a browser makes."""
        home = Path.cwd()
        with tempfile.TemporaryDirectory() as directory:
            os.chdir(directory)
            try:
                thing = self._make()
                return thing, files_of(thing)
            finally:
                os.chdir(home)

    def path(self, suffix: str) -> Path:
        """One of its files."""
        return PICTURES / f"{self.name}{suffix}"

    @property
    def code(self) -> str:
        """What the function does, as code that stands by itself and ends with the thing that is shown."""
        module = ast.parse(inspect.getsource(inspect.getmodule(self._make)))  # type: ignore[arg-type]
        lines, _ = inspect.getsourcelines(self._make)
        function = ast.parse(textwrap.dedent("".join(lines))).body[0]
        assert isinstance(function, ast.FunctionDef)
        last = function.body[-1]
        assert isinstance(last, ast.Return)
        body = textwrap.dedent("".join(lines[function.body[1].lineno - 1 : last.end_lineno])).rstrip()
        used = {node.id for statement in function.body for node in ast.walk(statement) if isinstance(node, ast.Name)}
        return "\n".join([*_imports(module, used), "", _without_return(body)])


def _imports(module: ast.Module, used: set[str]) -> Iterable[str]:
    for statement in module.body:
        if isinstance(statement, ast.ImportFrom) and (names := [name.name for name in statement.names if name.name in used]):
            yield f"from {statement.module} import {', '.join(names)}"


def _without_return(body: str) -> str:
    before, _, last = body.rpartition("return ")
    return before + last


def written_page(exhibits: Sequence[Exhibit]) -> str:
    """The whole page."""
    parts = [HEAD]
    for chapter, members in groupby(exhibits, key=lambda exhibit: exhibit.chapter):
        parts += [f"## {chapter}\n", *map(_section, members)]
    return "\n".join(parts)


def _section(exhibit: Exhibit) -> str:
    thing, files = exhibit.made
    lines = [f"### {exhibit.title}", "", exhibit.sentence]
    if files.linked:
        lines[-1] += f" [The page itself](pictures/{exhibit.name}{files.linked})."
    for suffix in files.shown:
        picture = f"pictures/{exhibit.name}{suffix}"
        lines += ["", f"[![{exhibit.title}]({picture})]({picture})"]
    if isinstance(thing, Terminal):
        return "\n".join([*lines, "", "```console", f"$ {thing.command}", "```", ""])
    lines += ["", '<details markdown="1"><summary>The code</summary>', "", "```python", exhibit.code, "```", "", "</details>", ""]
    if isinstance(thing, Explanation):
        for kind, text in (("text", thing.text), ("latex", thing.latex)):
            lines += [f"Its `.{kind}`:", "", f"```{kind}", text, "```", ""]
    return "\n".join(lines)
