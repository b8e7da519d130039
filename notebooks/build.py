"""Make the notebooks: python notebooks/build.py [--check] [NAME ...]

Each file in sources/ is converted to a notebook and executed.  The notebooks are committed with their outputs, pictures
included, so that they can be read where nothing runs.  With --check nothing is written: it says whether they are what
building them again would give, but for the shapes in pictures, which depend on the installed Graphviz.

Their order is that of the numbers in their names.  From it come the links from each notebook to the one before and the next,
and the list in README.md.  Cells of a source may have a tag, written ``# %% tags=["solution"]``:

solution  is executed with the rest, and then folded away, code and printed output, in one cell that opens on a click.
timed     prints or plots measured times: numbers in its output are not compared by --check.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterable
from difflib import unified_diff
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jupytext
import nbformat

from autograd_tiny.storage.files import write_file

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}
WIDGET = "application/vnd.jupyter.widget-view+json"
"""Refers to a widget in a running kernel, by an id that is new each time; beside it stands a picture, which is kept."""

_EMBEDDED = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)")
_NUMBERS = re.compile(r"([ |-]*\d[\d.,]*(e[+-]?\d+)?)+")  # and what is between them: spaces, or the bars between words of a picture
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, ElementTree.ParseError, nbformat.ValidationError)
_TIMEOUT = 300
_SOLUTION, _TIMED = "solution", "timed"
_FOLD = "<details>\n<summary>Solution</summary>\n\n"
_PRINTED = re.compile(r"\n\nIt prints:\n\n```text\n.*?\n```", re.DOTALL)
_OPENING = re.compile(r"# (?P<title>[^\n]+)\n\nAfter this notebook you can (?P<ability>.*?\.)(?=\s|$)", re.DOTALL)
_INDEX = HERE / "README.md"
_INDEX_TEXT = """\
# The notebooks

From a first derivative to a GPT that is compiled and trained, in {count} steps.  Each is short, and ends with an exercise that marks every
answer; a solution in code is folded away below it.  They are kept with their outputs, so you can read them here, without running anything.

| | notebook | after it you can |
|---|---|---|
{rows}

To run them, at the root of the project:

```
pip install ".[notebook,fast]" jupyterlab
jupyter lab notebooks/{first}
```

With nothing installed for whoever opens them: in the manual's site their cells can be edited and run, and `python3 dev.py docs --lite`
builds it with JupyterLite, in which the first five open as notebooks.  A browser has neither NumPy nor matplotlib: the fifth stops at
its plots.

