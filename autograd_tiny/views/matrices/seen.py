"""A computation as arrays: what pictures, steps and derivations show of each, and the rule between two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any

from autograd_tiny.arrays import shapes
from autograd_tiny.arrays.node import ArrayNode, Shape
from autograd_tiny.arrays.shapes import entry_places
from autograd_tiny.engine.graph import Node, all_nodes
from autograd_tiny.engine.value import Constant, Value
from autograd_tiny.symbols.expression import Expression, Term, term
from autograd_tiny.symbols.naming import names
from autograd_tiny.text.names import distinct
from autograd_tiny.views.equations import Equation, latex_style, text_style
from autograd_tiny.views.mathml import revealed
from autograd_tiny.views.matrices.explained import MatrixDerivatives
from autograd_tiny.views.matrices.graph import MatrixGraph, Whole, Wholes, scalars_of, shape_of
from autograd_tiny.views.matrices.written import arranged, shape_note
from autograd_tiny.views.paths import completed

MOST_SHOWN = 6
"""An array of more rows or columns is shown by its shape alone."""


class SeenArrays:
    """The arrays that a number was computed from, and scalars beside them.

    Args:
        root: the number.
        through: which arrays are seen, as for `MatrixGraph`.
        variables: what the caller's variables hold.
        wrt: what the number is differentiated by; if left out, all leaves that are no constants.
        needs_rules: refuse what has no derivative in matrix form; else none is seen.

    Attributes:
        graph: their formulas.
        derivatives: the derivatives by them.
        nodes: all of them, operands before users, the root last.

    Raises:
        ValueError: no array is seen; ``through`` lists what the number was not computed from.
        TypeError, ArithmeticError: an operation has no derivative in matrix form, or none that gives what the scalars
            give.
    """

    def __init__(
        self,
        root: Value,
        through: Wholes,
        variables: Mapping[str, Any],
        wrt: Sequence[Whole] | None = None,
        *,
        needs_rules: bool = True,
    ) -> None:
        self.graph = graph = MatrixGraph(root, [x for x in wrt or [] if isinstance(x, ArrayNode)], variables, through)
        self.nodes: list[Whole] = [x for x in graph.below if x in graph.variables]
        if not any(isinstance(x, ArrayNode) for x in self.nodes):
            raise ValueError(f"{root!r} was computed from no Array as a whole; leave out through={through!r}")
        for x in wrt or []:
            if x is root or x not in self.nodes:
                called = shapes.name(x, "an Array") if isinstance(x, ArrayNode) else repr(x)
                remedy = "give the Array that it is an entry of" if x in graph.places else "give Arrays that lead to it"
                raise ValueError(f"{root!r} was not computed from {called} as a whole; {remedy}")
        self._texts: dict[Node, Term] = {}
        self._latexes: dict[Node, Term] = {}
        leaves = [x for x in self.nodes if x not in graph.formulas and not is_constant(x)]
        try:
            self.derivatives = MatrixDerivatives(graph, leaves if wrt is None else wrt)
        except (TypeError, ArithmeticError):
            if needs_rules:
                raise
            self.derivatives = MatrixDerivatives(graph, [])

    def gathered(self) -> list[Whole]:
        """All that has a derivative, in the order in which backward has completed these; without the root."""
        inside, users = self.graph.inside, self.derivatives.users
        uses = {x: len(users.get(x, ())) for x in self.derivatives.formulas}
        return completed(self.graph.order, lambda user: [x for x in inside[user] if user in users.get(x, ())], uses)

    # Written.

    def formula(self, x: Whole) -> Equation:
        """How it is computed, with shapes."""
        written = arranged(self.graph.formulas[x], self.graph.shapes)
        note = shape_note(self.graph.formulas[x], self.graph.shapes) if shape_of(x) else None
        return Equation(self.graph.variables[x], ((written,),), note)

    def text(self, e: Expression) -> str:
        """A formula in plain text."""
        return term(e, text_style(4), self._texts).text

    def latex(self, e: Expression) -> str:
        """A formula in LaTeX."""
        return revealed(term(e, latex_style(self.graph.called, 4), self._latexes).text)

    def rule(self, x: Whole, user: Whole) -> tuple[str, str, str]:
        """What ``x`` receives from a user: what stands around the user's derivative, in text and LaTeX; and all of it.

        >>> from autograd_tiny import array
        >>> W, x = array([[1.0, 2.0]], "W"), array([3.0, 1.0], "x")
        >>> loss = (W @ x).tanh().sum()
        >>> seen = SeenArrays(loss, "all arrays", {})
        >>> [seen.rule(x.node, user)[0] for user in seen.derivatives.users[x.node]]
        ['Wᵀ ·']
        """
        derivatives = self.derivatives
        if user not in derivatives.users.get(x, ()):
            return "", "", ""
        e = derivatives.arranged(derivatives.formulas[x][0][derivatives.users[x].index(user)])
        if user is self.graph.root:
            return self.text(e), self.latex(e), self.text(e)
        g = derivatives.symbol(user)
        return around(self.text(e), self.text(g), "·"), around(self.latex(e), self.latex(g), r"\cdot"), self.text(e)

    @property
    def _entries(self) -> list[Value]:
        return [v for x in self.nodes if isinstance(x, ArrayNode) for v in x.entries]

    def scalars(self) -> list[Value]:
        """Every scalar that the arrays and the number consist of, operands before users, the number last.

        The number may depend on some entries of an array alone, as a loss on the probability of the right class.
        """
        root = self.graph.root
        found: list[Any] = all_nodes(*self._entries, root)
        return [*[x for x in found if x is not root], root]

    @cached_property
    def scalar_names(self) -> dict[Value, str]:
        """A name for every scalar: an entry of a named array is called by that and its place."""
        called: dict[Value, str] = names(*self._entries, self.graph.root)
        for x, name in self.graph.names.items():
            places = zip(scalars_of(x), entry_places(shape_of(x)))
            called |= {v: name + place for v, place in places if v is x or not isinstance(v, Constant)}
        return dict(zip(called, distinct(called.values())))

    def at(self, data: Mapping[Value, float], slopes: Mapping[Value, float]) -> SeenArrays:
        """The same with other numbers of the scalars, and other derivatives by them."""
        twin = copy(self)
        twin.graph, twin.derivatives = copy(self.graph), copy(self.derivatives)
        twin.graph.data = data
        twin.derivatives.graph, twin.derivatives.slopes = twin.graph, dict(slopes)
        return twin


def is_constant(x: Whole) -> bool:
    """Whether it consists of constants alone, as the targets of a loss."""
    return all(isinstance(v, Constant) for v in scalars_of(x))


def is_small(shape: Shape) -> bool:
    """Whether the numbers of an array of this shape can be shown."""
    return max(shape, default=1) <= MOST_SHOWN


def around(whole: str, inner: str, dot: str) -> str:
    """What stands around a part of a formula, where that is its first or its last factor; else the formula.

    >>> [around(whole, "g", "·") for whole in ("g · Wᵀ", "Xᵀ · g", "Σ rows g", "g", "g + g", "-g", "-(g ⊙ x)")]
    ['· Wᵀ', 'Xᵀ ·', 'Σ rows', '· 1', 'g + g', '· (-1)', '-(g ⊙ x)']
    """
    if whole == inner:
        return f"{dot} 1"
    if whole.count(inner) != 1:
        return whole
    rest = whole.replace(inner, "")
    if whole.endswith(" " + inner) and " + " not in rest and " - " not in rest:
        return rest.strip()
    if rest.startswith(" ") and not rest.startswith((" + ", " - ")):
        return rest.strip()
    return f"{dot} (-1)" if whole == "-" + inner else whole
