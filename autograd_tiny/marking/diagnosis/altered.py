"""A page worked out by other rules: what its numbers are if one thing was done differently all over it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from autograd_tiny.engine.graph import topological_order
from autograd_tiny.engine.row import MistakenRule, Primitive
from autograd_tiny.marking.derivations import Derivations, Updates, changed
from autograd_tiny.marking.forms.quantities import Quantity
from autograd_tiny.marking.judging.numbers import Numbers
from autograd_tiny.symbols.expression import Expression


class Change(NamedTuple):
    """What was done differently.

    Attributes:
        functions: the operations of nodes that were computed, and differentiated, as another function.
        rules: the rules by which the local derivatives of nodes were taken in place of their own.
        formulas: other formulas of quantities, which leave derivatives as they are.
        renamed: quantities that others were taken for.
        derivatives_only: whether they were taken for them in derivatives only.
        kept: quantities in whose own formulas nothing is renamed.
        given: other numbers of leaves.
        program: another training, of the same updates.
    """

    functions: Mapping[str, Primitive] = MappingProxyType({})
    rules: Mapping[str, MistakenRule] = MappingProxyType({})
    formulas: Mapping[Quantity, Expression] = MappingProxyType({})
    renamed: Mapping[Quantity, Quantity] = MappingProxyType({})
    derivatives_only: bool = False
    kept: frozenset[Quantity] = frozenset()
    given: Mapping[str, float] = MappingProxyType({})
    program: Updates | None = None


class Altered(Derivations):
    """The derivations of a graph with a change in them; what the change does not reach, are those of the graph."""

    def __init__(self, base: Derivations, change: Change) -> None:
        super().__init__(base.graph, change.program or base.program)
        self.base, self.change = base, change
        self.share_variables(base)
        self._nodes = {*change.functions, *change.rules}
        self._operands = {x for name in self._nodes for x in base.graph.operands(name)}
        self._renamed = {self.variable(old): self.variable(new) for old, new in change.renamed.items()}
        self._rewritten: dict[Quantity, Expression | None] = {}

    def differs(self, quantity: Quantity) -> bool:
        """Whether the formula of a quantity may be another one by other formulas, functions, rules or training."""
        if quantity in self.change.formulas:
            return True
        if quantity.kind == "derivative":
            return quantity.nodes[0] in self._nodes or quantity.nodes[1] in self._operands
        if quantity.kind not in ("data", "change"):
            return False
        is_update = self.change.program is not None and quantity.nodes[0] in self.change.program.updates
        return is_update or quantity.nodes[0] in self.change.functions

    def numbers(self, base: Numbers, *, recorded: bool = True) -> Numbers:
        """Numbers with the change in them; what it does not reach is taken over as far as it is worked out.

        Args:
            base: the same numbers without the change.
            recorded: whether numbers know their derivatives by the printed ones.
        """
        return base.by(self, self.change.given, self.change.renamed, self.differs, recorded=recorded)

    def operation(self, name: str) -> Primitive:
        """The operation of a node, or the one that was taken for it."""
        return self.change.functions.get(name) or super().operation(name)

    def slopes(self, name: str, mistaken: MistakenRule | None = None) -> list[Expression]:
        """The derivatives of a node by its operands, by the rule that was taken for its own."""
        return super().slopes(name, mistaken or self.change.rules.get(name))

    def local_derivative(self, user: str, operand: str) -> Expression:
        """The derivative of a node by one of its operands, by the rule that was taken for its own."""
        return (
            super().local_derivative(user, operand)
            if user in self._nodes
            else self.base.local_derivative(user, operand)
        )

    def step(self, quantity: Quantity) -> Expression | None:
        """A quantity as a formula of others, with those that were taken for them."""
        if quantity not in self._rewritten:
            step = self.change.formulas.get(quantity)
            if step is None:
                step = super().step(quantity) if self.differs(quantity) else self.base.step(quantity)
            is_kept = quantity in self.change.kept or (self.change.derivatives_only and quantity.kind == "data")
            if step is not None and self._renamed and not is_kept:
                step = changed(topological_order(step), self._renamed).get(step, step)
            self._rewritten[quantity] = step
        return self._rewritten[quantity]
