"""Rows of the table as instructions on vectors of samples."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, reduce
from types import MappingProxyType
from typing import Any

from autograd_tiny.engine import table as p
from autograd_tiny.engine.row import Primitive
from autograd_tiny.lowering.native.emitter import Emitter, Vector
from autograd_tiny.lowering.native.vectors import FUNCTIONS, LIBRARY
from autograd_tiny.lowering.program import Expansion

LARGEST_POWER = 8
"""The largest exponent for which powers are products; rounding errors grow with it."""

COPY = Primitive("copy", lambda x: x, (1.0,))
"""No row of the table: a value once more, which thus has a result and a place of its own."""

INLINE: Mapping[Primitive, Callable[..., Vector]] = MappingProxyType({
    p.add: operator.add, p.sub: operator.sub, p.mul: operator.mul, p.div: operator.truediv, p.neg: operator.neg,
    p.sqrt: lambda x: x.called("sqrt"),
    p.absolute: lambda x: x.called("fabs"),
    p.relu: lambda x: x.where("ole", 0.0, 0.0),
    p.step: lambda x: x.where("ole", 0.0, 0.0).where("ogt", 0.0, 1.0, x),
    p.sign: lambda x: x.where("oeq", 0.0, 0.0).where("olt", 0.0, -1.0, x).where("ogt", 0.0, 1.0, x),
    p.less: lambda x, y: x.compared("olt", y).choose(1.0, 0.0),
    p.greater: lambda x, y: x.compared("ogt", y).choose(1.0, 0.0),
    p.equal: lambda x, y: x.compared("oeq", y).choose(1.0, 0.0),
    p.where: lambda condition, x, y: condition.compared("une", 0.0).choose(x, y),
    # The first among equals, as Python's max and min choose; nan if any is nan.
    p.maximum: lambda x, y: y.compared("ogt", x).or_(y.compared("uno", 0.0)).choose(y, x),
    p.minimum: lambda x, y: y.compared("olt", x).or_(y.compared("uno", 0.0)).choose(y, x),
    COPY: lambda x: x,
})  # fmt: skip
"""Rows as instructions on vectors; others call a function."""


def expansion(row: Primitive, operands: Sequence[Any]) -> Expansion | None:
    """What replaces a row before instructions are written; None for those that are instructions or calls.

    Raises:
        TypeError: the row is none of the table's and has no expansion.
    """
    if row in INLINE:  # where an instruction has two operands
        return None if row.arity or len(operands) == 2 else _in_pairs(row)
    if row.family is p.power:
        return _power_expansion(row)
    if _function_name(row):
        return None
    if row.stable is None:
        raise TypeError(
            f"{row.name} cannot be compiled to native code: give the Primitive an expansion= in rows of the table"
        )
    return row.stable


def _function_name(row: Primitive) -> str:
    return row.name if p.TABLE.get(row.name) is row and (row.name in FUNCTIONS or row.name in LIBRARY) else ""


@lru_cache(maxsize=2)
def _in_pairs(row: Primitive) -> Expansion:
    return lambda *xs: reduce(row, xs)


@lru_cache(maxsize=4096)
def _power_expansion(row: Primitive) -> Expansion | None:
    """Small powers as products, halves of them with a square root; None for others, which the C library computes."""
    k = float(row.parameter or 0.0)
    whole, half = divmod(abs(k), 1.0)
    if abs(k) > LARGEST_POWER or half not in (0.0, 0.5):
        return None

    def product(x: Any) -> Any:
        if half:
            x = x + 0.0  # the power of -0 is 0, too, and its root would be -0
        result = _whole_power(x, int(whole)) if whole else 1.0
        if half:
            result = result * p.sqrt(x)
        return 1.0 / result if k < 0.0 else result

    return product


def _whole_power(x: Any, n: int) -> Any:
    if n == 1:
        return x
    square = _whole_power(x, n // 2)
    return square * square if n % 2 == 0 else square * square * x


def emitted(emitter: Emitter, row: Primitive, operands: Sequence[Vector]) -> Vector:
    """A row applied to operands."""
    if inline := INLINE.get(row):
        return inline(*operands)
    name = row.name
    if row.family is p.power:
        name, operands = "pow", [*operands, emitter.constant(float(row.parameter or 0.0))]
    emitter.called.add(name)
    return emitter.called_with(emitter.floats, name, operands)
