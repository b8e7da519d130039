"""Make the notebooks: python notebooks/build.py [--check] [NAME ...]

Each file in sources/ is converted to a notebook and executed.  The notebooks are committed with their outputs, pictures
included, so that they can be read where nothing runs.  With --check nothing is written: it says whether they are what
building them again would give, but for the shapes in pictures, which depend on the installed Graphviz.
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
from difflib import unified_diff
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jupytext
import nbformat

from autograd_tiny.files import write_file

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}
WIDGET = "application/vnd.jupyter.widget-view+json"
"""Refers to a widget in a running kernel, by an id that is new each time; beside it stands a picture, which is kept."""

_EMBEDDED = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)")
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, ElementTree.ParseError, nbformat.ValidationError)
_TIMEOUT = 300


def sources() -> list[Path]:
    """The files that notebooks are made from, in reading order."""
    return sorted((HERE / "sources").glob("*.py"))


def notebook_path(source: Path) -> Path:
    """Where the notebook made from a source stands."""
    return HERE / f"{source.stem}.ipynb"


def convert(source: Path) -> Any:
    """A source as a notebook without outputs."""
    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{number:02}"
        cell.metadata = nbformat.from_dict({})
    return notebook


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
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def readable(notebook: Any) -> str:
    """What a notebook says, as text to be compared: cells, outputs, and the words and numbers in pictures."""
    lines = []
    for number, cell in enumerate(notebook.cells, 1):
        lines += [f"--- cell {number}, {cell.cell_type}", *cell.source.splitlines()]
        for output in cell.get("outputs", ()):
            lines += _readable_output(output)
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
    return str(nbformat.writes(notebook))


def check(source: Path) -> list[str]:
    """What is wrong with the committed notebook of a source; nothing if it is fresh.

    A source that has changed is found without running anything.
    """
    path = notebook_path(source)
    if not path.exists():
        return [f"{path.name} does not exist"]
    committed = path.read_text(encoding="utf-8")
    fresh = convert(source)
    if changed := differences(without_outputs(committed), fresh):
        return changed
    execute(fresh)
    return differences(committed, fresh)


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
    for orphan in [] if options.names else orphans():
        print(f"{orphan.name}: has no source; delete it")
        stale = True
    if stale and options.check:
        print("to make them fresh: python notebooks/build.py")
    return int(stale and options.check)


if __name__ == "__main__":
    sys.exit(main())
