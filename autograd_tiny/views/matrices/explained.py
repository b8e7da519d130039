"""The derivative by a whole array, written out: in matrix form with shapes, down to the loss; one entry in scalars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from autograd_tiny.arrays import shapes
from autograd_tiny.arrays.node import ArrayNode
from autograd_tiny.arrays.recorded import Array
from autograd_tiny.arrays.shapes import entry_places
from autograd_tiny.arrays.structure import Structure, by_row
from autograd_tiny.calculus.gradient_check import path_sizes
from autograd_tiny.engine.graph import adjoints, all_nodes
from autograd_tiny.engine.row import Notation
from autograd_tiny.engine.table import log, softmax
from autograd_tiny.engine.value import Value
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.symbols.tidy import tidied
from autograd_tiny.views.equations import Equation, partial_derivative
from autograd_tiny.views.matrices.entries import Entry, index_of
from autograd_tiny.views.matrices.evaluated import Numbers, evaluate
from autograd_tiny.views.matrices.graph import (
    MatrixGraph,
    Whole,
    Wholes,
    is_view,
    scalars_of,
    shape_of,
    variables_in,
)
from autograd_tiny.views.matrices.symbolic import COUNT, Symbolic, add_shapes, keeps_arrays, pullback, replaced
from autograd_tiny.views.matrices.written import arranged, counts, derivative, shape_note, with_plain_counts

AGREEMENT = 1e-9
"""How closely a formula must give what the scalars give, relative to the size of all paths.

