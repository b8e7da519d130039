"""A graph as a program of the page: numbers for its leaves in, every datum and every local derivative out.

The page walks the nodes itself, forward and backward.  What an operation computes, and its local derivatives, are
functions of JavaScript that are written from the row's own value and rule, one pair for each row of the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd_tiny.engine.row import Domain, Primitive
from autograd_tiny.engine.table import add, atan2, div, dot, hypot, log, mul, neg, pow_, pow_log, sub
from autograd_tiny.engine.value import Constant, Value
from autograd_tiny.lowering.program import program_of
from autograd_tiny.lowering.sources.javascript import definitions, javascript_function
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.views.named import Composed
from autograd_tiny.views.widget.page import embedded

_MAY_BE_INFINITE = {add, sub, neg, mul, div, dot, hypot, pow_log}
"""What Python's arithmetic lets pass: a sum or a product may be infinite, and their difference nan."""

_MAY_BE_STEEP = {add, sub, neg, mul, div, dot, log, pow_log, atan2}
"""Whose derivatives it lets pass where they are infinite: quotients by what is not 0, as 1 / x at 5e-324."""

_MAY_LACK_A_DERIVATIVE = {pow_: 1, pow_log: 0}
"""By the exponent, whose place this is, of a negative base; that is in the domain where the exponent is whole."""


class LiveGraph(NamedTuple):
    """What a page computes with.

    Attributes:
        nodes: operands before users: for a leaf ``[data]``, for a constant its data, for an operation
            ``[row, [operand, ...]]``, and where its row cannot be written
            ``[null, [operand, ...], data, [derivative, ...]]``.
        rows: JavaScript, an expression: a list of rows, each with its functions and what the page says when it refuses.
        names, boxes: what each node is called and the id of the box it is in, where the page shows other things than
            these nodes.
    """

    nodes: list[Any]
    rows: str
    names: Sequence[str] = ()
    boxes: Sequence[str] = ()


def live_graph(nodes: Sequence[Value]) -> LiveGraph:
    """The program of a graph, whose nodes are given operands before users."""
    numbers = {node: i for i, node in enumerate(nodes)}
    rows = RowWriter()
    found: list[Any] = []
    for node in nodes:
        if node.op is None:
            found.append(float(node.data) if isinstance(node, Constant) else [float(node.data)])
            continue
        row = rows.number(node.op, len(node.operands))
        operands = [numbers[x] for x in node.operands]
        recorded = [] if row is not None else [float(node.data), [float(d) for d in node.local_derivatives]]
        found.append([row, operands, *recorded])
    return LiveGraph(found, rows.source())


class RowWriter:
    """Writes rows of the table as functions of JavaScript, each once."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[Primitive, int], int | None] = {}
        self._needed: set[str] = set()
        self._rows: list[str] = []

    def number(self, row: Primitive, n_operands: int) -> int | None:
        """Which of the written rows this is; None for a row of the user's own that cannot be written."""
        key = row, n_operands
        if key not in self._numbers:
            written = _row(*key, self._needed)
            self._numbers[key] = len(self._rows) if written else None
            self._rows += [written] if written else []
        return self._numbers[key]

    def source(self) -> str:
        """An expression of JavaScript: the list of the rows, with the functions that they call."""
        functions = "\n\n".join(definitions().needed(self._needed).values())
        listed = ",\n".join(self._rows)
        return f"(() => {{\n{functions}\nreturn [\n{listed}\n];\n}})()"


def _row(row: Primitive, n_operands: int, needed: set[str]) -> str:
    """A row as an object of JavaScript; nothing for a row of the user's own that has no expansion."""
    operands = [Expression(f"x{i}") for i in range(n_operands)]
    out = Expression("out")
    whole = row.forward(*operands) if isinstance(row, Composed) else Expression.record(row, tuple(operands))
    try:
        value, called = javascript_function(program_of(operands, [whole]))
        slopes, also_called = javascript_function(program_of([out, *operands], list(row.derivatives(out, operands))))
    except TypeError:
        return ""
    needed |= called | also_called
    fields = [f"value: {value}", f"slopes: {slopes}"]
    domains = [written for i in range(n_operands) if (written := _domain(i, row.domain_of(i), needed))]
    fields += [f"domains: [{', '.join(domains)}]"] if domains else []
    fields += ["passes: true"] * (row in _MAY_BE_INFINITE) + ["steep: true"] * (row in _MAY_BE_STEEP)
    fields += [f"lacks: {_MAY_LACK_A_DERIVATIVE[row]}"] if row in _MAY_LACK_A_DERIVATIVE else []
    return f"{{ {', '.join(fields)} }}"


def _domain(place: int, domain: Domain, needed: set[str]) -> str:
    """What an operand must be, as an object of JavaScript; nothing where that is not told, or its test not written."""
    if not domain.condition:
        return ""
    x = Expression("x")
    test: Callable[[Any], Any] = domain.contains
    try:
        holds, called = javascript_function(program_of([x], [test(x)]))
    except (TypeError, ValueError, AttributeError):  # of the user's own, which takes numbers
        return ""
    needed |= called
    return f"{{ operand: {place}, needs: {embedded(domain.condition)}, holds: {holds} }}"
