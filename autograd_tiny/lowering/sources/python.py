"""A program as Python: a module that stands alone, and the function that runs."""

from __future__ import annotations

import builtins
import keyword
import math
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from autograd_tiny.engine import floats
from autograd_tiny.engine.row import Notation, Primitive
from autograd_tiny.engine.table import TABLE, equal, greater, less, where
from autograd_tiny.lowering.program import Program
from autograd_tiny.lowering.sources.definitions import Definitions
from autograd_tiny.lowering.sources.writer import ARITHMETIC, Language, Writer, in_rows_of_the_table, wrapped

FUNCTION = "value_and_grad"


def _is_whole_power(row: Primitive) -> bool:
    return row.parameter is not None and row.parameter.is_integer()


PYTHON = Language(
    name="Python",
    notations={
        **ARITHMETIC,
        less: Notation("float({0:sum} < {1:sum})"),
        greater: Notation("float({0:sum} > {1:sum})"),
        equal: Notation("float({0:sum} == {1:sum})"),
        where: Notation("({1} if {0} else {2})"),
    },
    has_power=_is_whole_power,
    functions={name: name for name in TABLE} | {"pow": "power", "pow_log": "power_times_log"},
    reserved=frozenset({*keyword.kwlist, *keyword.softkwlist, *vars(builtins), FUNCTION}),
    line=("{name} = ", ""),
    comment="# ",
)  # fmt: skip


def python_source(program: Program) -> str:
    """A module with one function, ``value_and_grad``, of the program's inputs, that imports nothing but Python's own.

    It holds no label as it was given: every name is made an identifier first.

    Raises:
        TypeError: a row of the user's own has no expansion.
    """
    writer = Writer(in_rows_of_the_table(program, PYTHON.name), PYTHON)
    return _module(writer, _functions().needed(writer.functions))


def python_function(program: Program) -> Callable[..., Any]:
    """The function that the source defines, of Python's floats alone: for anything else it gives None.

    Rows of the user's own are called as they are.
    """
    writer = Writer(program, PYTHON)
    known = vars(builtins) | vars(math) | vars(floats)
    namespace: dict[str, Any] = {name: known[name] for name in writer.functions} | writer.own
    classes = "".join(f"{name}.__class__ is " for name in writer.names[: len(program.inputs)])
    first = [f"    if not ({classes}float): return None"] if classes else []  # quicker than a look from outside
    exec(compile(_module(writer, {}, first), "<compiled by autograd_tiny>", "exec"), namespace)
    made: Callable[..., Any] = namespace[FUNCTION]
    return made


@lru_cache(maxsize=1)
def _functions() -> Definitions:
    """The functions on floats that the table's rows compute by."""
    loader: Any = floats.__spec__ and floats.__spec__.loader
    return Definitions(loader.get_source(floats.__name__), r"^(?:def )?(\w+)(?:\(| = )")


def _module(writer: Writer, definitions: dict[str, str], first: Sequence[str] = ()) -> str:
    program = writer.program
    lines, outputs = writer.body(program.outputs, "    ")
    results, derivatives = _parts(outputs, program.n_values)
    modules = [
        name for name in ("math", "operator") if any(re.search(rf"\b{name}\.", text) for text in definitions.values())
    ]
    imported = sorted(name for name in writer.functions if name not in definitions and hasattr(math, name))
    blocks = [
        "\n".join([*[f"import {name}" for name in modules], *[f"from math import {name}" for name in imported]]),
        *definitions.values(),
        "\n".join([
            *wrapped(f"def {FUNCTION}(", ", ".join(writer.names[: len(program.inputs)]), "):"),
            *first,
            *lines,
            *wrapped("    return ", f"{results}{derivatives and ', '}{derivatives}", ""),
            "",
        ]),
    ]  # fmt: skip
    return "\n\n\n".join(filter(None, blocks))


def _parts(outputs: Sequence[str], n_values: int) -> tuple[str, str]:
    """The results and their derivatives as returned: ``y`` and ``(d_a, d_b)``, tuples of these for several results."""
    results, derivatives = outputs[:n_values], outputs[n_values:]
    n = len(derivatives) // n_values
    rows = [_tuple(derivatives[i * n : i * n + n]) for i in range(n_values)] if n else []
    if n_values == 1:
        return results[0], "".join(rows)
    return _tuple(results), _tuple(rows) if rows else ""


def _tuple(parts: Sequence[str]) -> str:
    return f"({', '.join(parts)}{',' * (len(parts) == 1)})"
