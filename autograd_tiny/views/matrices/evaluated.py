"""Formulas of arrays, worked out on numbers: what each is compared with the scalars by."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from autograd_tiny.arrays import structure
from autograd_tiny.arrays.node import Shape
from autograd_tiny.arrays.shapes import broadcast, spread
from autograd_tiny.arrays.structure import Part, Structure
from autograd_tiny.engine.row import MultiPrimitive
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.views.matrices.symbolic import Ones, Placed, Sum


class Numbers(NamedTuple):
    """The numbers of an array, row by row."""

    shape: Shape
    flat: Sequence[float]

    @property
    def rows(self) -> list[Sequence[float]]:
        """Each row; a vector is one."""
        width = self.shape[-1]
        return [self.flat[i : i + width] for i in range(0, len(self.flat), width)]

    @property
    def columns(self) -> list[Sequence[float]]:
        """Each column; a vector is one."""
        return [self.flat] if len(self.shape) == 1 else [self.flat[j :: self.shape[1]] for j in range(self.shape[1])]


def evaluate(formula: Expression, values: Mapping[Expression, Numbers]) -> Numbers:
    """The numbers of a formula, where each variable, and each derivative as a symbol, has the numbers given for it."""

    def result(e: Expression, operands: tuple[Numbers, ...]) -> Numbers:
        if e.op is None:
            if e.constant_value is None:
                raise KeyError(f"no numbers for {e.label}")
            return Numbers((), [e.constant_value])
        if isinstance(e.op, Structure):
            return _structure(e.op, operands)
        shape = broadcast(*[x.shape for x in operands]) or ()
        columns = [spread(x.flat, x.shape, shape) for x in operands]
        return Numbers(shape, [e.op.evaluate(xs) for xs in zip(*columns)])

    return _mapped_to_ends(formula, result, values)


def _mapped_to_ends(
    formula: Expression, result: Callable[..., Numbers], values: Mapping[Expression, Numbers]
) -> Numbers:
    """``mapped``, but for the operands of what has numbers already: of a derivative as a symbol."""
    known = dict(values)
    waiting = [formula]
    while waiting:
        e = waiting[-1]
        missing = [] if e in known else [x for x in e.operands if x not in known]
        waiting += missing
        if not missing:
            waiting.pop()
            if e not in known:
                known[e] = result(e, tuple([known[x] for x in e.operands]))
    return known[formula]


def _structure(op: Structure, operands: Sequence[Numbers]) -> Numbers:
    shape = op.shaped(*[x.shape for x in operands])
    if op in PRODUCTS:
        a, b = operands
        return Numbers(shape, [math.fsum(map(float.__mul__, row, column)) for row in a.rows for column in b.columns])
    if op is structure.outer:
        return Numbers(shape, [x * y for x in operands[0].flat for y in operands[1].flat])
    if isinstance(op, Ones):
        return Numbers(shape, [1.0] * math.prod(shape))
    a = operands[0]
    if op is structure.transpose:
        return Numbers(shape, [x for column in a.columns for x in column])
    if op in (structure.column, structure.vector):
        return Numbers(shape, a.flat)
    if isinstance(op, Part):
        return Numbers(shape, [a.flat[k] for k in op.places])
    if isinstance(op, Placed):
        there = dict(zip(op.part.places, a.flat))
        return Numbers(shape, [there.get(k, 0.0) for k in range(math.prod(shape))])
    if op in SUMS or isinstance(op, Sum):
        over = op.over if isinstance(op, Sum) else SUMS[op]
        lines = {"": [a.flat], "rows": a.columns, "columns": a.rows if len(a.shape) == 2 else [a.flat]}[over]
        return Numbers(shape, [math.fsum(line) for line in lines])
    if op.row is not None:
        results: list[Any] = [op.row.evaluate(row) for row in (a.rows if shape else [a.flat])]
        return Numbers(shape, [x for row in results for x in row] if isinstance(op.row, MultiPrimitive) else results)
    raise TypeError(f"{op.name} has no numbers in matrix form")


PRODUCTS = {structure.product, structure.matrix_vector, structure.vector_matrix, structure.inner}
SUMS = {structure.sum_all: "", structure.sum_rows: "rows", structure.sum_columns: "columns"}