Rounding is millions of times smaller.
"""


OF_SHARES = Structure(
    "condition", text=Notation("{0}, as each row of {1} adds up to 1"),
    latex=Notation(r"{0} \quad \text{{as each row of }} {1} \text{{ adds up to 1}}"),
)  # fmt: skip


class MatrixDerivatives:
    """The derivatives of a number by whole arrays, each as a formula of derivatives before it.

    Args:
        graph: what the number was computed from.
        wrt: what it is differentiated by.

    Attributes:
        formulas: for each array or scalar between the number and ``wrt``, in the order of backward, its derivative: one
            right side, and a second where what two operations hand on together is simpler.
        shares: of those whose second right side takes the rows of an array to add up to 1, this array.
    """

    def __init__(self, graph: MatrixGraph, wrt: Sequence[Whole]) -> None:
        self.graph = graph
        self.root = graph.variables[graph.root]
        self.symbols: dict[Whole, Expression] = {}
        self.slopes = adjoints(graph.root)
        self.formulas: dict[Whole, list[list[Expression]]] = {}
        self.users: dict[Whole, list[Whole]] = {}
        self.plain: dict[Expression, Expression] = {}
        self.shares: dict[Whole, Expression] = {}
        self._differentiate(wrt)
        self._check()

    def symbol(self, x: Whole) -> Expression:
        """The derivative by an array or a scalar, as a symbol."""
        if x not in self.symbols:
            variable = self.graph.variables[x]
            self.symbols[x] = e = Expression.record(derivative, (self.root, variable))  # type: ignore[arg-type]
            self.graph.shapes[e] = self.graph.shapes[variable]
        return self.symbols[x]

    def _differentiate(self, wrt: Sequence[Whole]) -> None:
        graph = self.graph
        leads = set(wrt)  # and what lies between these and the root
        for x in graph.order:
            if not leads.isdisjoint(graph.inside[x]):
                leads.add(x)
        terms: dict[Whole, list[Expression]] = {graph.root: []}
        users = self.users
        for x in reversed(graph.order):
            if x not in terms:
                continue
            variable = graph.variables[x]
            shape = graph.shapes[variable]
            g = Symbolic(
                Expression.literal(1.0) if x is graph.root else self.symbol(x), () if x is graph.root else shape
            )
            ends = {graph.variables[y]: None for y in graph.inside[x] if y in leads}
            for v, part in pullback(graph.formulas[x], g, Symbolic(variable, shape), graph.shapes, ends).items():
                terms.setdefault(graph.by_variable[v], []).append(self._tidy(part))
                users.setdefault(graph.by_variable[v], []).append(x)
            if x is not graph.root:
                self.formulas[x] = [terms[x], *self._simpler(x)]
        for x in wrt:
            if x not in self.formulas:
                self.formulas[x] = [terms.get(x, []), *self._simpler(x)]

    def _tidy(self, part: Symbolic) -> Expression:
        """A formula as it is written, where it still is one of arrays of the same shapes."""
        add_shapes([part.e], self.graph.shapes)
        e = tidied(part.e)
        if not keeps_arrays(e, part.e, self.graph.shapes):
            return part.e
        self.plain[e] = part.e
        return e

    def _simpler(self, x: Whole) -> list[list[Expression]]:
        """The derivative by ``x`` as two operations hand it on together, where simpler: softmax with its cross-entropy.

        That is so where ``x`` is used by the first of them alone, and that by the second alone.
        """
        users = self.users.get(x, [])
        if len(users) != 1 or users[0] is self.graph.root or len(self.users[users[0]]) != 1:
            return []
        (first,), (second,) = users, self.users[users[0]]
        return self._together(x, first, second) or self._log_of_softmax(x, first, second)

    def _together(self, x: Whole, first: Whole, second: Whole) -> list[list[Expression]]:
        """The same by the rule that the second operation has for what the first one made."""
        graph = self.graph
        variable, inner, outer = graph.variables[first], graph.formulas[first], graph.formulas[second]
        pairs = [
            e
            for e in all_nodes(outer)
            if isinstance(e.op, Structure) and inner.op in e.op.fused and e.operands[0] is variable
        ]
        if len(pairs) != 1:
            return []
        merged = replaced(outer, {variable: inner})
        g = Symbolic(Expression.literal(1.0), ()) if second is graph.root else Symbolic(self.symbol(second), ())
        ends = {graph.variables[x]: None}
        found = pullback(merged, g, Symbolic(graph.variables[second], ()), graph.shapes, ends)[graph.variables[x]]
        return [[self._tidy(Symbolic(replaced(found.e, {inner: variable}), found.shape))]]

    def _log_of_softmax(self, x: Whole, first: Whole, second: Whole) -> list[list[Expression]]:
        """The same where a loss is written with the logarithm of a softmax, ``-sum(Y * log(A)) / m``.

        With A = softmax(Z) the derivative of log A[i] by Z[k] is (i = k) - A[k].  So where the derivative by log A is c
        ⊙ Y, that by Z is c ⊙ (Y - s ⊙ A), with s the sums of the rows of Y, which are 1 for targets: it is -c ⊙ (A -
        Y).
        """
        graph = self.graph
        a, inner, outer = graph.variables[first], graph.formulas[first], graph.formulas[second]
        logs = [e for e in all_nodes(outer) if any(operand is a for operand in e.operands)]
        if (
            inner.op is not by_row(softmax)
            or inner.operands[0] is not graph.variables[x]
            or [e.op for e in logs] != [log]
        ):
            return []
        shape = graph.shapes[graph.variables[second]]
        g = Symbolic(Expression.literal(1.0), ()) if second is graph.root else Symbolic(self.symbol(second), shape)
        slope = pullback(outer, g, Symbolic(graph.variables[second], shape), graph.shapes, {logs[0]: None})[logs[0]]
        for y in variables_in(slope.e):
            if graph.shapes[y] == graph.shapes[a] and all(
                math.isclose(math.fsum(row), 1.0) for row in graph.numbers(graph.by_variable[y]).rows
            ):
                shares = [replaced(slope.e, {y: Expression.literal(k)}) for k in (1.0, 2.0)]
                add_shapes(shares, graph.shapes)
                c, twice = [Symbolic(e, graph.shapes[e]) for e in shares]
                targets, outputs = Symbolic(y, graph.shapes[y]), Symbolic(a, graph.shapes[a])
                if self._alike(twice.e, (c + c).e) and self._alike(slope.e, (c * targets).e):
                    found = self._tidy(-c * (outputs - targets))
                    if graph.shapes[found] == graph.shapes[a]:
                        self.shares[x] = y
                        return [[found]]
        return []

    def _alike(self, e: Expression, other: Expression) -> bool:
        """Whether two formulas give the same numbers."""
        values = self._values()
        both = [evaluate(root, values) for root in (e, other)]
        size = max(map(abs, both[0].flat), default=0.0)
        return len({len(x.flat) for x in both}) == 1 and all(
            math.isclose(x, y, rel_tol=AGREEMENT, abs_tol=AGREEMENT * size) for x, y in zip(*[x.flat for x in both])
        )

    def _check(self) -> None:
        """Compare every formula with the gradients of the scalars.

        Raises:
            ArithmeticError: they differ, so that the formula must not be shown.
        """
        values = self._values()
        sizes = path_sizes(self.graph.root)  # of a sum that cancels, the size of its terms tells how much is rounding
        for x, sides in self.formulas.items():
            expected = self.numbers(x).flat
            scale = max([sizes.get(v, 0.0) for v in scalars_of(x)])

            def holds(terms: Sequence[Expression], expected: Sequence[float] = expected, scale: float = scale) -> bool:
                columns = [evaluate(e, values).flat for e in terms]
                found = [math.fsum(xs) for xs in zip(*columns)] if columns else [0.0] * len(expected)
                return len(found) == len(expected) and all(
                    math.isclose(a, b, rel_tol=AGREEMENT, abs_tol=AGREEMENT * scale) for a, b in zip(found, expected)
                )

            for side, terms in enumerate(sides):
                if not holds(terms):  # tidied, arrays may have lost a size to which they were repeated
                    sides[side] = [self.plain.get(e, e) for e in terms]
                    if not holds(sides[side]):
                        raise ArithmeticError(
                            f"the matrix form of the derivative by {self.graph.names[x]} does not give "
                            "what the scalars give; explain the derivative by one entry, wrt=W[0][1]"
                        )

    def _values(self) -> dict[Expression, Numbers]:
        """The numbers of all variables, and of all derivatives as symbols."""
        values = {variable: self.graph.numbers(x) for x, variable in self.graph.variables.items() if scalars_of(x)}
        return values | {symbol: self.numbers(x) for x, symbol in self.symbols.items()}

    def numbers(self, x: Whole) -> Numbers:
        """The derivative by an array or a scalar, as the scalars have it."""
        return Numbers(shape_of(x), [self.slopes.get(v, 0.0) for v in scalars_of(x)])

    # Written.

    def equation(self, x: Whole) -> Equation:
        """The derivative by an array or a scalar as an equation, with shapes."""
        sides = tuple([tuple([self.arranged(e) for e in terms]) for terms in self.formulas[x]])
        is_shaped = len(self.formulas[x][0]) == 1 and isinstance(x, ArrayNode)
        note = shape_note(self.formulas[x][0][0], self.graph.shapes) if is_shaped else None
        if note is not None and x in self.shares:
            note = Expression.record(OF_SHARES, (note, self.shares[x]))  # type: ignore[arg-type]
        if not self.formulas[x][0]:
            sides = ((Expression.literal(0.0),),)
        return Equation(self.symbol(x), sides, note)

    def arranged(self, e: Expression) -> Expression:
        """A formula as it is written; the number of samples by its name, if that is clear."""
        return arranged(e if self.count is not None else with_plain_counts(e), self.graph.shapes)

    @cached_property
    def count(self) -> float | None:
        """The number of samples, if formulas name one, and no other, and nothing else has its name."""
        every = [e for sides in self.formulas.values() for terms in sides for e in terms]
        found = {number for e in every for number in counts(e).values()}
        return found.pop() if len(found) == 1 and COUNT not in self.graph.names.values() else None

    @property
    def definitions(self) -> list[Equation]:
        """What names stand for that are no arrays: the number of samples."""
        return [] if self.count is None else [Equation(Expression(COUNT), ((Expression.literal(self.count),),))]

    def entry(self, x: ArrayNode) -> Equation:
        """One entry in scalars: the first that is not 0."""
        numbers = self.numbers(x)
        number = next((k for k, d in enumerate(numbers.flat) if d), 0)
        index, place = index_of(number, x.shape), entry_places(x.shape)[number]
        values = self._values()

        def symbol(e: Expression, place: str) -> Expression:
            if e.op is None:
                return Expression(e.label + place)
            return Expression.record(partial_derivative, (self.root, Expression(e.operands[1].label + place)))

        def literal(e: Expression, place: str) -> Expression:
            return Expression.literal(values[e].flat[entry_places(values[e].shape).index(place)])

        symbols, numbers_of = [
            [t for e in self.formulas[x][0] for t in Entry(self.graph.shapes, leaf).terms(e, index)]
            for leaf in (symbol, literal)
        ]
        symbols = [tidied(e) for e in symbols] or [Expression.literal(0.0)]
        kept = [k for k, e in enumerate(symbols) if e.constant_value != 0.0] or [0]
        terms = [tuple([side[k] for k in kept]) for side in (symbols, numbers_of) if side]
        left = Expression.record(partial_derivative, (self.root, Expression(self.graph.names[x] + place)))
        return Equation(left, (*terms, (Expression.literal(numbers.flat[number]),)))


def explained_by_array(
    root: Value, wrt: Array, variables: Mapping[str, Any], through: Wholes
) -> tuple[list[Equation], list[Equation], list[str]]:
    """The derivative of a number by an array: the equations of its chain, what names stand for, and all names.

    Raises:
        ValueError: the number was not computed from the array.
    """
    if is_view(wrt.node):
        raise ValueError(
            f"{shapes.name(wrt.node, 'this Array')} shows the entries of another Array; explain the derivative by that"
        )
    graph = MatrixGraph(root, [wrt.node], variables, through)
    if wrt.node not in graph.below:
        called = shapes.name(wrt.node, "the Array")
        raise ValueError(
            f"{root!r} was not computed from {called} as a whole; for the derivative by one entry give that: "
            "wrt=W[0][1]"
        )
    derivatives = MatrixDerivatives(graph, [wrt.node])
    order = list(reversed(derivatives.formulas))
    equations = [*map(derivatives.equation, order), derivatives.entry(wrt.node)]
    return equations, derivatives.definitions, graph.called
