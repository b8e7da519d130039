"""A program as JavaScript: a module that stands alone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from autograd_tiny.engine.row import SIGN, Notation
from autograd_tiny.engine.table import TABLE, equal, greater, less, neg, where
from autograd_tiny.lowering.program import Program
from autograd_tiny.lowering.sources.definitions import Definitions
from autograd_tiny.lowering.sources.writer import (
    ARITHMETIC,
    CHOICE,
    Language,
    Writer,
    condition,
    in_rows_of_the_table,
    wrapped,
)

FUNCTION = "valueAndGrad"
MATH = "exp expm1 log log1p sqrt sin cos tan asin acos atan atan2 hypot sinh cosh tanh abs"
OTHER_NAMES = {"pow": "power", "pow_log": "powerTimesLog", "leaky_relu": "leakyRelu"}
RESERVED = """
    arguments await break case catch class const continue debugger default delete do else enum eval export extends
    false finally for function if implements import in instanceof interface let new null package private protected
    public return static super switch this throw true try typeof var void while with yield undefined NaN Infinity Math
    Number
"""

JAVASCRIPT = Language(
    name="JavaScript",
    notations={
        **ARITHMETIC,
        neg: Notation("-{0:atom}", SIGN),  # -x ** 2 is no JavaScript
        less: condition("<"), greater: condition(">"), equal: condition("==="), where: CHOICE,
    },
    has_power=lambda row: True,
    functions={name: name for name in TABLE} | {name: f"Math.{name}" for name in MATH.split()} | OTHER_NAMES,
    reserved=frozenset([*RESERVED.split(), FUNCTION]),
    line=("const {name} = ", ";"),
    comment="// ",
    several=("const {name} = {function}(", ");"),
)  # fmt: skip


def javascript_source(program: Program) -> str:
    """A module that exports one function, ``valueAndGrad``, of the program's inputs.

    It gives ``[y, [d_a, d_b]]``; for several results, lists in the place of each.  Where Python raises, it goes on with
    infinity or NaN.

    Raises:
        TypeError: a row of the user's own has no expansion.
    """
    writer = Writer(in_rows_of_the_table(program, JAVASCRIPT.name), JAVASCRIPT)
    program = writer.program
    lines, outputs = writer.body(program.outputs, "  ")
    results, derivatives = outputs[: program.n_values], outputs[program.n_values :]
    n = len(derivatives) // program.n_values
    rows = [_list(derivatives[i * n : i * n + n]) for i in range(program.n_values)] if n else []
    value, slopes = (
        (results[0], "".join(rows)) if program.n_values == 1 else (_list(results), _list(rows) if rows else "")
    )
    function = [
        *wrapped(f"export function {FUNCTION}(", ", ".join(writer.names[: len(program.inputs)]), ") {"),
        *lines,
        *wrapped("  return [", f"{value}{slopes and ', '}{slopes}", "];"),
        "}\n",
    ]
    return "\n\n".join([*definitions().needed(writer.functions).values(), "\n".join(function)])


def javascript_function(program: Program) -> tuple[str, set[str]]:
    """An arrow function from the inputs to a list of the outputs, and the names of the functions that it calls.

    Raises:
        TypeError: a row of the user's own has no expansion.
    """
    writer = Writer(in_rows_of_the_table(program, JAVASCRIPT.name), JAVASCRIPT)
    lines, outputs = writer.body(writer.program.outputs, "  ", brief=True)
    inputs, result = ", ".join(writer.names[: len(program.inputs)]), f"[{', '.join(outputs)}]"
    text = "\n".join([f"({inputs}) => {{", *lines, f"  return {result};", "}"]) if lines else f"({inputs}) => {result}"
    return text, writer.functions


def javascript_sums(program: Program, given: Mapping[str, int]) -> tuple[str, set[str]]:
    """An arrow function of arrays, which adds the outputs to its last one, and the names of the functions it calls.

    Args:
        program: what is computed.
        given: the arrays that the inputs are taken from, in their order: the name of each, and its length.

    Raises:
        TypeError: a row of the user's own has no expansion.
    """
    writer = Writer(in_rows_of_the_table(program, JAVASCRIPT.name), JAVASCRIPT, [*given, "sums"])
    lines, outputs = writer.body(writer.program.outputs, "  ", brief=True)
    used = writer.used(writer.program.outputs)
    places = [f"{name}[{i}]" for name, n in given.items() for i in range(n)]
    inputs = [f"  const {writer.names[i]} = {place};" for i, place in enumerate(places) if i in used]
    added = [line for i, x in enumerate(outputs) for line in wrapped(f"  sums[{i}] += ", x, ";")]
    return "\n".join([f"({', '.join([*given, 'sums'])}) => {{", *inputs, *lines, *added, "}"]), writer.functions


@lru_cache(maxsize=1)
def definitions() -> Definitions:
    """The functions that JavaScript lacks."""
    text = (Path(__file__).parent / "functions.js").read_text(encoding="utf-8")
    return Definitions(text, r"^(?:const|function) (\w+)")


def _list(parts: list[str]) -> str:
    return f"[{', '.join(parts)}]"
