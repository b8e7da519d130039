"""The paths of a graph: every way from a result down to a value, how many there are, and what each contributes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from autograd_tiny.calculus.changes import check_unchanged
from autograd_tiny.engine.graph import Node, adjoints, topological_order
from autograd_tiny.engine.refusals import check_recorded
from autograd_tiny.engine.value import Value

T = TypeVar("T")


class Edge(NamedTuple):
    """One use of one node by another: operand number ``place`` of ``user`` is ``operand``."""

    operand: Any
    user: Any
    place: int


def edges(root: Node) -> list[Edge]:
    """Every use of a node by another, ``a + a`` twice, in topological order of the users."""
    return [Edge(x, user, place) for user in topological_order(root) for place, x in enumerate(user.operands)]


class Path(NamedTuple):
    """One way from the root down to a node.

    Attributes:
        nodes: from the root to the node.
        derivatives: of each node by the next.
        product: of the derivatives; the sum over all paths is the gradient.
    """

    nodes: tuple[Value, ...]
    derivatives: tuple[float, ...]
    product: float


def paths(value: Value, wrt: Value, *, most: int = 1000) -> list[Path]:
    """Every path from ``value`` down to ``wrt`` with its product; the products sum to the derivative.

    Raises:
        ValueError: there are more than ``most`` paths; the message says how many.  Or data was changed since it was
            used.

    >>> a = Value(3.0, "a")
    >>> [p.product for p in paths(a * a, a)]
    [3.0, 3.0]
    """
    for x in (value, wrt):
        check_recorded(x, "an end of paths")
    check_unchanged(value, done="its paths")
    every = edges(value)
    number = census(value, every).get(wrt, NO_PATH).paths
    if number > most:
        raise ValueError(
            f"there are {number} paths from {value!r} to {wrt!r}, too many to list; "
            f"their sum is {adjoints(value)[wrt]!r}"
        )
    return [_path(value, edge_path) for edge_path in edge_paths(value, wrt, uses(every))] if number else []


def count_paths(value: Value, wrt: Value) -> int:
    """How many paths lead from ``value`` down to ``wrt``; 1 if they are the same node."""
    return census(value, edges(value)).get(wrt, NO_PATH).paths


class Census(NamedTuple):
    """How many paths there are, and how many edges the longest has."""

    paths: int
    longest: int


NO_PATH = Census(0, 0)


def census(value: Value, every: Sequence[Edge]) -> dict[Node, Census]:
    """The paths from ``value`` down to each node, by all the edges of its graph."""
    found: dict[Node, Census] = {value: Census(1, 0)}
    for operand, user, _ in reversed(every):
        here, above = found.get(operand, NO_PATH), found[user]
        found[operand] = Census(here.paths + above.paths, max(here.longest, above.longest + 1))
    return found


def uses(every: Iterable[Edge]) -> dict[Any, list[Edge]]:
    """For each node, those of all the edges of a graph that lead from it towards the root."""
    found: dict[Any, list[Edge]] = {}
    for edge in every:
        found.setdefault(edge.operand, []).append(edge)
    return found


def completed(order: Sequence[T], operands: Callable[[T], Iterable[T]], uses: Mapping[T, int]) -> list[T]:
    """What is used, in the order in which backward has completed the derivatives by it; first what has no uses.

    Args:
        order: what was computed, operands before users.
        operands: of each of these, one as often as it is used.
        uses: how often each is used.
    """
    left = dict(uses)
    found = [x for x, n in left.items() if not n]
    for user in reversed(order):
        for x in operands(user):
            if x in left:
                left[x] -= 1
                if left[x] == 0:
                    found.append(x)
    return found


def _path(value: Value, edge_path: Sequence[Edge]) -> Path:
    derivatives = tuple(edge.user.local_derivatives[edge.place] for edge in edge_path)
    return Path((value, *(edge.operand for edge in edge_path)), derivatives, math.prod(derivatives))


def edge_paths(value: Value, wrt: Value, uses: Mapping[Value, Sequence[Edge]]) -> list[list[Edge]]:
    """The edges of each path, from ``value`` down, in the order of the operands."""
    found, waiting = [], [(wrt, [])]  # type: tuple[list[list[Edge]], list[tuple[Value, list[Edge]]]]
    while waiting:
        node, tail = waiting.pop()
        if node is value:
            found.append(tail)
        else:
            waiting += [(edge.user, [edge, *tail]) for edge in uses.get(node, ())]
    return sorted(found, key=lambda path: [edge.place for edge in path])
