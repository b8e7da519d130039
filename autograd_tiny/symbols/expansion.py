"""Fused operations opened: the same graph with ``dot``, ``sigmoid``, ``softmax`` and the like in simpler rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from autograd_tiny.engine.graph import Call, all_nodes, mapped, pulls
from autograd_tiny.engine.row import Primitive
from autograd_tiny.engine.table import TABLE
from autograd_tiny.engine.value import Value
from autograd_tiny.symbols.expression import Expression

DEEPEST = 8
"""How often the result of an expansion is expanded in turn, so that a row that expands into itself comes to an end."""

Chooser = Callable[[Primitive], bool]


class Expanded(NamedTuple):
    """A copy of a graph in which fused nodes are opened.

    Attributes:
        twins: each node of the original, and its node in the copy.
        origins: each node of the copy, and the node of the original that it stands for or is part of.
    """

    twins: dict[Value, Value]
    origins: dict[Value, Value]


def expanded(root: Value, expand: bool | Iterable[str]) -> Expanded:
    """A copy of the graph of ``root`` with nodes replaced by their row's expansion; the original stays as it is.

    A node that is opened keeps label, data and grad; the nodes inside get their grad from it by the chain rule.  A node
    stays closed where its expansion has no value: exp(1000) overflows, softplus(1000) does not.

    Args:
        root: a recorded Value.
        expand: True for every row that has an expansion, or the names of rows, as in the table.

    >>> from autograd_tiny.engine.graph import topological_order
    >>> x = Value(0.5, "x")
    >>> y = x.sigmoid()
    >>> [node.op.name for node in topological_order(expanded(y, True).twins[y])]
    ['neg', 'exp', 'add', 'div']
    """
    nodes = all_nodes(root)
    twins = {node: node for node in nodes}
    origins = dict(twins)
    chosen = _chooser(expand, nodes)
    for _ in range(DEEPEST if expand else 0):
        step = _opened_once(twins[root], chosen)
        inner = step.origins.keys() - step.twins.values()
        twins = {node: step.twins[twin] for node, twin in twins.items()}
        origins = {node: origins[before] for node, before in step.origins.items()}
        if not inner:
            break
    return Expanded(twins, origins)


def written_out(row: Primitive, operands: tuple[Expression, ...]) -> Expression:
    """An operation as a person writes it: a sum term by term if its row takes any number of operands, as ``dot`` does.

    >>> w, x, v, y = map(Expression, "wxvy")
    >>> str(written_out(TABLE["dot"], (w, x, v, y)))
    'w * v + x * y'
    """
    of_any_number = row.arity is None and row.expansion is not None and not hasattr(row.family, "rows")
    return row.expansion(*operands) if of_any_number else Expression.record(row, operands)  # type: ignore[misc]


def row_name(row: Primitive) -> str:
    """The name under which a row stands in the table: that of its family, if it is one of many."""
    return row.family.name if row.family is not None else row.name


def _chooser(expand: bool | Iterable[str], nodes: Sequence[Value]) -> Chooser:
    if isinstance(expand, bool):
        return lambda row: expand
    names = {expand} if isinstance(expand, str) else set(expand)
    present = {row_name(node.op) for node in nodes if node.op is not None and node.op.expansion}
    possible = present | {name for name, row in TABLE.items() if getattr(row, "expansion", None)} | {"leaky_relu"}
    if unknown := names - possible:
        raise ValueError(
            f"no expansion is known for {', '.join(sorted(unknown))}; there is one for {', '.join(sorted(possible))}"
        )
    return lambda row: row_name(row) in names


def _opened_once(root: Value, chosen: Chooser) -> Expanded:
    origins: dict[Value, Value] = {}
    results: dict[Call, Any] = {}

    def opened_or_copied(node: Value, operands: tuple[Value, ...]) -> Value:
        fused = node.op is not None and node.op.expansion and chosen(node.op)
        twin = _opened(node, operands, results) if fused else None
        twin = node.with_operands(operands) if twin is None else twin
        origins.update(dict.fromkeys(_not_yet_in(origins, twin), node))
        return twin

    twins = mapped([root], opened_or_copied)
    _pass_gradients_inside(twins[root], origins.keys() - twins.values())
    return Expanded(twins, origins)


def _opened(node: Value, operands: tuple[Value, ...], results: dict[Call, Any]) -> Value | None:
    """The expansion applied to copies of the node's operands; None where it has no value or does nothing."""
    try:
        if call := node.call:  # one of several outputs: what they share is expanded once
            if call not in results:
                results[call] = node.op.family.expansion(*operands)
            twin: Value = results[call][node.op.parameter]
        else:
            twin = node.op.expansion(*operands)
    except (ArithmeticError, ValueError):
        return None
    if twin in operands:
        return None
    twin.label, twin.data, twin.grad = node.label, node.data, node.grad
    return twin


def _not_yet_in(known: dict[Value, Value], node: Value) -> set[Value]:
    """``node`` and what it was computed from, as far as it is not known yet."""
    found: set[Value] = set()
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if node not in known and node not in found:
            found.add(node)
            waiting += node.operands
    return found


def _pass_gradients_inside(root: Value, inside: set[Value]) -> None:
    for user, operand, derivative in pulls(root):
        if operand in inside:
            operand.grad += derivative * user.grad
