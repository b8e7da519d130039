"""Truncated Taylor series: the derivatives of any order along a line, from the rules of the table.

A function of t is the series of its derivatives at 0: y, y', y'', ..., its Taylor coefficients times k!, which may be
no floats where the derivatives are.  An operation on series has a series again, and its rule says which: since out' =
rule(out, x) · x', the derivatives of out follow one after the other from lower ones, by Leibniz's rule from those of
the rule run on the same series.  So there is no second set of rules; only products and quotients of series are written
here.

n derivatives take some n² steps for each operation, where differentiating n times takes 3ⁿ and more.  Griewank and
Walther (2008), Evaluating Derivatives, chapter 13.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd_tiny.engine.graph import topological_order
from autograd_tiny.engine.operators import Operators
from autograd_tiny.engine.refusals import data_of, is_number
from autograd_tiny.engine.row import MultiPrimitive, Primitive, recorder_of
from autograd_tiny.engine.table import div, mul

Known = dict[Any, "Series"]


class Series(Operators):
    """The derivatives of a function of t at 0, each computed when it is first asked for.

    Args:
        first: its value: a float, or a node where the derivatives are to be nodes.
        following: gives the derivative of order k > 0, when all lower ones are there.
        known: the series of every operation so far, by the row and its operands; shared by all series of a computation.
    """

    __slots__ = ("_derivatives", "_following", "known", "operands")

    def __init__(self, first: Any, following: Callable[[int], Any], known: Known, operands: Sequence[Any] = ()) -> None:
        self._derivatives, self._following = [first], following
        self.known, self.operands = known, operands

    def __getitem__(self, k: int) -> Any:
        found = self._derivatives
        while len(found) <= k:
            found.append(self._following(len(found)))
        return found[k]

    @classmethod
    def record(cls, primitive: Primitive, operands: tuple[Any, ...]) -> Series:
        """The series of an operation on series and numbers, made once for the same operands."""
        known = next(x for x in operands if isinstance(x, Series)).known
        key = primitive, tuple([id(x) if isinstance(x, Series) else repr(x) for x in operands])  # 0.0 is not -0.0
        if key not in known:
            lifted = [x if isinstance(x, Series) else constant(x, known) for x in operands]
            at_zero = tuple([x[0] for x in lifted])
            recorder = recorder_of(at_zero)
            first = recorder.record(primitive, at_zero) if recorder else primitive.evaluate(at_zero)
            known[key] = applied(primitive, lifted, first)
        return known[key]

    @classmethod
    def record_outputs(
        cls, primitive: MultiPrimitive, operands: tuple[Any, ...], wanted: Sequence[int] | None = None
    ) -> list[Series]:
        """The series of the outputs of an operation that has several, or of the outputs ``wanted``."""
        rows = primitive.rows(operands) if wanted is None else [primitive[i] for i in wanted]
        return [cls.record(row, operands) for row in rows]

    @classmethod
    def takes(cls, other: object) -> bool:
        """Whether ``other`` may stand beside a series in an operation."""
        return isinstance(other, Series) or is_number(other)


def constant(x: Any, known: Known) -> Series:
    """The series of what does not depend on t."""
    return Series(x, lambda k: 0.0, known)


def applied(primitive: Primitive, operands: Sequence[Series], first: Any) -> Series:
    """The series of an operation, of which the value at 0 is known."""
    out: Series
    if primitive is mul:
        x, y = operands
        out = Series(first, lambda k: _leibniz(k, x, y, range(k + 1)), x.known, operands)
    elif primitive is div:  # x = out y, solved for the highest derivative of out
        x, y = operands
        out = Series(first, lambda k: (x[k] - _leibniz(k, out, y, range(k))) / y[0], x.known, operands)
    else:
        rule: list[Any] = []

        def following(k: int) -> Any:
            if not rule:
                rule.extend(primitive.derivatives(out, operands, lambda: _siblings(primitive, operands)))
            return _sum(_chained(k, d, x) for d, x in zip(rule, operands))

        out = Series(first, following, operands[0].known, operands)
    return out


def _leibniz(k: int, x: Series, y: Series, orders: Iterable[int]) -> Any:
    """Terms of the derivative of order k of a product, in which x is differentiated so many times."""
    return _sum(times(float(math.comb(k, j)), times(x[j], y[k - j])) for j in orders)


def _chained(k: int, d: Any, x: Series) -> Any:
    """The derivative of order k - 1 of the product of a local derivative and x'."""
    if not isinstance(d, Series):
        return times(d, x[k])
    return _sum(times(float(math.comb(k - 1, j)), times(d[j], x[k - j])) for j in range(k))


def _siblings(primitive: Any, operands: Sequence[Series]) -> list[Series]:
    """All outputs of the call that gave one."""
    return Series.record_outputs(primitive.family, tuple(operands))


def times(x: Any, y: Any) -> Any:
    """The product, where the literals 0.0 and 1.0 compute and record nothing."""
    for one, other in ((x, y), (y, x)):
        if one.__class__ is float and one in (0.0, 1.0):
            return other if one else 0.0
    return x * y


def chained(derivative: Any, other: Any) -> Any:
    """A local derivative times what the chain rule multiplies it by, where the literals compute nothing either."""
    if isinstance(derivative, Operators) and isinstance(other, Operators):
        return derivative.on(other)
    return times(derivative, other)


def _sum(terms: Iterable[Any]) -> Any:
    """The sum, where the literal 0.0 computes and records nothing."""
    whole: Any = 0.0
    for term in terms:
        if term.__class__ is not float or term != 0.0:
            whole = term if whole.__class__ is float and whole == 0.0 else whole + term
    return whole


def derivatives_along(y: Any, x: Any, order: int, first: Callable[[Any], Any]) -> list[Any]:
    """A recorded node and its derivatives by a leaf, up to an order.

    Args:
        y: the node.
        x: the leaf.
        order: of the highest derivative.
        first: gives the value of a node as it is to be computed with: its data, or the node itself.

    Raises:
        OverflowError: a derivative is larger than any float.
    """
    known: Known = {}
    series: dict[Any, Series] = {x: Series(first(x), lambda k: float(k == 1), known)}
    for node in topological_order(y):
        if any(operand in series for operand in node.operands):
            operands = [series[z] if z in series else constant(first(z), known) for z in node.operands]
            series[node] = applied(node.op, operands, first(node))
            known.setdefault((node.op, tuple([id(z) for z in operands])), series[node])
    if y not in series:
        return [first(y), *[0.0] * order]
    for k in range(order + 1):  # all of a lower order come first: no derivative waits for a long chain of others
        for found in series.values():
            number = data_of(found[k])
            if number.__class__ is float and not math.isfinite(number):  # nan: infinite terms of either sign
                raise OverflowError(f"a derivative of order {k} is larger than any float")
    return [series[y][k] for k in range(order + 1)]
