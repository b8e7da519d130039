"""The words and signs of formulas: functions, constants, operators, and what to write for those of other languages."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from autograd_tiny.arrays.recorded import matrix_product
from autograd_tiny.engine import table as primitives
from autograd_tiny.engine.table import TABLE
from autograd_tiny.symbols.expression import at_least, at_most

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **TABLE,
    "pow": primitives.power,  # as `**`: a number as exponent is no operand
    "absolute": primitives.absolute,
    "ln": primitives.log,
    "max": primitives.maximum,
    "min": primitives.minimum,
    "sum": primitives.total,
}
CONSTANTS = {"e": math.e, "pi": math.pi, "π": math.pi}

BRACKET, COMPARISON, SUM, PRODUCT, SIGN, POWER = range(6)  # how tightly an operator binds

OPERATORS: Mapping[str, tuple[int, Callable[..., Any]]] = {
    "<": (COMPARISON, primitives.less),
    ">": (COMPARISON, primitives.greater),
    "==": (COMPARISON, primitives.equal),
    "<=": (COMPARISON, at_most),
    ">=": (COMPARISON, at_least),
    "!=": (COMPARISON, lambda x, y: primitives.sub(1.0, primitives.equal(x, y))),
    "+": (SUM, primitives.add),
    "-": (SUM, primitives.sub),
    "*": (PRODUCT, primitives.mul),
    "@": (PRODUCT, matrix_product),
    "/": (PRODUCT, primitives.div),
    "**": (POWER, primitives.power),
}
CLOSING = {"(": ")", "[": "]"}

# What people write from other languages, from books and from pictures, and what to write here.
INSTEAD = {
    "^": "**", "²": "**2", "³": "**3", "−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "∙": "*", "÷": "/",
    "∗": "*", "‐": "-", "—": "-", "＋": "+", "⁻": "**-", "⁴": "**4", "½": "1/2", ":": "=",
    "≤": "<=", "≥": ">=", "≠": "!=", "{": "(", "}": ")", "√": "sqrt(...)", "∑": "sum(...)",
    "|": "abs(x)` for the size of x, `max(a < b, b < c)` for or", "&": "(a < b) * (b < c)` for and",
    "if": "where(condition, x, y)", "else": "where(condition, x, y)", "not": "1 - condition",
    "and": "(a < b) * (b < c)", "or": "max(a < b, b < c)",
}  # fmt: skip

SIGNS = {"σ": "sigmoid", "Σ": "sum"}  # functions by the signs of books
OVER_AXIS = ("sum", "total", "mean")  # functions that take `axis=0` or `axis=1` behind an array
