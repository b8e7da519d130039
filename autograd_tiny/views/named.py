"""The named view of a graph: only the values that have a name, and between two of them one derivative.

People think in the values they have named.  Here a named value keeps its place, and what has no name, between it and
the named values it comes from, becomes one operation: its formula, and by each of them one derivative, the sum over all
paths between the two by the rules of the table.  What comes out is a recorded graph: whoever draws, explains or steps
through a graph shows a named view without knowing that it is one.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from copy import copy
from functools import cache
from typing import Any

from autograd_tiny.arrays.recorded import Array
from autograd_tiny.engine.contents import named_by
from autograd_tiny.engine.graph import Call, all_nodes, gradient, mapped, topological_order
from autograd_tiny.engine.row import ATOM, Notation, Primitive, recorder_of
from autograd_tiny.engine.value import Constant, Value
from autograd_tiny.symbols.expansion import written_out
from autograd_tiny.symbols.expression import LATEX, READABLE, Expression, Style, term
from autograd_tiny.symbols.naming import labels_of, names
from autograd_tiny.symbols.tidy import named_number
from autograd_tiny.text.words import brief, quoted

LONGEST_WRITTEN = 500
"""A formula of more operations and operands is left out.

What is written wherever it is used doubles at every square of a square.
"""
THROUGH = "through is 'named', 'all', 'arrays', 'all arrays' or a list of Values or Arrays"
Through = str | Sequence[Value | Array] | Iterable[Value] | None
"""What is seen: "named" values, "all", or those given; None: named ones if anything between has a name, else all.

"arrays", "all arrays" and lists with Arrays are for `views.matrices`.
"""


def seen_through(roots: Sequence[Value], through: Through, variables: Mapping[str, Any]) -> dict[Value, Value]:
    """Every value that is seen, and its twin in the graph of these.

    Args:
        roots: where the graph ends; they are always seen.
        through: what is seen beside them.
        variables: what the caller's variables hold.  They name roots without a label, and everything where no value
            that was computed has a label.

    Raises:
        ValueError: ``through`` is none of these, or names a value that the roots do not depend on, or nothing has a
            name.
    """
    nodes: list[Value] = all_nodes(*roots)
    called = {node: label for node, label in zip(nodes, labels_of(nodes)) if label}
    ends = set(roots)
    inner = [node for node in nodes if node.op is not None and node not in ends]
    served = roots if any(node in called for node in inner) else nodes
    if unnamed := [node for node in served if node not in called and not isinstance(node, Constant)]:
        names_of = named_by(variables)  # which looks through all that they hold
        called |= {node: names_of[node] for node in unnamed if node in names_of}
    if through == "all" or (through is None and not any(node in called for node in inner)):
        return mapped(roots, lambda node, operands: _called(node.with_operands(operands), called.get(node, "")))
    if through is None or through == "named":
        if not called:
            raise ValueError(
                "nothing in the graph has a name; give labels, as z.label = 'z', or all at once with label_locals()"
            )
        return named_view(roots, called)
    if through in ("arrays", "all arrays"):
        raise ValueError(
            f"through={through!r} is for derivatives by an Array: give the whole Array in wrt, and not a Value of it"
        )
    if isinstance(through, str):
        raise ValueError(f"{THROUGH}, got {through!r}")
    chosen, known = [*through, *roots], set(nodes)
    for node in chosen:
        if not isinstance(node, Value) or node not in known:
            raise ValueError(f"through lists Values that the result depends on, got {quoted(node)}")
    leaves = [node for node in called if node.op is None]
    return named_view(roots, {node: called.get(node, "") for node in (*chosen, *leaves)})


def _called(node: Value, label: str) -> Value:
    node.label = label
    return node


def named_view(roots: Sequence[Value], called: Mapping[Value, str]) -> dict[Value, Value]:
    """The named values of a graph, each with its twin in a graph of only these.

    A twin has the data, the gradient and, as its label, the name of the original.  Numbers written in a formula stay in
    it.  Seen too, under the label they have, are the roots, leaves, and around a softmax of which an output is named
    what goes in and out.

    Args:
        roots: where the graph ends.
        called: the name of each value that has one; it may be empty.

    >>> w, x, b = Value(-3.0, "w"), Value(2.0, "x"), Value(6.5, "b")
    >>> y = (w * x + b).tanh()
    >>> twin = named_view([y], {y: "y"})[y]
    >>> twin.op.symbol, [operand.label for operand in twin.operands]
    ('tanh(w · x + b)', ['w', 'x', 'b'])
    >>> [round(derivative, 3) for derivative in twin.local_derivatives]
    [1.573, -2.359, 0.786]
    """
    name: dict[Value, str] = {**names(*roots), **called}
    seen = _seen([*name], {*roots, *called})
    known = frozenset(name.values())
    twins: dict[Value, Value] = {}
    origin: dict[Expression, Value] = {}
    shared: dict[Call, tuple[Value, ...]] = {}

    def formula(node: Value, operands: tuple[Expression, ...]) -> Expression:
        if isinstance(node, Constant) and node not in seen:
            return Expression.literal(node.data)
        if node.op is None:
            there = copy(node)
        else:
            whole = Expression.record(node.op, operands)
            origin[whole] = node
            if node not in seen:
                return whole
            there = twin(node, whole)
        twins[node] = _called(there, called.get(node, node.label))
        variable = Expression(name[node] or "_")
        origin[variable] = node
        return variable

    def twin(node: Value, whole: Expression) -> Value:
        if node.call:
            return node.with_operands(shared.setdefault(node.call, tuple([twins.get(x, x) for x in node.operands])))
        derivatives = _local(whole, origin)
        merged = copy(node)
        merged.op, merged.second = _composed(name[node], whole, list(derivatives), known), None
        merged.first, merged.d_first = tuple([twins[origin[x]] for x in derivatives]), tuple(derivatives.values())
        if not derivatives:  # made of numbers alone: a number
            merged.op = merged.first = None
        return merged

    mapped(roots, formula)
    return twins


def _seen(nodes: Sequence[Value], ends: set[Value]) -> set[Value]:
    seen = ends.union([node for node in nodes if node.op is None and not isinstance(node, Constant)])
    grown = True
    while grown:
        calls = {node.call for node in nodes if node in seen and node.call}
        beside = [node for node in nodes if node.call in calls]
        more = seen.union(beside, *[[x for x in node.operands if not isinstance(x, Constant)] for node in beside])
        grown, seen = len(more) > len(seen), more
    return seen


def _local(whole: Expression, origin: Mapping[Expression, Value]) -> dict[Expression, float]:
    """The derivative by each variable of a formula, summed over all paths from the derivatives that were recorded."""
    adjoints = {whole: 1.0}
    order = topological_order(whole)
    for e in reversed(order):
        for x, derivative in zip(e.operands, origin[e].local_derivatives):
            adjoints[x] = adjoints.get(x, 0.0) + derivative * adjoints[e]
    variables = dict.fromkeys(x for e in order for x in e.operands if x.op is None and x.constant_value is None)
    return {x: adjoints[x] for x in variables}


class Composed(Primitive):
    """An operation that is a formula, by which it is written wherever a row's symbol or notation stands."""


