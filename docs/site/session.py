"""What Python does for the pages in a browser: it runs their code, and answers the playground.  JSON in, JSON out.

Nothing here knows the browser, so that the tests run it as it is.
"""

from __future__ import annotations

import ast
import builtins
import io
import json
import math
import traceback
import warnings
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from html import escape
from pathlib import Path
from typing import Any, NoReturn

from figures import content, scrolled

from autograd_tiny import Stepper, Value, draw, explain, mark
from autograd_tiny.marking.report import Report
from autograd_tiny.symbols.formula import Recorded, read_formula
from autograd_tiny.text.numbers import short_number
from autograd_tiny.text.words import did_you_mean
from autograd_tiny.views.derivation import derivation
from autograd_tiny.views.drawing.draw import Drawing

HERE = ("autograd_tiny", "graphviz", "latex2mathml", "rich")
MOST_TEXT, LARGEST_FILE = 20_000, 5_000_000
"""Characters of what a block prints that are shown; bytes of a file that is offered to be saved."""

Answer = dict[str, Any]


def answer(name: str, question: str) -> str:
    """What one of the functions below says, as JSON; what is wrong is said in ``error``."""
    try:
        return json.dumps(QUESTIONS[name](json.loads(question)))
    except (ValueError, ArithmeticError, RuntimeError, LookupError, TypeError, MemoryError) as error:
        return json.dumps({"error": str(error) or type(error).__name__})


# The playground.


def opened(state: Mapping[str, Any]) -> Answer:
    """What a formula consists of: its inputs, each with a number, and the names that have a derivative."""
    formula = read_formula(str(state["formula"]))
    given = state.get("values") or {}
    values = {name: given[name] if _is_finite(given.get(name)) else 1.0 for name in formula.inputs}
    recorded = _recorded(state, values)
    unused = recorded.unused
    named = [name for name, node in recorded.nodes.items() if node is not recorded.output and name not in unused]
    return {"values": values, "names": named, "output": recorded.output.label, "unused": list(unused)}


def numbers(state: Mapping[str, Any]) -> Answer:
    """The numbers of a picture that is there already, by the ids of its boxes and arrows, and the chain rule by one name."""
    recorded = _differentiated(state)
    drawing = draw(recorded.output)
    shown = {box: {"data": short_number(x.data), "grad": short_number(x.grad)} for x, box in drawing.nodes.items()}
    edges = {edge: short_number(user.local_derivatives[place]) for (user, place), edge in drawing.edges.items()}
    return {"nodes": shown, "edges": edges, "titles": drawing.titles, "chain": _chain(recorded, state)}


def picture(state: Mapping[str, Any]) -> Answer:
    """The graph as SVG, laid out for the numbers that it has."""
    drawing = draw(_differentiated(state).output)
    return {"svg": drawing.svg(), "alt": f"{drawing.title}: {drawing.description}"}


def steps(state: Mapping[str, Any]) -> Answer:
    """The page that steps through the formula."""
    return {"page": Stepper(_differentiated(state).output).html()}


def written(state: Mapping[str, Any]) -> Answer:
    """The derivation of all derivatives by the inputs, as LaTeX to be copied."""
    recorded = _differentiated(state)
    return {"latex": derivation(recorded.output).latex}


def marks(state: Mapping[str, Any]) -> Answer:
    """The report on the numbers that were typed in, a claim a line."""
    claims = _claims(state)
    if not claims:
        return {"report": ""}
    report: Report = mark(_differentiated(state).output, claims)
    return {"report": scrolled(report._repr_html_(), "Claims and marks")}


def page(state: Mapping[str, Any]) -> Answer:
    """The formula, its inputs and the typed numbers as a page that ``autograd-tiny mark`` reads."""
    formula = str(state["formula"]).strip().replace("\\", "\\\\").replace('"', '\\"')
    inputs = "".join(f"{json.dumps(name)} = {float(x)!r}\n" for name, x in opened(state)["values"].items())
    claims = "".join(f"    {json.dumps(claim)},\n" for claim in _claims(state))
    return {"toml": f'formula = """\n{formula}\n"""\nclaims = [\n{claims}]\n\n[inputs]\n{inputs}'}


def _recorded(state: Mapping[str, Any], values: Mapping[str, float]) -> Recorded[Value]:
    return read_formula(str(state["formula"])).record(values)


def _differentiated(state: Mapping[str, Any]) -> Recorded[Value]:
    recorded = _recorded(state, opened(state)["values"])
    recorded.output.backward()
    return recorded


