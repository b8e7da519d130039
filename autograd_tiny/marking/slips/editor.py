"""Formulas with a mistake, and what it takes to make one in a derivation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from autograd_tiny.engine.graph import topological_order
from autograd_tiny.engine.table import add, sub
from autograd_tiny.marking.derivations import Derivation, Derivations, added, changed, in_full
from autograd_tiny.marking.forms.printed import Printed
from autograd_tiny.marking.forms.quantities import Quantity
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.text.words import brief


class Edit(NamedTuple):
    """A formula with a mistake in it.

    Attributes:
        mistake: its name, as in `MISTAKES`.
        root: the formula with the mistake.
        what: the mistake as a sentence, without its full stop.
        effort: how far-fetched it is; of two mistakes that fit, the one with less effort is the likelier.
        without: the formula without the part that the mistake changes: where that fits as well, the mistake cannot be
            seen.
        tries: of how many formulas alike this is the one that fits.
    """

    mistake: str
    root: Expression
    what: str
    effort: float
    without: Expression | None = None
    tries: float = 1.0


class Editor:
    """A derivation and its parts, for mistakes to be made in it.

    Args:
        derivations: how quantities follow from each other.
        derivation: how the one quantity should have been computed.
        known: the quantities printed so far.
    """

    def __init__(self, derivations: Derivations, derivation: Derivation, known: Mapping[Quantity, object]) -> None:
        self.derivations, self.graph = derivations, derivations.graph
        self.quantity, self.root, parts = derivation
        self.known = known
        self.parts = {self.root: self.quantity} | parts

    def numbers_from_elsewhere(self, printed: Iterable[Printed]) -> Iterator[Edit]:
        """The formula with another printed number in the place of one of its quantities."""
        numbers = list({x.number: x for x in printed if math.isfinite(x.number)}.values())
        for part, quantity in self.parts.items():
            if part is not self.root and part.op is None:
                for x in numbers:
                    what = f"{x.text}, a number printed before, is taken for {self.told(quantity)}"
                    yield Edit("another number", self.with_(part, Expression.constant(x.number)), what, 3.3)

    def deeper(self) -> Editor:
        """The same quantity as a formula of what its known operands were computed from."""
        known = self.known.keys() - set(self.parts.values())
        return Editor(self.derivations, self.derivations.derivation(self.quantity, known), self.known)

    def with_(self, old: Expression, new: Expression) -> Expression:
        """The formula with one node replaced."""
        return changed(self._order, {old: new}).get(self.root, self.root)

    @cached_property
    def _order(self) -> list[Expression]:
        return topological_order(self.root)

    def with_use(self, user: Expression, place: int, new: Expression) -> Expression:
        """The formula with one operand of one node replaced."""
        operands = (*user.operands[:place], new, *user.operands[place + 1 :])
        return self.with_(user, Expression.record(user.op, operands))

    def with_one_left_out(self, whole: Expression, terms: Sequence[Expression]) -> Iterator[tuple[Expression, str]]:
        """The formula without each term of a sum in turn, and the term."""
        for i, term in enumerate(terms):
            yield self.with_(whole, added([*terms[:i], *terms[i + 1 :]])), self.shown(term)

    def told(self, quantity: Quantity) -> str:
        """A quantity as the page could call it: what has no label is told by its formula."""
        return self.derivations.told(quantity)

    def shown(self, part: Expression) -> str:
        """A part of the formula in terms of quantities, cut short if it is long."""
        if part in self.parts:
            return brief(self.told(self.parts[part]))
        return brief(in_full(changed(topological_order(part), self._named).get(part, part)))

    @cached_property
    def _named(self) -> dict[Expression, Expression]:
        return {node: Expression(self.told(quantity)) for node, quantity in self.parts.items() if node is not self.root}

    @cached_property
    def local_derivatives(self) -> list[tuple[Expression, str, str]]:
        """Parts that are the derivative of a node by its own operand: the part, the node, the operand."""
        pairs = [(part, q.nodes[0], q.nodes[1]) for part, q in self.parts.items() if q.kind == "derivative"]
        return [(part, of, by) for part, of, by in pairs if self.graph.only_directly(of, by)]

    @cached_property
    def sums(self) -> list[tuple[Expression, list[Expression]]]:
        """Sums of two or more terms, each with its sign: the node and the terms."""
        nodes = topological_order(self.root)
        inner = {x for node in nodes if node.op in (add, sub) for x in node.operands if not self._has_a_name(x)}
        return [(node, self._terms(node)) for node in nodes if node.op in (add, sub) and node not in inner]

    def _has_a_name(self, part: Expression) -> bool:
        """Whether a part of the formula is a quantity that the page can speak of."""
        return part in self.parts and self.derivations.is_labelled(self.parts[part])

    def _terms(self, whole: Expression) -> list[Expression]:
        terms: list[Expression] = []
        waiting = [(whole, False)]
        while waiting:
            node, negative = waiting.pop()
            if node.op in (add, sub) and (node is whole or not self._has_a_name(node)):
                x, y = node.operands
                waiting += [(y, negative != (node.op is sub)), (x, negative)]
            else:
                terms.append(-node if negative else node)
        return terms

    @cached_property
    def chain_rule_sums(self) -> list[tuple[Expression, list[Expression]]]:
        """The sums over paths."""
        return [(node, terms) for node, terms in self.sums if node in self.parts and self._sums_paths(self.parts[node])]

    def _sums_paths(self, quantity: Quantity) -> bool:
        if quantity.kind != "derivative":
            return False
        of, by = quantity.nodes
        return not (self.graph.only_directly(of, by) and self.graph.operands(of).count(by) == 1)

    @property
    def step(self) -> Expression | None:
        """What an update subtracts from the parameter."""
        return self.root.operands[1] if self.derivations.is_update(self.quantity) and self.root.op is sub else None
