"""Blocks of code on a page: what they print and show; those of a page share what they define."""

from __future__ import annotations

import ast
import builtins
import io
import sys
import traceback
import warnings
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from figures import content, is_a

from autograd_tiny.text.words import listed

HERE = ("autograd_tiny", "graphviz", "latex2mathml", "rich")
"""What a block can import beside Python's own library."""
MOST_TEXT, LARGEST_FILE = 20_000, 5_000_000
"""Characters of what a block prints that are shown; bytes of a file that is offered to be saved."""
BLOCK = "<block>"
"""What Python calls the file that a block is, in tracebacks."""

_variables: dict[str, Any] = {}
"""What the blocks of a page have defined so far."""
_screens: list[Callable[[Any], None]] = []
"""What shows a value of the block that runs."""


def run(block: Mapping[str, Any]) -> dict[str, Any]:
    """What a block of code prints and shows: of a session every expression, else the last.

    Args:
        block: its ``code``, and in ``session`` whether it is one.

    Returns:
        ``shown``, a list of ``{"text": ...}``, ``{"html": ..., "kind": ...}`` and ``{"page": ..., "title": ...}``; the ``files``
        that were written; ``failed``, what is wrong.
    """
    code, is_session = str(block["code"]), bool(block.get("session"))
    shown: list[dict[str, str]] = []
    failed, before = "", _files()
    with _said() as said:

        def show(value: Any) -> None:
            shown.extend(_taken(said))
            if value is not None:
                _variables["_"] = value
                shown.append(_shown(value))

        _screens.append(show)
        try:
            _execute(code, show if is_session else None, show)
        except BaseException as error:  # whatever the code raises, SystemExit and KeyboardInterrupt too, is shown
            failed = _told(error, code)
        finally:
            _screens.pop()
    shown.extend(_taken(said))
    new = [name for name, seen in _files().items() if seen != before.get(name)]
    files = [{"name": name, "content": b64encode(Path(name).read_bytes()).decode()} for name in new]
    return {"shown": shown, "failed": failed, "files": files}


def forget(_: object = None) -> dict[str, Any]:
    """Begin anew: nothing is defined."""
    _variables.clear()
    _variables.update({"__name__": "__main__", "display": display})
    return {}


def display(*values: Any) -> None:
    """Show values before a block ends, as in a notebook."""
    for value in values:
        _screens[-1](value)


def _as_notebooks_do() -> None:
    """Cells of notebooks import ``display``, also where there is no IPython."""
    if find_spec("IPython") is None:
        sys.modules["IPython.display"] = module = ModuleType("IPython.display")
        vars(module)["display"] = display


def _execute(code: str, each: Callable[[Any], None] | None, last: Callable[[Any], None]) -> None:
    statements = ast.parse(code, BLOCK).body
    for i, statement in enumerate(statements):
        receive = last if i == len(statements) - 1 else each
        if receive is not None and isinstance(statement, ast.Expr):
            receive(eval(compile(ast.Expression(statement.value), BLOCK, "eval"), _variables))
        else:
            exec(compile(ast.Module([statement], []), BLOCK, "exec"), _variables)


@contextmanager
def _said() -> Iterator[io.StringIO]:
    """Where everything goes that is printed meanwhile; ``input`` has nobody to ask."""
    said, ask = io.StringIO(), builtins.input
    with redirect_stdout(said), redirect_stderr(said), warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.showwarning = lambda message, category, *_: print(f"{category.__name__}: {message}")  # type: ignore[assignment]
        builtins.input = _nobody_answers
        try:
            yield said
        finally:
            builtins.input = ask


def _taken(said: io.StringIO) -> Iterator[dict[str, str]]:
    """What was printed since the last time, cut off where it is very long."""
    if text := said.getvalue():
        cut = f"{text[:MOST_TEXT]}\n... ({len(text):,} characters)"
        yield {"text": text if len(text) <= MOST_TEXT else cut}
    said.seek(0)
    said.truncate()


def _shown(value: Any) -> dict[str, str]:
    if is_a("Stepper", value):
        return {"page": value.html(), "title": value.data["title"]}
    if not isinstance(value, str):
        try:
            kind, html = content(value, "")
            return {"html": html, "kind": kind}
        except TypeError:
            pass
    return {"text": repr(value)}


def _nobody_answers(*_: object) -> NoReturn:
    raise RuntimeError("input() has nobody to ask on this page; write the value into the code")


def _told(error: BaseException, code: str) -> str:
    """An error as its block is to blame for it: the line, then what is wrong."""
    text = "".join(traceback.format_exception_only(error)).strip()
    if isinstance(error, SyntaxError) and error.filename == BLOCK:
        return text
    if isinstance(error, ModuleNotFoundError) and error.name:
        text += f"; a browser has Python's own library here, {listed(HERE, len(HERE))}, and nothing else"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == BLOCK]
    at = lines[0] if lines else None
    line = code.splitlines()[at - 1].strip() if at and at <= len(code.splitlines()) else ""
    return f"line {at}: {line}\n{text}" if line else text


def _files() -> dict[str, tuple[int, int]]:
    """The files beside the code, which on a page lie in memory, each with what tells whether it was changed."""
    found = {path: path.stat() for path in Path().iterdir() if path.is_file() and not path.name.startswith(".")}
    return {path.name: (seen.st_mtime_ns, seen.st_size) for path, seen in found.items() if seen.st_size <= LARGEST_FILE}


forget()
_as_notebooks_do()
