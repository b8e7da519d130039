"""Names for what was recorded and for what compiles it: equal names, equal machine code."""

from __future__ import annotations

import hashlib
import platform
import sys
from array import array
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from autograd_tiny.engine.row import Family, MultiPrimitive, Primitive
from autograd_tiny.engine.table import TABLE
from autograd_tiny.symbols.expression import Expression

ROOT = Path(__file__).parent.parent.parent
DECIDING = ("engine", "symbols", "lowering", "text")
"""The rooms whose code decides what becomes of a record."""


def digest_of(inputs: Sequence[Expression], order: Sequence[Expression], parts: Sequence[Sequence[Expression]]) -> str:
    """A name for a graph, whatever its labels are; "" where an operation is none of the table's.

    Args:
        inputs: the variables.
        order: all nodes with an operation, operands before users.
        parts: lists of nodes of the graph, or inputs, that play a part.

    >>> x, y = Expression("x"), Expression("y")
    >>> one, other = x * y, y * x
    >>> digest_of([x, y], [one], [[one]]) == digest_of([y, x], [other], [[other]])
    True
    >>> digest_of([x, y], [one], [[one]]) == digest_of([x, y], [other], [[other]])
    False
    """
    numbers: dict[Expression, int] = {x: number for number, x in enumerate(inputs)}
    constants: dict[str, int] = {}
    rows: dict[Primitive, int] = {}

    def number(x: Any) -> int:
        if x in numbers:
            return numbers[x]
        return -1 - constants.setdefault(x.constant_value.hex(), len(constants))

    written = array("q")
    for node in order:
        operands = node.operands
        written.extend([rows.setdefault(node.op, len(rows)), len(operands), *map(number, operands)])
        numbers[node] = len(numbers)
    names = [row_name(row) for row in rows]
    if "" in names:
        return ""
    listed = [[number(x) for x in part] for part in parts]
    text = repr((len(inputs), list(constants), names, listed, written.itemsize, sys.byteorder))
    return hashlib.sha256(text.encode() + written.tobytes()).hexdigest()


def row_name(row: Primitive) -> str:
    """How a row of the table is found there; "" for one of the user's own."""
    if TABLE.get(row.name) is row:
        return row.name
    family = row.family
    if isinstance(family, (Family, MultiPrimitive)) and TABLE.get(family.name) is family:
        return f"{family.name}[{row.parameter!r}]"
    return ""


@lru_cache(maxsize=1)
def of_compiler() -> str:
    """A name for all that decides which machine code comes out: our code, LLVM and the processor; "" if our code
    cannot be read."""
    import llvmlite
    import llvmlite.binding as llvm

    known: list[Any] = [
        platform.python_version(),
        sys.platform,
        platform.machine(),
        llvmlite.__version__,
        llvm.llvm_version_info,
    ]
    known += [llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten(), llvm.get_default_triple()]
    code = hashlib.sha256(repr(known).encode())
    try:
        files = sorted(file for room in DECIDING for file in (ROOT / room).rglob("*.py"))
        for file in files:
            code.update(file.relative_to(ROOT).as_posix().encode() + b"\n" + file.read_bytes())
    except OSError:
        return ""
    return code.hexdigest() if files else ""