This list and the notebooks are made by `python3 dev.py notebooks` from the files in `notebooks/sources/`: change those, not
these.
"""


def sources() -> list[Path]:
    """The files that notebooks are made from, in reading order."""
    return sorted((HERE / "sources").glob("*.py"))


def notebook_path(source: Path) -> Path:
    """Where the notebook made from a source stands."""
    return HERE / f"{source.stem}.ipynb"


def opening(source: Path) -> re.Match[str]:
    """The first words of a source, with the groups ``title`` and ``ability``: what its reader will be able to do.

    Raises:
        ValueError: it opens in another way.
    """
    found = _OPENING.match(jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent").cells[0].source)
    if not found:
        raise ValueError(f'{source.name}: the first cell is "# A title", an empty line, and "After this notebook you can ... ."')
    return found


def index() -> str:
    """The text of README.md: the notebooks in their order."""
    rows = []
    for number, source in enumerate(sources(), 1):
        found = opening(source)
        rows.append(f"| {number} | [{found['title']}]({notebook_path(source).name}) | {' '.join(found['ability'].split())[:-1]} |")
    return _INDEX_TEXT.format(count=len(rows), rows="\n".join(rows), first=notebook_path(sources()[0]).name)


def _links(source: Path) -> tuple[str, str]:
    """Where a notebook stands on the path: a line for its opening, and one for its end."""
    path = sources()
    number = [other.name for other in path].index(source.name)

    def link(neighbour: Path) -> str:
        return f"[{opening(neighbour)['title']}]({notebook_path(neighbour).name})"

    before = f"before: {link(path[number - 1])}" if number else ""
    after = f"next: {link(path[number + 1])}" if number + 1 < len(path) else ""
    here = f"[Notebook {number + 1} of {len(path)}]({_INDEX.name})"
    end = f"Next: {link(path[number + 1])}." if after else f"This is the last one.  [All notebooks]({_INDEX.name})."
    return " · ".join(filter(None, [here, before, after])), end


def convert(source: Path) -> Any:
    """A source as a notebook without outputs, its solution not yet folded.

    Raises:
        ValueError: it does not open as notebooks here do, or a cell has a tag without a meaning.
    """
    opening(source)
    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells, 1):
        tags = cell.metadata.get("tags", [])
        if unknown := set(tags) - {_SOLUTION, _TIMED}:
            raise ValueError(f"{source.name}, cell {number}: the tags are {_SOLUTION} and {_TIMED}, not {', '.join(sorted(unknown))}")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
    here, end = _links(source)
    notebook.cells[0].source += f"\n\n{here}"
    notebook.cells.append(nbformat.v4.new_markdown_cell(end))
    return notebook


def fold(notebook: Any) -> Any:
    """The notebook with each run of cells tagged solution put into one cell that opens on a click, and cells numbered."""
    cells: list[Any] = []
    for is_solution, run in groupby(notebook.cells, key=lambda cell: _SOLUTION in cell.metadata.get("tags", ())):
        together = list(run)
        cells += [nbformat.v4.new_markdown_cell(_folded(together))] if is_solution else together
    for number, cell in enumerate(cells, 1):
        cell.id = f"cell-{number:02}"
    return nbformat.from_dict({**notebook, "cells": cells})


def _folded(cells: Iterable[Any]) -> str:
    """A solution as Markdown.  Pictures become their descriptions: not every viewer shows a picture in a text."""
    parts = []
    for cell in cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
        else:
            said = [output.text if output.output_type == "stream" else output.data["text/plain"] for output in cell.outputs]
            printed = "\n".join(text.rstrip("\n") for text in said)
            parts.append(f"```python\n{cell.source}\n```" + (f"\n\nIt prints:\n\n```text\n{printed}\n```" if printed else ""))
    return _FOLD + "\n\n".join(parts) + "\n\n</details>"


def execute(notebook: Any) -> None:
    """Run a notebook in a fresh kernel of this Python, in an empty directory, and keep what its outputs say.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed.
    """
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    this_python = KernelSpecManager(kernel_dirs=[], ensure_native_kernel=True)  # whatever kernels the user has registered
    kernels = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=this_python)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        environment = {**os.environ, "PYTHONHASHSEED": "0", "IPYTHONDIR": directory}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        client = NotebookClient(
            notebook,
            km=kernels,
            resources={"metadata": {"path": directory}},
            timeout=_TIMEOUT,
            extra_arguments=["--log-level=ERROR"],  # not that the kernel listens, to this machine alone, without encryption
            record_timing=False,
            store_widget_state=False,
            coalesce_streams=True,
        )
        client.execute(env=environment, cleanup_kc=True)  # which also stops the kernel
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(WIDGET, None)


def build(source: Path) -> str:
    """The text of the notebook file that a source gives."""
    notebook = convert(source)
    execute(notebook)
    notebook = fold(notebook)
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def readable(notebook: Any) -> str:
    """What a notebook says, as text to be compared: cells, outputs, and the words and numbers in pictures."""
    lines = []
    for number, cell in enumerate(notebook.cells, 1):
        lines += [f"--- cell {number}, {cell.cell_type}", *cell.source.splitlines()]
        if timed := _TIMED in cell.metadata.get("tags", ()):
            lines.append("--- numbers are times")
        for output in cell.get("outputs", ()):
            said = _readable_output(output)
            lines += [_NUMBERS.sub(" #", line) for line in said] if timed else said
    return "\n".join([*lines, ""])


def _readable_output(output: Any) -> list[str]:
    if output.output_type == "stream":
        return [f"--- output, {output.name}", *output.text.splitlines()]
    if output.output_type == "error":
        return [f"--- error, {output.ename}: {output.evalue}"]
    lines = []
    for kind, content in sorted(output.data.items()):
        if kind == "image/svg+xml":
            content = _words(content)
        elif kind == "text/html":
            content = _EMBEDDED.sub(lambda match: _words(base64.b64decode(match[1]).decode()), content)
        lines += [f"--- output, {kind}", *str(content).splitlines()]
    return lines


def _words(svg: str) -> str:
    texts = [element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("}text")]
    return "picture with: " + " | ".join(sorted(texts))


def differences(committed: str, fresh: Any) -> list[str]:
    """How a committed notebook file differs from a fresh notebook, as a diff of what they say; empty if it does not."""
    try:
        old = nbformat.reads(committed, as_version=4)
        said = readable(old)
    except _UNREADABLE as error:
        return [f"this is no notebook that can be read: {type(error).__name__}: {error}"]
    before = [f"metadata {json.dumps(old.metadata, sort_keys=True)}", *said.splitlines()]
    after = [f"metadata {json.dumps(METADATA, sort_keys=True)}", *readable(fresh).splitlines()]
    return list(unified_diff(before, after, "committed", "fresh", lineterm="", n=1))


def without_outputs(committed: str) -> str:
    """A notebook file as it was before it was executed; one that cannot be read stays as it is."""
    try:
        notebook = nbformat.reads(committed, as_version=4)
    except _UNREADABLE:
        return committed
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
        elif cell.source.startswith(_FOLD):
            cell.source = _PRINTED.sub("", cell.source)
    return str(nbformat.writes(notebook))


def check(source: Path) -> list[str]:
    """What is wrong with the committed notebook of a source; nothing if it is fresh.

    A source that has changed is found without running anything.
    """
    path = notebook_path(source)
    if not path.exists():
        return [f"{path.name} does not exist"]
    committed = path.read_text(encoding="utf-8")
    if changed := differences(without_outputs(committed), fold(convert(source))):
        return changed
    fresh = convert(source)
    execute(fresh)
    return differences(committed, fold(fresh))


def orphans() -> list[Path]:
    """Notebooks without a source."""
    return sorted(set(HERE.glob("*.ipynb")) - {notebook_path(source) for source in sources()})


def main(arguments: list[str] | None = None) -> int:
    known = {source.stem: source for source in sources()}
    parser = argparse.ArgumentParser(prog="build.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones, all if none is given: {', '.join(known)}")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a committed notebook is not fresh")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(known):
        parser.error(f"there is no source called {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    stale = False
    for name in options.names or known:
        start, path = time.perf_counter(), notebook_path(known[name])
        if options.check:
            found = check(known[name])
            stale = stale or bool(found)
            print(f"{path.name}: {'not fresh' if found else 'fresh'} ({time.perf_counter() - start:.1f} s)")
            print(*found, sep="\n", end="\n" if found else "")
        else:
            write_file(path, build(known[name]))
            print(f"{path.name}: written ({time.perf_counter() - start:.1f} s)")
    if not options.names:
        if options.check:
            fresh = _INDEX.exists() and _INDEX.read_text(encoding="utf-8") == index()
            stale = stale or not fresh
            print(f"{_INDEX.name}: {'fresh' if fresh else 'not fresh'}")
        else:
            write_file(_INDEX, index())
            print(f"{_INDEX.name}: written")
    for orphan in [] if options.names else orphans():
        print(f"{orphan.name}: has no source; delete it")
        stale = True
    if stale and options.check:
        print("to make them fresh: python notebooks/build.py")
    return int(stale and options.check)


if __name__ == "__main__":
    sys.exit(main())
