"""Backward, and forward, one node at a time, as plain records.

Nothing is drawn and nothing is changed here: every view of the chain rule, in the terminal, in a notebook, on a page,
is a view of these records.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from autograd_tiny.calculus.changes import check_unchanged
from autograd_tiny.engine.graph import pulls, topological_order
from autograd_tiny.engine.refusals import check_recorded
from autograd_tiny.engine.value import Value


class Contribution(NamedTuple):
    """What one node hands to one of its operands.

    Attributes:
        operand: the node that receives.
        local_derivative: of the node by this operand.
        contribution: local derivative times upstream gradient.
        before: the operand's gradient before receiving.
        after: and after.
    """

    operand: Value
    local_derivative: float
    contribution: float
    before: float
    after: float


class BackwardStep(NamedTuple):
    """One node of backward.

    Attributes:
        root: what is differentiated.
        number: counted from 1.
        node: whose turn it is; its own gradient is complete.
        upstream: the derivative of the root by this node.
        contributions: one per operand, in order; an operand that is used twice receives twice.
    """

    root: Value
    number: int
    node: Value
    upstream: float
    contributions: tuple[Contribution, ...]


class ForwardStep(NamedTuple):
    """One node of the computation itself.

    Attributes:
        root: where the computation leads.
        number: counted from 1.
        node: what was computed, from ``node.operands`` by ``node.op``.
    """

    root: Value
    number: int
    node: Value


def forward_steps(root: Value) -> Iterator[ForwardStep]:
    """The operations that led to ``root``, operands before users.  A leaf has none.

    Data that was changed since it was used is refused: compute again first.
    """
    check_recorded(root, "stepped through")
    check_unchanged(root, done="the steps")
    for number, node in enumerate(topological_order(root), 1):
        yield ForwardStep(root, number, node)


def backward_steps(root: Value) -> Iterator[BackwardStep]:
    """The steps of ``root.backward()`` from gradients of 0, in the order backward works; ``grad`` is not touched.

    The last ``after`` of every node is exactly what ``backward`` adds to its gradient.  A leaf has no steps.
    Data that was changed since it was used is refused: compute again first.

    >>> w, x = Value(-3.0, "w"), Value(2.0, "x")
    >>> for step in backward_steps((w * x).tanh()):
    ...     for c in step.contributions:
    ...         print(step.node.op.name, c.operand.label or c.operand.op.name, c.local_derivative, c.after)
    tanh mul 2.457...e-05 2.457...e-05
    mul w 2.0 4.915...e-05
    mul x -3.0 -7.372...e-05
    """
    check_recorded(root, "stepped through")
    check_unchanged(root, done="the steps")
    gradients = {root: 1.0}
    for number, (node, pulled) in enumerate(groupby(pulls(root), itemgetter(0)), 1):
        upstream = gradients[node]
        contributions = []
        for _, operand, derivative in pulled:
            before = gradients.get(operand, 0.0)
            contribution = derivative * upstream
            gradients[operand] = after = before + contribution
            contributions.append(Contribution(operand, derivative, contribution, before, after))
        yield BackwardStep(root, number, node, upstream, tuple(contributions))
