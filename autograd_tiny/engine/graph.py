"""The record of a computation: nodes, the order in which they were computed, and the chain rule over them.

A `Node` is an operation and the nodes it was applied to.  `Value` (numbers) and `Expression` (formulas) are nodes, so
one walk and one `gradient` serve both.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from functools import partial
from typing import Any, TypeVar

NodeT = TypeVar("NodeT", bound="Node")
T = TypeVar("T")
_being_freed: list[list[Any]] = []  # in a browser: what the nodes hold that are just being freed, and what these hold


class Node:
    """An operation applied to operands; a leaf has no operation.

    Up to two operands lie in slots of their own, ``first`` and ``second``; more lie in a tuple in ``first``.  The
    cyclic garbage collector runs once per so many containers, so a node that is one object and not two halves its work.
    """

    __slots__ = ("first", "label", "op", "second")

    op: Any
    first: Any
    second: Any
    label: str

    @property
    def operands(self: NodeT) -> tuple[NodeT, ...]:
        """What the operation was applied to, order and repetition kept; empty for a leaf."""
        if self.op is None:
            return ()
        if self.first.__class__ is tuple:
            return self.first
        return (self.first,) if self.second is None else (self.first, self.second)

    @property
    def call(self) -> Call | None:
        """Of one of several outputs of an operation, the application that it and its siblings come from; else None."""
        family = getattr(self.op, "family", None)
        return Call(family, self.first) if hasattr(family, "rows") else None

    def with_operands(self: NodeT, operands: tuple[NodeT, ...]) -> NodeT:
        """A copy of this node on other operands; a leaf has none."""
        twin = copy(self)
        if self.op is not None:
            twin.first, twin.second = (operands, None) if self.first.__class__ is tuple else (*operands, None)[:2]
        return twin

    @classmethod
    def differentiable(cls, output: Any, inputs: list[Any]) -> tuple[Any, list[Any]]:
        """What `gradient` differentiates by what: these nodes, or their equals in a graph that suits it better."""
        return output, inputs

    if sys.platform == "emscripten":

        def __del__(self) -> None:
            """Free what a node held after it and not inside of it, which JavaScript's small stack would not bear."""
            held = [getattr(self, "first", None), getattr(self, "second", None)]
            self.first = self.second = None
            if _being_freed:
                _being_freed[-1].extend(held)
                return
            _being_freed.append(held)
            try:
                while held:
                    held.pop()
            finally:
                _being_freed.clear()

    def __copy__(self: NodeT) -> NodeT:
        """Another node for the same operation on the same operands."""
        twin = object.__new__(type(self))
        for kind in type(self).__mro__:
            for slot in vars(kind).get("__slots__", ()):
                if hasattr(self, slot):
                    setattr(twin, slot, getattr(self, slot))
        return twin

    def __deepcopy__(self: NodeT, memo: dict[int, Any]) -> NodeT:
        """A copy of all that this node was computed from; what copies under one ``memo`` share stays shared."""
        for node in operands_first([self], lambda x: id(x) in memo):
            operands = tuple([memo[id(x)] for x in node.operands])
            if node.call is not None:
                operands = memo.setdefault(id(node.first), operands)
            memo[id(node)] = node.with_operands(operands)
        return memo[id(self)]  # type: ignore[no-any-return]

    def __reduce_ex__(self, protocol: Any) -> str | tuple[Any, ...]:
        if self.op is not None:
            raise TypeError(
                f"the {type(self).__name__} made by {self.op.name} is part of a graph, which pickle does not take: "
                "write the graph with save_graph, copy it with copy.deepcopy, or pickle its numbers alone"
            )
        return super().__reduce_ex__(protocol)


class Call:
    """One application of an operation with several outputs, siblings by the one tuple of operands that they share."""

    __slots__ = ("family", "operands")

    def __init__(self, family: Any, operands: tuple[Any, ...]) -> None:
        self.family, self.operands = family, operands

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Call) and self.operands is other.operands and self.family is other.family

    def __hash__(self) -> int:
        return id(self.operands)


def topological_order(*roots: NodeT) -> list[NodeT]:
    """The nodes with an operation that ``roots`` were computed from, operands before users; of one root, it is last.

    Iterative depth-first search; leaves are left out, since nothing happens at them.
    """
    order: dict[NodeT, None] = {}
    known: set[int] = set()  # first operands, or tuples of all, that are completed; the outputs of a call share theirs
    for root in roots:
        path = [] if root.op is None or root in order else [(root, iter(root.operands))]
        while path:
            node, rest = path[-1]
            for x in () if node.second is None and id(node.first) in known else rest:
                if x.op is not None and x not in order:
                    path.append((x, iter(x.operands)))
                    break
            else:
                path.pop()
                order[node] = None
                known.add(id(node.first))
    return list(order)


def all_nodes(*roots: NodeT) -> list[NodeT]:
    """Every node that ``roots`` depend on, leaves included, operands before users; of one root, it is last."""
    nodes: dict[NodeT, None] = {}
    for node in topological_order(*roots):
        nodes.update(dict.fromkeys(x for x in node.operands if x.op is None))
        nodes[node] = None
    return list(nodes | dict.fromkeys(roots))


