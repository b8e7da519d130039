"""Rows of the table as LLVM instructions on vectors of samples."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, reduce
from typing import Any

from autograd_tiny.engine import table as p
from autograd_tiny.engine.row import Primitive
from autograd_tiny.lowering.native.vectors import FUNCTIONS, LIBRARY, splat
from autograd_tiny.lowering.program import Expansion

LARGEST_POWER = 8
"""The largest exponent for which powers are products; rounding errors grow with it."""

COPY = Primitive("copy", lambda x: x, (1.0,))
"""No row of the table: a value once more, which thus has a result and a place of its own."""

# Rows as instructions.  {0}, {1} are operands, {r} the result, {r}.c a condition; V a vector of floats, B of bits.
TEMPLATES: dict[Primitive, str] = {
    p.add: "{r} = fadd {V} {0}, {1}",
    p.sub: "{r} = fsub {V} {0}, {1}",
    p.mul: "{r} = fmul {V} {0}, {1}",
    p.div: "{r} = fdiv {V} {0}, {1}",
    p.neg: "{r} = fneg {V} {0}",
    p.sqrt: "{r} = call {V} @llvm.sqrt.{s}({V} {0})",
    p.absolute: "{r} = call {V} @llvm.fabs.{s}({V} {0})",
    p.relu: "{r}.c = fcmp ole {V} {0}, {zero}\n{r} = select {B} {r}.c, {V} {zero}, {V} {0}",
    p.step: "{r}.c = fcmp ogt {V} {0}, {zero}\n{r}.d = fcmp uno {V} {0}, {zero}\n"
    "{r}.e = select {B} {r}.d, {V} {0}, {V} {zero}\n{r} = select {B} {r}.c, {V} {one}, {V} {r}.e",
    p.less: "{r}.c = fcmp olt {V} {0}, {1}\n{r} = select {B} {r}.c, {V} {one}, {V} {zero}",
    p.greater: "{r}.c = fcmp ogt {V} {0}, {1}\n{r} = select {B} {r}.c, {V} {one}, {V} {zero}",
    p.equal: "{r}.c = fcmp oeq {V} {0}, {1}\n{r} = select {B} {r}.c, {V} {one}, {V} {zero}",
    p.where: "{r}.c = fcmp une {V} {0}, {zero}\n{r} = select {B} {r}.c, {V} {1}, {V} {2}",
    p.sign: "{r}.c = fcmp ogt {V} {0}, {zero}\n{r}.d = fcmp olt {V} {0}, {zero}\n{r}.f = fcmp uno {V} {0}, {zero}\n"
    "{r}.g = select {B} {r}.f, {V} {0}, {V} {zero}\n"
    "{r}.e = select {B} {r}.d, {V} {minus_one}, {V} {r}.g\n{r} = select {B} {r}.c, {V} {one}, {V} {r}.e",
    # The first among equals, as Python's max and min choose; nan if any is nan.
    p.maximum: "{r}.c = fcmp ogt {V} {1}, {0}\n{r}.d = fcmp uno {V} {1}, {zero}\n"
    "{r}.e = or {B} {r}.c, {r}.d\n{r} = select {B} {r}.e, {V} {1}, {V} {0}",
    p.minimum: "{r}.c = fcmp olt {V} {1}, {0}\n{r}.d = fcmp uno {V} {1}, {zero}\n"
    "{r}.e = or {B} {r}.c, {r}.d\n{r} = select {B} {r}.e, {V} {1}, {V} {0}",
    COPY: "{r} = select i1 true, {V} {0}, {V} {0}",
}


def expansion(row: Primitive, n_operands: int) -> Expansion | None:
    """What replaces a row before instructions are written; None for those that are instructions or calls.

    Raises:
        TypeError: the row is none of the table's and has no expansion.
    """
    if row.family is p.power:
        return _power_expansion(row)
    if row in (p.maximum, p.minimum):  # an instruction has two operands
        return None if n_operands == 2 else _in_pairs(row)
    if row in TEMPLATES or _function_name(row):
        return None
    if row.stable is None:
        raise TypeError(f"{row.name} cannot be compiled to native code: give the Primitive an expansion= in rows of the table")
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


class RowWriter:
    """Writes instructions on vectors of ``width`` floats.

    Attributes:
        V, B: the types of a vector of floats, and of as many bits.
        called: the functions that the instructions call.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self.V, self.B = f"<{width} x double>", f"<{width} x i1>"
        self.called: set[str] = set()
        self._words = {
            "V": self.V, "B": self.B, "s": f"v{width}f64", "zero": splat(0.0, width), "one": splat(1.0, width),
            "minus_one": splat(-1.0, width),
        }  # fmt: skip

    def instruction(self, row: Primitive, operands: Sequence[str], result: str) -> list[str]:
        """The lines that apply a row to operands; they give the vector ``result``."""
        if template := TEMPLATES.get(row):
            return template.format(*operands, r=result, **self._words).split("\n")
        if row.family is p.power:
            return self._call("pow", [operands[0], splat(float(row.parameter or 0.0), self.width)], result)
        return self._call(row.name, operands, result)

    def _call(self, name: str, operands: Sequence[str], result: str) -> list[str]:
        self.called.add(name)
        return [f"{result} = call {self.V} @{name}({', '.join(f'{self.V} {x}' for x in operands)})"]