def _chain(recorded: Recorded[Value], state: Mapping[str, Any]) -> str:
    """The chain rule by the name that the state asks for, as MathML, or why there is none."""
    name = str(state.get("wrt") or next(iter(recorded.nodes), ""))
    node = recorded.nodes.get(name)
    if node is None or node is recorded.output:
        return f"<p>{escape(f'the formula has no {name!r}' + did_you_mean(name, recorded.nodes, 1))}</p>" if name else ""
    try:
        return content(explain(recorded.output, wrt=node), "")[1]
    except ValueError as error:
        return f"<p>{escape(str(error))}</p>"


def _claims(state: Mapping[str, Any]) -> list[str]:
    lines = str(state.get("claims") or "").replace(";", "\n").splitlines()
    return [line.strip() for line in lines if line.strip()]


def _is_finite(x: object) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x)


# Code on a page.

_variables: dict[str, Any] = {"__name__": "__main__"}
"""What the blocks of a page have defined so far."""


def run(block: Mapping[str, Any]) -> Answer:
    """What a block of code prints and shows: of a session every expression, else the last.

    Returns:
        ``shown``, a list of ``{"text": ...}``, ``{"html": ...}`` and ``{"page": ...}``; ``files`` that it wrote; ``failed``.
    """
    code, is_session = str(block["code"]), bool(block.get("session"))
    shown: list[dict[str, str]] = []
    before = _files()
    said = io.StringIO()

    def tell() -> None:
        if text := said.getvalue():
            shown.append({"text": text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}\n... ({len(text):,} characters)"})
        said.seek(0)
        said.truncate()

    def show(value: Any) -> None:
        tell()
        if value is not None:
            _variables["_"] = value
            shown.append(_shown(value))

    with redirect_stdout(said), redirect_stderr(said), warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.showwarning = lambda message, category, *_: print(f"{category.__name__}: {message}")  # type: ignore[assignment]
        ask, builtins.input = builtins.input, _nobody_answers
        try:
            _execute(code, show if is_session else None, show)
            failed = ""
        except BaseException as error:  # whatever the code raises, SystemExit and KeyboardInterrupt too, is shown
            failed = _told(error, code)
        finally:
            builtins.input = ask
    tell()
    new = [name for name, seen in _files().items() if seen != before.get(name)]
    files = [{"name": name, "content": b64encode(Path(name).read_bytes()).decode()} for name in new]
    return {"shown": shown, "failed": failed, "files": files}


def _execute(code: str, each: Callable[[Any], None] | None, last: Callable[[Any], None]) -> None:
    statements = ast.parse(code, "<block>").body
    for i, statement in enumerate(statements):
        receive = last if i == len(statements) - 1 else each
        if receive is not None and isinstance(statement, ast.Expr):
            receive(eval(compile(ast.Expression(statement.value), "<block>", "eval"), _variables))
        else:
            exec(compile(ast.Module([statement], []), "<block>", "exec"), _variables)


def _shown(value: Any) -> dict[str, str]:
    if isinstance(value, Stepper):
        return {"page": value.html(), "title": value.data["title"]}
    if not isinstance(value, str):
        try:
            return {"html": content(value, "")[1]}
        except TypeError:
            pass
    return {"text": repr(value)}


def _nobody_answers(prompt: object = "") -> NoReturn:
    raise RuntimeError("input() has nobody to ask on this page; write the value into the code")


def _told(error: BaseException, code: str) -> str:
    """An error as its block is to blame for it: the line, then what is wrong."""
    if isinstance(error, SyntaxError):
        return "".join(traceback.format_exception_only(error)).strip()
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<block>"]
    text = "".join(traceback.format_exception_only(error)).strip()
    if isinstance(error, ModuleNotFoundError) and error.name:
        text += f"; a browser has Python's own library here, {', '.join(HERE)}, and nothing else"
    line = code.splitlines()[lines[0] - 1].strip() if lines and lines[0] and lines[0] <= len(code.splitlines()) else ""
    return f"line {lines[0]}: {line}\n{text}" if line else text


def _files() -> dict[str, tuple[int, int]]:
    """The files beside the code, which on a page lie in memory, each with what tells whether it was changed."""
    found = {path: path.stat() for path in Path().iterdir() if path.is_file() and not path.name.startswith(".")}
    return {path.name: (seen.st_mtime_ns, seen.st_size) for path, seen in found.items() if seen.st_size <= LARGEST_FILE}


def forget(_: object = None) -> Answer:
    """Begin anew: nothing is defined."""
    _variables.clear()
    _variables["__name__"] = "__main__"
    return {}


QUESTIONS: dict[str, Callable[[Mapping[str, Any]], Answer]] = {
    function.__name__: function for function in (opened, numbers, picture, steps, written, marks, page, run, forget)
}