def operands_first(roots: Sequence[NodeT], known: Callable[[NodeT], bool]) -> Iterator[NodeT]:
    """Every node that ``roots`` depend on, leaves included, operands before users, but for those ``known`` already.

    For copies and the like: the caller makes each node known before asking for the next.
    """
    waiting = list(reversed(roots))
    while waiting:
        node = waiting[-1]
        missing = [] if known(node) else [x for x in reversed(node.operands) if not known(x)]
        waiting += missing
        if not missing:
            waiting.pop()
            if not known(node):
                yield node


def mapped(roots: Sequence[NodeT], make: Callable[[NodeT, tuple[T, ...]], T]) -> dict[NodeT, T]:
    """Something for every node that ``roots`` depend on, made of what was made for its operands: a copy, a number.

    ``make(node, operands)`` is called for operands before users; the siblings of a call get one and the same tuple.
    """
    found: dict[NodeT, T] = {}
    shared: dict[Call, tuple[T, ...]] = {}
    for node in all_nodes(*roots):
        operands = tuple([found[x] for x in node.operands])
        if call := node.call:
            operands = shared.setdefault(call, operands)
        found[node] = make(node, operands)
    return found


def pulls(root: Any) -> Iterator[tuple[Any, Any, float]]:
    """Every use of a node, users first as in `backward`: ``user``, ``operand``, the derivative of one by the other."""
    for user in reversed(topological_order(root)):
        for operand, derivative in zip(user.operands, user.local_derivatives):
            yield user, operand, derivative


def adjoints(root: Any) -> dict[Any, float]:
    """The derivative of ``root`` by every node it depends on, leaves included; ``grad`` is neither read nor written.

    >>> from autograd_tiny import Value
    >>> x = Value(3.0)
    >>> adjoints(x * x)[x]
    6.0
    """
    result = {root: 1.0}
    for user, operand, derivative in pulls(root):
        result[operand] = result.get(operand, 0.0) + derivative * result[user]
    return result


def gradient(output: NodeT, inputs: Iterable[NodeT]) -> list[NodeT]:
    """The derivatives of ``output`` by each of ``inputs``, as nodes that can be differentiated again.

    Values give Values, Expressions give Expressions.  Nothing is written to ``grad``.  An input that ``output`` does
    not depend on has derivative 0.

    The chain rule in reverse order, with every local derivative computed by the row's own rule in the arithmetic of the
    nodes.  Derivatives that are the literals 0.0 and 1.0 fold away, which keeps high orders small.

    >>> from autograd_tiny import Value
    >>> x = Value(3.0)
    >>> slope, = gradient(x**3, [x])
    >>> curvature, = gradient(slope, [x])
    >>> slope.data, curvature.data
    (27.0, 18.0)
    """
    if isinstance(inputs, Node):
        raise TypeError("gradient takes a list of inputs and gives a list of derivatives: gradient(y, [x])")
    inputs = list(inputs)
    kind: Any = type(output)
    for x in (output, *inputs):
        other: Any = type(x)
        if not (isinstance(x, Node) and kind.takes(x) and other.takes(output)):  # Values refuse formulas
            raise TypeError(f"gradient needs the recorded output and a list of recorded inputs, got {x!r}")
    output, inputs = kind.differentiable(output, inputs)
    order = topological_order(output)
    leads = set(inputs)
    for node in order:
        if not leads.isdisjoint(node.operands):
            leads.add(node)
    siblings = siblings_among(order)
    adjoints: dict[NodeT, Any] = {output: 1.0}
    for node in reversed(order):
        if (adjoint := adjoints.get(node)) is None or node not in leads:
            continue
        operands = node.operands
        for x, d in zip(operands, node.op.derivatives(node, operands, partial(siblings, node))):
            if x not in leads or (d.__class__ is float and d == 0.0):
                continue
            if d.__class__ is float and d == 1.0:
                term = adjoint
            elif adjoint.__class__ is float and adjoint == 1.0:
                term = d
            else:
                term = d * adjoint if d.__class__ is float else d.on(adjoint)
            adjoints[x] = adjoints[x] + term if x in adjoints else term
    results = [adjoints.get(x, 0.0) for x in inputs]
    return [r if isinstance(r, Node) else kind.constant(r) for r in results]  # type: ignore[misc]


def siblings_among(order: Sequence[Node]) -> Callable[[Any], list[Any]]:
    """What gives all outputs of the call that a node comes from: those in the graph; missing ones are recorded once."""
    known: dict[Call, dict[int, Any]] = {}
    for node in order:
        if call := node.call:
            known.setdefault(call, {})[node.op.parameter] = node

    def siblings(node: Any) -> list[Any]:
        here = known[node.call]
        for row in node.op.family.rows(node.operands):
            if row.parameter not in here:
                here[row.parameter] = type(node).record(row, node.operands)
        return [here[i] for i in sorted(here)]

    return siblings
