"""DOT text to SVG, PNG or PDF, by an external program, or in a browser by one on the page: all about these is here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from importlib import import_module
from typing import Any

PROGRAM_VARIABLE = "AUTOGRAD_TINY_DOT"
SIGNATURES = {"svg": (b"<?xml", b"<svg"), "png": (b"\x89PNG\r\n\x1a\n",), "pdf": (b"%PDF-",)}
"""The formats, and how a file of each begins."""
PNG_DPI = 96
"""Of the programs that draw, where they are told nothing."""

PAGE_PROGRAM = "autogradTinyGraphviz"
"""What a page calls its Graphviz: a global name of JavaScript, where Python runs, for an instance of @viz-js/viz."""

_INSTALL = "pip install graphviz-pure, or install Graphviz (https://graphviz.org/download)"


class RenderError(RuntimeError):
    """No picture: there is no program that draws, or it failed, took too long or wrote something else."""


def render(dot: str, output_format: str, *, scale: float = 1.0, timeout: float = 60.0) -> bytes:
    """A graph in the DOT language as a picture.

    The program that draws is the one named by the environment variable ``AUTOGRAD_TINY_DOT``, else Graphviz's ``dot``
    if there is one, else ``graphviz-pure``, which is installed with this package.  In a browser no program can be
    started; there it is Graphviz as WebAssembly, which the page has loaded: see `load_graphviz`.

    Args:
        dot: the graph.
        output_format: "svg", "png" or "pdf"; graphviz-pure has no PDF, and a browser has SVG alone.
        scale: of a PNG; at 2 it has twice the width and height in pixels.
        timeout: in seconds; a program that takes longer is stopped.  In a browser there is no limit.

    Raises:
        RenderError: there is no picture; the message says why and what to do.

    >>> render('digraph { a -> b }', "svg")[:5]
    b'<?xml'
    """
    if output_format not in SIGNATURES:
        raise ValueError(f"no format is called {output_format!r}; use one of {', '.join(SIGNATURES)}")
    if sys.platform == "emscripten" and not os.environ.get(PROGRAM_VARIABLE):
        return _render_on_page(dot, output_format)
    program = find_program()
    command = [program, f"-T{output_format}", *([f"-Gdpi={PNG_DPI * scale:g}"] if scale != 1.0 else [])]
    try:
        finished = subprocess.run(command, input=dot.encode(), capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        raise RenderError(
            f"{program} was stopped after {timeout:g} s; draw a part of the graph, or lower max_nodes"
        ) from None
    except OSError as error:
        raise RenderError(f"{program} does not run: {error.strerror or error}; {_INSTALL}") from None
    complaint = finished.stderr.decode(errors="replace").strip()[-500:] or "it gives no reason"
    if output_format == "pdf" and "not recognized" in complaint:
        raise RenderError(f"{program} writes no PDF; install Graphviz, or save as .svg")
    if finished.returncode != 0:
        raise RenderError(f"{program} failed with exit code {finished.returncode}: {complaint}")
    if not finished.stdout.startswith(SIGNATURES[output_format]):
        raise RenderError(f"{program} wrote no {output_format.upper()} but {finished.stdout[:40]!r}: {complaint}")
    return finished.stdout


async def load_graphviz(url: str) -> None:
    """Give a browser's Python a Graphviz to draw with, as in JupyterLite notebooks: ``await load_graphviz("viz.js")``.

    The pages of this project's site have done so; elsewhere nothing is loaded before you say from where.

    Args:
        url: of the module ``dist/viz.js`` of the npm package @viz-js/viz, as a page or a worker imports it.

    Raises:
        RenderError: this Python runs in no browser, or there is no such module.
    """
    if sys.platform != "emscripten":
        raise RenderError(
            f"only the Python of a browser loads its Graphviz from a page, this one runs programs: {_INSTALL}"
        )
    try:
        module = await _javascript("url => import(url)")(url)
        _javascript("(name, program) => { globalThis[name] = program }")(PAGE_PROGRAM, await module.instance())
    except Exception as error:
        raise RenderError(f"no Graphviz was loaded from {url!r}: {error}") from None


def _render_on_page(dot: str, output_format: str) -> bytes:
    if output_format != "svg":
        raise RenderError(f"in a browser pictures are SVG; there is no {output_format.upper()}, save as .svg")
    program = _javascript(f"globalThis.{PAGE_PROGRAM}")
    if program is None:
        raise RenderError(
            "this page has loaded no Graphviz; await load_graphviz(url) of autograd_tiny.views.drawing.render does it"
        )
    try:
        result = program.render(dot, _javascript(f"({{ format: '{output_format}' }})"))
    except Exception as error:
        _javascript(f"delete globalThis.{PAGE_PROGRAM}")  # out of memory, or of stack; it must not be used again
        raise RenderError(
            f"the page's Graphviz gave up, and is gone: {error}; draw a part of the graph, or lower max_nodes"
        ) from None
    if result.status != "success":
        complaint = "; ".join(error.message for error in result.errors) or "it gives no reason"
        raise RenderError(f"the page's Graphviz failed: {complaint}")
    return str(result.output).encode()


def _javascript(code: str) -> Any:
    """The value of a line of JavaScript, where Python runs in a browser; it holds no text of the user's."""
    return import_module("pyodide.code").run_js(code)


def find_program() -> str:
    """The path of the program that `render` runs.

    Raises:
        RenderError: there is none.
    """
    if wanted := os.environ.get(PROGRAM_VARIABLE):
        if found := _which(wanted):
            return found
        raise RenderError(
            f"the environment variable {PROGRAM_VARIABLE} names {wanted!r}, which is no program here; {_INSTALL}"
        )
    if found := _which("dot") or _which("graphviz-pure"):
        return found
    raise RenderError(f"no program that draws graphs was found; {_INSTALL}, or name one in {PROGRAM_VARIABLE}")


def _which(program: str) -> str | None:
    """The path of a program on PATH, or beside the Python that runs this, which PATH may lack."""
    return shutil.which(program) or shutil.which(program, path=sysconfig.get_path("scripts"))