def _composed(name: str, whole: Expression, variables: Sequence[Expression], known: Container[str]) -> Composed:
    """The operation of a formula: its derivatives are those of the formula in terms of operands and result.

    Args:
        name: of the result.
        whole: the formula.
        variables: those that are in it.
        known: the names of the whole graph.
    """
    result = Expression(name or "_")

    @cache
    def slopes() -> list[Any]:
        return _with(gradient(whole, variables), {whole: result})

    def rule(out: Any, *operands: Any) -> Sequence[Any]:
        if recorder_of((out, *operands)) is None:  # as they were recorded, to the last digit
            return list(_local(whole, _recorded(whole, dict(zip(variables, operands)))).values())
        return _with(slopes(), dict(zip(variables, operands)) | {result: out})

    def as_written(e: Expression, operands: tuple[Expression, ...]) -> Expression:
        if e.op is not None:
            return written_out(e.op, operands)
        return e if e.constant_value is None else named_number(e.constant_value, known)

    opened = mapped([whole], as_written)[whole]
    is_short = written_size(opened) <= LONGEST_WRITTEN

    def notation(style: Style) -> Notation | None:
        if not is_short:
            return None
        level = ATOM if opened.op is None else style.notation(opened.op).level
        return Notation(lambda terms: term(opened, style, dict(zip(variables, terms))).text, level)

    return Composed(
        name, lambda *operands: _with([whole], dict(zip(variables, operands)))[0], rule,
        symbol=brief(term(opened, READABLE, {}).text, 60) if is_short else "…",
        doc=f"what leads to {name} from the named values before it", text=notation(READABLE), latex=notation(LATEX),
        expansion=lambda *operands: _with([opened], dict(zip(variables, operands)))[0],
    )


def written_size(formula: Expression) -> int:
    """How many operations and operands a formula has, counted as often as they are written."""
    sizes: dict[Expression, int] = mapped([formula], lambda e, operands: 1 + sum(operands))
    return sizes[formula]


def _recorded(whole: Expression, given: Mapping[Expression, float]) -> dict[Expression, Value]:
    """Every node of a formula as a Value."""

    def value(e: Expression, operands: tuple[Value, ...]) -> Value:
        if e.op is not None:
            return Value.record(e.op, operands)
        leaf = Value(0.0)
        leaf.data = given[e] if e.constant_value is None else e.constant_value  # which may be infinite, or nan
        return leaf

    return mapped([whole], value)


def _with(formulas: Sequence[Expression], given: Mapping[Expression, Any]) -> list[Any]:
    """What formulas come to where nodes of them are given: in floats, Values or Expressions, whatever these are."""

    in_symbols = any(isinstance(x, Expression) for x in given.values())

    def result(e: Expression, operands: tuple[Any, ...]) -> Any:
        if e in given:
            return given[e]
        if e.op is None:
            return e if in_symbols or e.constant_value is None else e.constant_value
        kind = recorder_of(operands)
        return kind.record(e.op, operands) if kind else e.op.evaluate(operands)

    found = mapped(formulas, result)
    return [found[x] for x in formulas]
