"""Data that was changed after it was used: the record holds results of the old numbers beside the new ones.

Recording and `backward` do not look, since looking costs as much as recording.  Who shows or keeps a graph looks here
first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy
from sys import float_info
from typing import Any, NamedTuple

from autograd_tiny.engine.graph import topological_order
from autograd_tiny.engine.refusals import call_text
from autograd_tiny.engine.row import Output, Primitive
from autograd_tiny.engine.value import Constant, Value
from autograd_tiny.text.words import listed

ROUNDINGS = 4
"""By how many roundings, of a result and of each operand, the mathematical libraries of two machines may differ."""


class Change(NamedTuple):
    """A node that does not follow from its operands any more, and what that tells, as a sentence without an end."""

    node: Value
    text: str


def check_unchanged(*roots: Value, done: str) -> None:
    """Refuse a graph whose data was changed after it was recorded, so that old and new numbers never mix.

    Args:
        roots: where the graph ends.
        done: what was to be done, as "a picture".

    Raises:
        ValueError: a node does not follow from its operands; the message says which data was changed.

    >>> w, x = Value(2.0, "w"), Value(3.0, "x")
    >>> y = w * x
    >>> check_unchanged(y, done="a picture")
    >>> w.data = -1.0
    >>> check_unchanged(y, done="a picture")
    Traceback (most recent call last):
    ValueError: mul(w = -1.0, x = 3.0) gives -3.0, but 6.0 was recorded: \
the data of w was changed afterwards, from 2.0 to -1.0; \
a picture would mix old numbers and new ones: compute again first, so that the graph has the new numbers everywhere
    """
    if change := first_change(*roots):
        remedy = "compute again first, so that the graph has the new numbers everywhere"
        raise ValueError(f"{change.text}; {done} would mix old numbers and new ones: {remedy}")


def first_change(*roots: Value) -> Change | None:
    """The first node, operands before users, that does not follow from its operands: one pass over all, by the rows."""
    calls: dict[Any, Sequence[float]] = {}
    order: list[Any] = topological_order(*roots)
    for node in order:
        try:
            again = _again(node, calls)
        except (ArithmeticError, ValueError, TypeError):
            return _change(node, f"{computed_text(node)} has no value, but {node.data!r} was recorded", None)
        if not follows(again, node.data):
            return _change(node, f"{computed_text(node)} gives {again.data!r}, but {node.data!r} was recorded", again)
        now, then = again.local_derivatives, node.local_derivatives
        if not all(map(_same, now, then)):
            now, then = zip(*((a, b) for a, b in zip(now, then) if not _same(a, b)))
            text = f"{computed_text(node)} has the local derivative {_numbers(now)}, but {_numbers(then)} was recorded"
            return _change(node, text, again)
    return None


def follows(node: Value, data: float) -> bool:
    """Whether the data of a node, computed anew, is ``data`` up to rounding."""
    if _same(node.data, data):
        return True
    operands = sum(abs(d * x.data) for d, x in zip(node.local_derivatives, node.operands))
    allowed = ROUNDINGS * (math.ulp(node.data) + float_info.epsilon * operands)
    return math.isfinite(node.data) and abs(node.data - data) <= allowed


def _again(node: Value, calls: dict[Any, Sequence[float]]) -> Value:
    """The operation of a node, recorded again; the outputs of one that has several are computed once for all."""
    row: Primitive = node.op
    if not isinstance(row, Output):
        return Value.record(row, node.operands)
    data = [x.data for x in node.operands]
    call = node.call
    if call not in calls:
        calls[call] = row.family.evaluate(data)
    again = copy(node)
    again.data = calls[call][row.parameter]
    again.d_first = row.family.rule(calls[call], row.parameter, *data)
    return again


def _same(x: float, y: float) -> bool:
    return x == y or (math.isnan(x) and math.isnan(y))


def _change(node: Value, text: str, again: Value | None) -> Change:
    """What was changed, as far as the record tells.

    A local derivative that is an operand itself, as those of a product are, remembers what that operand was.  All other
    operands that are leaves may have been changed, and the result; an operand that was computed follows from its own.
    """
    then = {x: number for x, number in _remembered(node) if not isinstance(x, Constant)}
    if changed := [
        f"{_name(x)} was changed afterwards, from {old!r} to {x.data!r}"
        for x, old in then.items()
        if not _same(old, x.data)
    ]:
        return Change(node, f"{text}: the data of {listed(changed, 1)}")
    leaves = dict.fromkeys(
        _name(x) for x in node.operands if x.op is None and not isinstance(x, Constant) and x not in then
    )
    result = ["the result"] if not leaves or again is None or not follows(again, node.data) else []
    return Change(node, f"{text}: the data of {' or '.join([*leaves, *result])} was changed afterwards")


def _remembered(node: Value) -> list[tuple[Value, float]]:
    """Operands that are a local derivative of a node, with the number that this had when it was recorded."""
    try:
        rules: Sequence[Any] = node.op.derivatives(node, node.operands)
    except (ArithmeticError, ValueError, TypeError):
        return []
    return [(rule, then) for rule, then in zip(rules, node.local_derivatives) if any(rule is x for x in node.operands)]


def computed_text(node: Value) -> str:
    """How a node was computed: ``y = mul(w = 2.0, 3.0)``."""
    return (f"{node.label} = " if node.label else "") + call_text(node.op, node.operands)


def _name(x: Value) -> str:
    return x.label or repr(x)


def _numbers(derivatives: Sequence[float]) -> str:
    return listed(map(repr, derivatives), 3)
