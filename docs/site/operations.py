"""The table of operations as a page: formula, derivatives by the rules, domain, expansion, each worked out on Expressions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape
from typing import Any, NamedTuple

import autograd_tiny
from autograd_tiny import TABLE, Expression, Family, MultiPrimitive, Primitive
from autograd_tiny.symbols.expression import LATEX, write
from autograd_tiny.symbols.latex import latex_number
from autograd_tiny.text.numbers import short_number
from autograd_tiny.views.mathml import converted

Row = Primitive | Family | MultiPrimitive

MEMBERS = {"power": 3.0, "leaky_relu": 0.01}
"""Which row of a family is shown."""
OPERANDS = {"dot": ("w1", "w2", "x1", "x2", "b"), "where": ("c", "x", "y")}
"""What operands are called, where x, y or x1, x2, x3 would say less."""
GROUPS = {
    "Arithmetic": "add",
    "Exponentials and logarithms": "exp",
    "Trigonometric and hyperbolic functions": "sin",
    "The error function": "erf",
    "Branches": "sign",
    "Activations": "sigmoid",
    "Any number of operands": "total",
}
"""The first row of each group of the table."""

STYLE = LATEX._replace(number=partial(latex_number, written=short_number))


class Shown(NamedTuple):
    """An operation as the page shows it: each text is plain, or MathML."""

    names: str
    doc: str
    formula: str
    derivatives: list[str]
    conditions: list[str]
    expansion: str


def tables() -> str:
    """All operations, in the groups and the order of the table."""
    first = {name: group for group, name in GROUPS.items()}
    parts: list[str] = []
    for name, row in TABLE.items():
        if name in first:
            parts += ["</tbody></table></div>\n"] * bool(parts) + [opening(first[name])]
        parts.append(line(name, row))
    return "\n".join([*parts, "</tbody></table></div>"])


def opening(group: str) -> str:
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Operation", "Value", "Local derivatives"))
    return (
        f'## {group}\n\n<div class="scrolled operations" tabindex="0" role="group" aria-label="{group}">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>"
    )


def line(name: str, row: Row) -> str:
    """One operation as a row of the page."""
    shown = described(row)
    anchors = "".join(f'<span id="autograd_tiny.{public}"></span>' for public in public_names(row))
    conditions = "".join(f'<br><span class="condition">{escape(condition)}</span>' for condition in shown.conditions)
    cells = [
        f"{anchors}<code>{escape(shown.names)}</code><br>{escape(shown.doc)}{conditions}",
        shown.formula + shown.expansion,
        "".join(shown.derivatives),
    ]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def public_names(row: Row) -> list[str]:
    """What ``autograd_tiny`` calls a row."""
    return [name for name in autograd_tiny.__all__ if getattr(autograd_tiny, name) is row]


def described(row: Row) -> Shown:
    """What the page says of an operation."""
    one = member(row)
    names = OPERANDS.get(row.name) or operand_names(one)
    operands = [Expression(name) for name in names]
    out = Expression.record(one, tuple(operands))
    rules = one.derivatives(Expression("z"), operands, results(row, operands))
    called = ", ".join(public_names(row)) or row.name
    conditions = {one.domain_of(i).condition.format(name): None for i, name in enumerate(names)}
    return Shown(
        called,
        row.doc,
        math(f"z = {written(out)}"),
        [math(rf"\frac{{\partial z}}{{\partial {written(x)}}} = {written(rule)}") for x, rule in zip(operands, rules)],
        [condition for condition in conditions if condition] + [f"derivative: {one.kink}"] * bool(one.kink),
        math(f"\\phantom{{z}} = {written(one.expansion(*operands))}") if one.expansion else "",
    )


def member(row: Row) -> Primitive:
    """The row itself, or one row of a family, or the first output."""
    if isinstance(row, Family):
        return row[MEMBERS[row.name]]
    return row[0] if isinstance(row, MultiPrimitive) else row


def operand_names(row: Primitive) -> Sequence[str]:
    return ("x1", "x2", "x3") if row.arity is None else ("x", "y")[: row.arity]


def results(row: Row, operands: Sequence[Expression]) -> Any:
    """The results of an operation that has several, by name."""
    return (lambda: [Expression(f"z{i}") for i in range(len(operands))]) if isinstance(row, MultiPrimitive) else None


def written(formula: Expression | float) -> str:
    """LaTeX, with numbers of four digits."""
    return write(formula if isinstance(formula, Expression) else Expression.constant(formula), STYLE)


def math(latex: str) -> str:
    return converted(rf"\displaystyle {latex}", "inline")
