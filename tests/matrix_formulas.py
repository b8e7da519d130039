"""Formulas in matrix form, worked out by NumPy: an evaluator of its own, beside the one that checks them before they are shown."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_tiny.arrays import structure
from autograd_tiny.arrays.structure import Part, Structure
from autograd_tiny.engine.row import MultiPrimitive
from autograd_tiny.views.matrices.explained import MatrixDerivatives
from autograd_tiny.views.matrices.graph import MatrixGraph
from autograd_tiny.views.matrices.symbolic import Ones, Placed, Sum

STRUCTURES: dict[Any, Any] = {
    structure.product: np.matmul, structure.matrix_vector: np.matmul, structure.vector_matrix: np.matmul, structure.inner: np.dot,
    structure.outer: np.outer, structure.transpose: np.transpose, structure.column: lambda x: x.reshape(-1, 1),
    structure.vector: lambda x: x.reshape(-1), structure.sum_all: np.sum, structure.sum_rows: lambda x: x.sum(axis=0),
    structure.sum_columns: lambda x: x.sum(axis=-1),
}  # fmt: skip


def _structure(op: Any, operands: Sequence[Any], shape: Any) -> Any:
    if op in STRUCTURES:
        return STRUCTURES[op](*operands)
    if isinstance(op, Ones):
        return np.ones(shape)
    (x,) = operands
    if isinstance(op, Sum):
        return x.sum(axis={"": None, "rows": 0, "columns": -1}[op.over]).reshape(shape)
    if isinstance(op, Part):
        return x.reshape(-1)[list(op.places)].reshape(shape)
    if isinstance(op, Placed):
        whole = np.zeros(int(np.prod(shape)))
        whole[list(op.part.places)] = x.reshape(-1)
        return whole.reshape(shape)
    rows = x.reshape(-1, x.shape[-1])
    results = [op.row.evaluate(list(row)) for row in rows]
    return np.array(results).reshape(x.shape if isinstance(op.row, MultiPrimitive) else x.shape[:-1])


def evaluate(formula: Any, known: dict[Any, Any], shapes: dict[Any, Any]) -> Any:
    """A formula on NumPy's arrays."""
    found = dict(known)
    waiting = [formula]
    while waiting:
        e = waiting[-1]
        missing = [] if e in found else [x for x in e.operands if x not in found]
        waiting += missing
        if missing:
            continue
        waiting.pop()
        if e in found:
            continue
        operands = [found[x] for x in e.operands]
        if e.op is None:
            found[e] = np.float64(e.constant_value)
        elif isinstance(e.op, Structure):
            found[e] = _structure(e.op, operands, e.op.shaped(*[np.shape(x) for x in operands]))
        else:
            found[e] = np.vectorize(lambda *xs, op=e.op: op.evaluate(xs), otypes=[float])(*operands)
    return found[formula]


def largest_difference(loss: Any, leaves: Sequence[Any]) -> float:
    """Between what formulas in matrix form give and the gradients of the scalars; relative to the largest of an array, or to 1."""
    graph = MatrixGraph(loss, [leaf.node for leaf in leaves], {})
    found = MatrixDerivatives(graph, [leaf.node for leaf in leaves if leaf.node in graph.below])

    def numbers(whole: Any) -> Any:
        return np.array(whole.flat).reshape(whole.shape)

    known = {variable: numbers(graph.numbers(x)) for x, variable in graph.variables.items()}
    known |= {symbol: numbers(found.numbers(x)) for x, symbol in found.symbols.items()}
    worst = 0.0
    for x, sides in found.formulas.items():
        expected = numbers(found.numbers(x))
        for terms in sides:
            total = sum((evaluate(e, known, graph.shapes) for e in terms), np.zeros(expected.shape))
            worst = max(worst, np.abs(total - expected).max() / max(1.0, np.abs(expected).max()))
    return float(worst)
