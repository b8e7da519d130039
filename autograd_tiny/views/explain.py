"""The chain rule for one derivative, written out: in symbols, in formulas, in numbers; as text, LaTeX and MathML.

Everything is an Expression: a factor ∂a/∂b is an operation like any other, a formula comes from running the row's own
derivative rule on Expressions, a number is a constant.  So one writer serves all, and no derivative is written by hand.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial, reduce
from typing import Any

from autograd_tiny.arrays.recorded import Array
from autograd_tiny.calculus.changes import check_unchanged
from autograd_tiny.engine.contents import named_by
from autograd_tiny.engine.graph import Call, Node, adjoints, all_nodes, mapped
from autograd_tiny.engine.refusals import check_recorded, warn_of_runs
from autograd_tiny.engine.row import Primitive
from autograd_tiny.engine.table import mul
from autograd_tiny.engine.value import Constant, Value
from autograd_tiny.symbols.expression import Expression, Term
from autograd_tiny.symbols.latex import SUPERSCRIPTS, portable
from autograd_tiny.symbols.naming import names
from autograd_tiny.symbols.tidy import named_number, tidied
from autograd_tiny.text.numbers import check_digits
from autograd_tiny.views.equations import (
    Equation,
    beside,
    chain,
    environment,
    latex_style,
    partial_derivative,
    text_style,
)
from autograd_tiny.views.mathml import mathml
from autograd_tiny.views.matrices.explained import explained_by_array
from autograd_tiny.views.matrices.graph import check_through_arrays, settled
from autograd_tiny.views.named import LONGEST_WRITTEN, Through, seen_through, written_size
from autograd_tiny.views.paths import NO_PATH, Edge, census, edge_paths, edges, uses
from autograd_tiny.views.steps import BackwardStep, ForwardStep

MOST_PATHS, LONGEST_PATH, MOST_DEFINITIONS, LONGEST_FORMULA = 4, 12, 12, 120
"""Nobody reads sums of more paths, products of more derivatives, more invented names, factors of more characters."""


class Explanation:
    """A derivative written out; shows as mathematics in a notebook.

    Attributes:
        equations: each with the symbols first, then the formulas, the numbers, the result.
        definitions: what the names stand for that the writer had to invent.
        digits: how many significant digits numbers are written with.
        called: the names of the whole graph, so that a name looks the same, and like no other, in all explanations of
            it.
    """

    def __init__(
        self,
        equations: Sequence[Equation],
        definitions: Sequence[Equation],
        digits: int,
        called: Iterable[str],
        written: dict[Node, Term] | None = None,
    ) -> None:
        self.equations, self.definitions = list(equations), list(definitions)
        self.digits, self.called = digits, tuple(called)
        self._written_before: dict[Node, Term] = {} if written is None else written

    def blanked(self) -> Explanation:
        """The same with blanks for the numbers that follow from the formulas."""
        equations = [equation.blanked() for equation in self.equations]
        return Explanation(equations, self.definitions, self.digits, self.called)

    @property
    def text(self) -> str:
        """Plain text."""
        style = text_style(self.digits)
        lines = []
        for equation in self.equations:
            pairs = equation.lines(style, 90)
            width = len(pairs[0][0])
            lines += [f"{left:{width}} {right}" for left, right in pairs]
        if self.definitions:
            meant = [f"{left} {right}" for e in self.definitions for left, right in e.lines(style, 90)]
            lines.append("with " + ", ".join(meant))
        return "\n".join(lines)

    @property
    def latex(self) -> str:
        """An ``aligned`` environment, without dollar signs, to be copied into slides; pdflatex sets it with amsmath."""
        return portable(environment("aligned", self.latex_lines))

    @property
    def mathml(self) -> str:
        """One ``<math>`` element per line, readable in every current browser without JavaScript."""
        return "\n".join(mathml(f"{left} {right}") for left, right in self.latex_lines)

    @cached_property
    def latex_lines(self) -> list[tuple[str, str]]:
        """What stands left and right in each line, its words hidden."""
        style, every = latex_style(self.called, self.digits), [*self.equations, *self.definitions]
        return [line for e in every for line in e.lines(style, 250, self._written_before)]

    def __repr__(self) -> str:
        return self.text

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {environment('aligned', self.latex_lines)}$"


def explain(
    what: Value | BackwardStep | ForwardStep,
    wrt: Value | Array | None = None,
    *,
    through: Through = None,
    digits: int = 4,
    blanks: bool = False,
) -> Explanation:
    """Write out the chain rule, from named value to named value.

    What lies between two named values is one derivative, a factor.  With up to four paths from ``what`` down to
    ``wrt``, none of more than twelve factors, the sum over the paths of the product of the factors.  Otherwise the sum
    over the uses of ``wrt``:  derivative by the user times the user's own.

    A value has a name if it has a label.  Where nothing that was computed has one, the caller's variables name values;
    where these name nothing between the two either, every operation is shown.

    By an `Array`, the derivative is written in matrix form, with shapes, from named array to named array down to
    ``what``, and one entry of it in scalars.  Every formula is compared with the gradients of the scalars before it is
    shown.

    A step of backward is explained by what each operand receives, a step forward by its formula and its numbers.

    Data that was changed since it was used, as by a step of an optimizer, is refused: compute again first.  Where
    ``backward`` was run several times, so that the grad of ``wrt`` is not its derivative, a warning says how many times
    the derivative it is.

    Args:
        what: the recorded Value whose derivative is explained, or one step of ``backward_steps`` or ``forward_steps``.
        wrt: the node it is differentiated by, or an Array.
        through: "named" for the values that have a name, "all" for every operation, or the Values to be shown in
            between.  By an Array, "arrays" for those that have a name, or all if none has one, "all arrays", or the
            Arrays and Values to be shown.
        digits: significant digits of numbers.
        blanks: leave the numbers out, for a slide or a worksheet on which they are to be written.

    >>> w, x, b = Value(-3.0), Value(2.0), Value(6.5)
    >>> z = w * x + b
    >>> y = z.tanh()
    >>> print(explain(y, wrt=w))
    ∂y/∂w = ∂y/∂z · ∂z/∂w
          = (1 - y²) · x
          = 0.7864 · 2
          = 1.573
    >>> print(explain(y, wrt=w, blanks=True))
    ∂y/∂w = ∂y/∂z · ∂z/∂w
          = (1 - y²) · x
          = ____ · ____
          = ____
    """
    variables = sys._getframe(1).f_locals
    explanation = explained(what, wrt, through, variables, digits)
    if isinstance(what, Value):
        by = None if isinstance(wrt, Array) else wrt
        warn_of_runs(what, "the explanation", by=by, names=partial(named_by, variables))
    return explanation.blanked() if blanks else explanation


def explained(
    what: Value | BackwardStep | ForwardStep,
    wrt: Value | Array | None,
    through: Through,
    variables: Mapping[str, Any],
    digits: int = 4,
) -> Explanation:
    """What `explain` writes, with ``variables`` that name Values."""
    check_digits(digits)
    through = settled(through)
    if isinstance(what, (BackwardStep, ForwardStep)):
        check_unchanged(what.root, done="its explanation")
        return Explainer(what.root, digits=digits).step(what)
    if isinstance(wrt, Array):
        check_recorded(what, "explained")
        check_unchanged(what, done="its explanation")
        check_through_arrays(through)
        equations, definitions, called = explained_by_array(what, wrt, variables, through)
        return Explanation(equations, definitions, digits, called)
    if wrt is None:
        raise TypeError("explain needs the Value to differentiate by: explain(y, wrt=x)")
    explainer, seen = explainer_of(what, [wrt], through, variables, digits)
    return explainer.derivative(seen[wrt])


def explainer_of(
    root: Value, wrt: Sequence[Value], through: Through, variables: Mapping[str, Any], digits: int
) -> tuple[Explainer, dict[Value, Value]]:
    """What explains ``root`` as it is seen, by the Values ``wrt``, and the twin there of every Value that is seen.

    Raises:
        TypeError: one of them is no recorded Value.
        ValueError: one that ``root`` was not computed from, and that has no label; data was changed since it was used.
    """
    check_recorded(root, "explained")
    for x in wrt:
        check_recorded(x, "differentiated by")
    check_unchanged(root, done="its explanation")
    nodes = set(all_nodes(root))
    for x in wrt:
        if x not in nodes and not x.label:
            raise ValueError(
                f"{root!r} was not computed from {x!r}; was its name given to another Value since, as by x += 1?"
            )
    seen = seen_through([root, *wrt], through, variables)
    return Explainer(seen[root], *[seen[x] for x in wrt], digits=digits), seen


def _as_factor(formula: Expression) -> Expression:
    """A local derivative as in the chain rule: products in it are written side by side, unless a number is second."""

    def written_so(e: Expression, operands: tuple[Expression, ...]) -> Expression:
        if e.op is mul and (operands[1].constant_value is None or operands[1].label):
            return Expression.record(beside, operands)
        return e if e.op is None else e.with_operands(operands)

    return mapped([formula], written_so)[formula]


def _formulas(node: Value, operands: Sequence[Expression]) -> list[Expression]:
    """The operation of a node by its name, unless that would only list any number of operands, and by its expansion."""
    by_name = Expression.record(node.op, tuple(operands))
    if node.op.expansion is None:
        return [by_name]
    expanded = node.op.expansion(*operands)
    if node.op.arity is not None:
        return [by_name, expanded]
    last: Primitive | None = expanded.op  # of the formula that leads to a named value, as the sigmoid of a sum
    if last is None or last.arity is None or last.expansion is None:
        return [expanded]
    return [expanded, last.expansion(*expanded.operands)]


class Explainer:
    """Explains everything about one root: what all explanations need is worked out once.

    It makes the three ways of writing a factor, with one name per node, and notes the names it invents.

    Args:
        root: what is differentiated.
        others: nodes that need a name too, though the root does not depend on them.
        digits: significant digits of numbers.
    """

    def __init__(self, root: Value, *others: Value, digits: int = 4) -> None:
        self.root, self.digits = root, digits
        self.names = names(root, *others)
        self.order = {node: i for i, node in enumerate(self.names)}
        self.called = tuple(self.names.values())
        self.known = frozenset(self.called)
        self.variables: dict[str, Expression] = {}
        self.symbols: dict[tuple[Expression, Expression], Expression] = {}
        self.written: dict[Node, Term] = {}
        self.adjoints = adjoints(root)
        self.used: dict[Value, None] = {}
        self.slopes: dict[Value, Sequence[Any]] = {}
        every = edges(root)
        self.uses, self.census = uses(every), census(root, every)
        self.outputs: dict[Call, dict[int, Value]] = {}
        for node in self.names:
            if call := node.call:
                self.outputs.setdefault(call, {})[node.op.parameter] = node

    def derivative(self, wrt: Value) -> Explanation:
        """The derivative of the root by ``wrt``, as `explain` writes it."""
        ways = self.census.get(wrt, NO_PATH)
        if ways.paths > MOST_PATHS or ways.longest > LONGEST_PATH:
            return self._explanation([self.summed(wrt)])
        terms = [self.product(path) for path in edge_paths(self.root, wrt, self.uses)] if ways.paths else []
        return self._explanation([self.equation(wrt, terms, self.adjoints.get(wrt, 0.0))])

    def summed(self, wrt: Value) -> Equation:
        """The derivative of the root by ``wrt`` as the sum over the uses of ``wrt``."""
        return self.equation(wrt, [self.use(edge) for edge in self.uses[wrt]], self.adjoints[wrt])

    def step(self, step: BackwardStep | ForwardStep) -> Explanation:
        """One step: backward by what each operand receives, forward by its formula and its numbers."""
        node = step.node
        if isinstance(step, ForwardStep):
            named = [self.node(x) for x in node.operands]
            pairs = zip(node.operands, named)
            numbers = [e if isinstance(x, Constant) else Expression.literal(x.data) for x, e in pairs]
            formulas = [*_formulas(node, named), _formulas(node, numbers)[-1]]
            rights = [*[e for e in formulas if written_size(e) <= LONGEST_WRITTEN], Expression.literal(node.data)]
            for x in [x for x in self.used if x.op is not None]:  # which has a step of its own
                del self.used[x]
            return self._explanation([Equation(self._variable(self.names[node]), tuple((e,) for e in rights))])
        equations = []
        for place, c in enumerate(step.contributions):
            if not isinstance(c.operand, Constant):
                earlier = [[Expression.literal(c.before)] * 3] if c.before else []
                equations.append(self.equation(c.operand, [*earlier, self.use(Edge(c.operand, node, place))], c.after))
        return self._explanation(equations)

    def _explanation(self, equations: Sequence[Equation]) -> Explanation:
        """The equations, and what the names in them stand for."""
        written = set(all_nodes(*[e for x in equations for e in (x.left, *itertools.chain(*x.rights))]))
        definitions = self._definitions([v for v in self.used if self._variable(self.names[v]) in written])
        self.used.clear()
        return Explanation(equations, definitions, self.digits, self.called, self.written)

    def equation(self, wrt: Value, terms: Sequence[Sequence[Expression]], result: float) -> Equation:
        """∂root/∂wrt = the sum of the terms, each given as (symbols, formulas, numbers).

        A term whose symbol is the left side, since ``root`` uses ``wrt`` itself, stands as its formula: no sum is its
        own term.
        """
        self.used[wrt] = None
        left = self.symbol(self.root, wrt)
        rights = zip(*[[next(e for e in ways[i:] if e is not left) for i in range(len(ways))] for ways in terms])
        return Equation(left, (*rights, (Expression.literal(result),)))

    def product(self, path: Sequence[Edge]) -> list[Expression]:
        """The product of the local derivatives along a path, three ways; the derivative of a node by itself is 1."""
        factors = [self.local(edge) for edge in path] or [[Expression.literal(1.0)] * 3]
        return [reduce(chain, way) for way in zip(*factors)]

    def use(self, edge: Edge) -> list[Expression]:
        """One use of a node: the derivative by its user, times the local derivative."""
        local = self.local(edge)
        if edge.user is self.root:
            return local
        upstream = self.symbol(self.root, edge.user)
        return [chain(u, d) for u, d in zip([upstream, upstream, Expression.literal(self.adjoints[edge.user])], local)]

    def local(self, edge: Edge) -> list[Expression]:
        """The local derivative at an edge: as symbol, by the row's rule, as recorded."""
        user: Value = edge.user
        operands = [self.node(x) for x in user.operands]
        outputs = self._siblings(user, user.call) if user.call else None
        out = self.node(user)
        if outputs or user not in self.slopes:  # siblings are named anew in each explanation
            self.slopes[user] = user.op.derivatives(out, operands, outputs)
        rule = self.slopes[user][edge.place]
        formula = _as_factor(tidied(rule)) if isinstance(rule, Expression) else Expression.literal(rule)
        symbol = self.symbol(user, edge.operand, self._use(edge))
        if len(str(formula)) > LONGEST_FORMULA:
            formula = symbol
        return [symbol, formula, Expression.literal(user.local_derivatives[edge.place])]

    def symbol(self, of: Value, by: Value, use: str = "") -> Expression:
        """∂of/∂by; where ``of`` uses ``by`` several times, the derivative by one of the uses."""
        both = self.node(of), self._variable(self.names[by] + use)
        if both not in self.symbols:
            self.symbols[both] = Expression.record(partial_derivative, both)
        return self.symbols[both]

    def _use(self, edge: Edge) -> str:
        """Which use of its operand an edge is, as ``⁽²⁾``; nothing for an operand that is used once."""
        uses = [place for place, x in enumerate(edge.user.operands) if x is edge.operand]
        if len(uses) == 1:
            return ""
        number, name = str(uses.index(edge.place) + 1), self.names[edge.operand]
        raised = f"⁽{number.translate(SUPERSCRIPTS)}⁾"
        return f" (use {number})" if name + raised in self.known else raised  # the user's own a⁽²⁾ may be a layer

    def _variable(self, name: str) -> Expression:
        """The one variable of this name."""
        return self.variables.setdefault(name, Expression(name))

    def node(self, value: Value) -> Expression:
        """A node as a name in a formula; a number written in the formula as this number."""
        if isinstance(value, Constant):
            return named_number(value.data, self.known)
        self.used[value] = None
        return self._variable(self.names[value])

    def _siblings(self, user: Value, call: Call) -> Callable[[], list[Expression]]:
        recorded, rows = self.outputs[call], user.op.family.rows(user.operands)
        operands = tuple(self.node(x) for x in user.operands)
        return lambda: [
            self.node(recorded[row.parameter]) if row.parameter in recorded else Expression.record(row, operands)
            for row in rows
        ]

    def _definitions(self, used: Iterable[Value]) -> list[Equation]:
        """What the invented names among those used stand for: formulas of what was computed, numbers of leaves.

        A definition may need another, also made unless they become many.
        """
        found: dict[Value, Equation] = {}
        pending = list(used)
        while pending:
            v = pending.pop()
            if v in found or v is self.root or v.label or isinstance(v, Constant):
                continue
            meant = Expression.literal(v.data)
            if v.op is not None:
                meant = _formulas(v, [self.node(x) for x in v.operands])[0]
            found[v] = Equation(self.node(v), ((meant,),))
            if len(found) < MOST_DEFINITIONS:
                pending += v.operands
        return [found[v] for v in sorted(found, key=self.order.__getitem__)]
