"""A page worked out by other rules: what its numbers are if one thing was done differently all over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from autograd_tiny.engine.row import MistakenRule, Primitive
from autograd_tiny.marking.derivations import Derivations, Updates, rewritten
from autograd_tiny.marking.forms.quantities import Quantity
from autograd_tiny.symbols.expression import Expression


class Change(NamedTuple):
    """What was done differently.

    Attributes:
        functions: the operations of nodes that were computed, and differentiated, as another function.
        rules: the rules by which the local derivatives of nodes were taken in place of their own.
        renamed: quantities that others were taken for.
        derivatives_only: whether they were taken for them in derivatives only.
        kept: quantities in whose own formulas nothing is renamed.
        given: other numbers of leaves.
        program: another training.
    """

    functions: Mapping[str, Primitive] = MappingProxyType({})
    rules: Mapping[str, MistakenRule] = MappingProxyType({})
    renamed: Mapping[Quantity, Quantity] = MappingProxyType({})
    derivatives_only: bool = False
    kept: frozenset[Quantity] = frozenset()
    given: Mapping[str, float] = MappingProxyType({})
    program: Updates | None = None


class Altered(Derivations):
    """The derivations of a graph with a change in them."""

    def __init__(self, base: Derivations, change: Change) -> None:
        super().__init__(base.graph, change.program or base.program)
        self.change = change

    def operation(self, name: str) -> Primitive:
        """The operation of a node, or the one that was taken for it."""
        return self.change.functions.get(name) or super().operation(name)

    def slopes(self, name: str, out: Expression, operands: Sequence[Expression]) -> Sequence[Any]:
        """The derivatives of a node by its operands, or those of the rule that was taken for its own."""
        if (rule := self.change.rules.get(name)) is None:
            return super().slopes(name, out, operands)
        return rule.derivatives(self.operation(name), out, operands, lambda: self.outputs(name, operands))

    def step(self, quantity: Quantity) -> Expression | None:
        """A quantity as a formula of others, with those that were taken for them."""
        step, change = super().step(quantity), self.change
        if step is None or quantity in change.kept or (change.derivatives_only and quantity.kind == "data"):
            return step
        renamed = {self.variable(old): self.variable(new) for old, new in change.renamed.items()}
        return rewritten(step, renamed)[step] if renamed else step
