"""Jacobians of which most entries are 0: only those that the record knows of are computed.

Reverse mode for all outputs at once: every node keeps, for each output that it leads to, the derivative of that output
by it.  It leads only to outputs that each of its variables leads to, so a node keeps no more than a column of the
Jacobian has entries, and the work is at most that of as many sweeps as a colouring of the rows has colours, since rows
that share a column differ in colour.  Curtis, Powell and Reid (1974), On the estimation of sparse Jacobian matrices;
Griewank and Walther (2008), Evaluating Derivatives, chapter 7.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

from autograd_tiny.calculus.taylor import chained
from autograd_tiny.engine.graph import siblings_among, topological_order


class Entries(NamedTuple):
    """The entries of a matrix that need not be 0, row by row.

    Attributes:
        shape: how many rows and columns.
        starts: where in the lists each row begins, and where the last one ends.
        columns: of the entries; they ascend in each row.  In arrays, which SciPy takes as they are.
        numbers: the entries, floats or nodes.
    """

    shape: tuple[int, int]
    starts: array[int]
    columns: array[int]
    numbers: list[Any]

    def with_numbers(self, numbers: Any) -> Any:
        """A SciPy sparse array with these entries.

        Raises:
            ImportError: SciPy is not installed.
        """
        try:
            from numpy import asarray
            from scipy.sparse import csr_array
        except ImportError:
            raise ImportError("sparsity=True gives arrays of scipy.sparse: pip install scipy") from None
        return csr_array((asarray(numbers, float), asarray(self.columns), asarray(self.starts)), self.shape)


def sparse_jacobian(outputs: Sequence[Any], variables: Sequence[Any], *, recorded: bool) -> Entries:
    """The derivatives of recorded nodes by leaves, where these lead to them.

    Args:
        outputs: m nodes.
        variables: n leaves.
        recorded: whether the entries are to be nodes, by the rules run on the nodes; else they are floats, from the
            local derivatives as recorded.
    """
    order: list[Any] = topological_order(*outputs)
    siblings = siblings_among(order) if recorded else None
    leads = set(variables)
    for node in order:
        if not leads.isdisjoint(node.operands):
            leads.add(node)
    found: dict[Any, dict[int, Any]] = {}
    for i, y in enumerate(outputs):
        found.setdefault(y, {})[i] = 1.0
    for node in reversed(order):
        here = found.pop(node, None)
        if here is None or node not in leads:
            continue
        operands = node.operands
        local = node.op.derivatives(node, operands, partial(siblings, node)) if siblings else node.local_derivatives
        for x, d in zip(operands, local):
            # A rule that says 0 is 0 everywhere.
            if x in leads and not (siblings and d.__class__ is float and d == 0.0):
                below = found.setdefault(x, {})
                for i, above in here.items():
                    term = chained(d, above)
                    below[i] = below[i] + term if i in below else term
    return _by_rows(len(outputs), [found.get(x, {}) for x in variables])


def _by_rows(n_rows: int, columns: Sequence[dict[int, Any]]) -> Entries:
    rows: list[list[tuple[int, Any]]] = [[] for _ in range(n_rows)]
    for j, column in enumerate(columns):
        for i, number in column.items():
            rows[i].append((j, number))
    starts = array("i", accumulate(map(len, rows), initial=0))
    entries = [entry for row in rows for entry in row]
    return Entries(
        (n_rows, len(columns)), starts, array("i", [j for j, _ in entries]), [number for _, number in entries]
    )
