"""The numbers of quantities: the engine's own, or those that follow from what a page prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from autograd_tiny.expression import Expression
from autograd_tiny.graph import all_nodes
from autograd_tiny.marking.claims import Claim, Quantity
from autograd_tiny.marking.derivations import Derivations
from autograd_tiny.value import Value, adjoints

Number = float | Value


class Follows(NamedTuple):
    """A number worked out from printed numbers.

    Attributes:
        value: the number.
        slack: how far it may be off because of the rounding of the printed numbers, by the engine's local derivatives.
        shares: what the number would gain if a printed number that it depends on, by its claim's number, were the engine's.
    """

    value: float
    slack: float
    shares: dict[int, float]

    def with_slack(self, factor: float) -> Follows:
        """The same with that much of the slack: none, if printed numbers are taken as they stand."""
        return self._replace(slack=factor * self.slack)


class Source(NamedTuple):
    """Where a printed number stands.

    Attributes:
        claim: the claim's number on the page.
        radius: how far it may be off because it was rounded.
        error: what the engine's number has more.
    """

    claim: int
    radius: float
    error: float


class Numbers:
    """Numbers for quantities, worked out from each other one step at a time; what is printed is taken as it was printed.

    With nothing printed these are the engine's own numbers.  A printed number is a Value: what is worked out from it knows
    by its derivatives how much the number's rounding matters.

    Attributes:
        printed: the printed number of each quantity, the last one where there are several.
        earlier: the printed numbers before that.
    """

    def __init__(self, derivations: Derivations) -> None:
        self.derivations = derivations
        self.printed: dict[Quantity, Value] = {}
        self.earlier: dict[Quantity, list[Value]] = {}
        self._sources: dict[Value, Source] = {}
        self._known: dict[Quantity, Number] = {}

    def take(self, claim: Claim, source: Source) -> None:
        """From now on, take a quantity as ``claim`` prints it."""
        if any(known.nodes[-1] == claim.quantity.nodes[-1] for known in self._known):
            self._known.clear()  # what was worked out may now be worked out from this
        if claim.quantity in self.printed:
            self.earlier.setdefault(claim.quantity, []).append(self.printed[claim.quantity])
        self.printed[claim.quantity] = value = Value(claim.printed.number)
        self._sources[value] = source

    def of(self, quantity: Quantity) -> Number:
        """The number of a quantity; a Value if it depends on printed ones."""
        waiting = [quantity]
        while waiting:
            last = waiting[-1]
            if last in self._known or last in self.printed:
                waiting.pop()
                continue
            step = self.derivations.step_from(last, self.printed)
            if step is None:
                self._known[last] = self.derivations.graph.nodes[last.nodes[0]].data
                continue
            quantities = [self.derivations.quantities[x] for x in all_nodes(step) if x in self.derivations.quantities]
            missing = [q for q in quantities if q not in self._known and q not in self.printed]
            if missing:
                waiting += missing
            else:
                self._known[last] = self.evaluate(step)
        return self.printed[quantity] if quantity in self.printed else self._known[quantity]

    def evaluate(self, root: Expression, instead: Mapping[Quantity, Number] | None = None) -> Number:
        """The number of a formula.

        Args:
            root: the formula.
            instead: numbers to take for some quantities instead of these.
        """
        numbers: dict[Expression, Any] = {}
        for node in all_nodes(root):
            if node.op is None:
                quantity = self.derivations.quantities.get(node)
                if quantity is None:
                    numbers[node] = node.constant_value
                else:
                    numbers[node] = instead[quantity] if instead and quantity in instead else self.of(quantity)
            else:
                operands = tuple([numbers[x] for x in node.operands])
                recorded = any(isinstance(x, Value) for x in operands)
                numbers[node] = Value.record(node.op, operands) if recorded else node.op.evaluate(operands)
        return numbers[root]  # type: ignore[no-any-return]

    def follow(self, number: Number) -> Follows:
        """What a number worked out here says, and how sure it is."""
        if not isinstance(number, Value):
            return Follows(number, 0.0, {})
        slopes = [(self._sources[leaf], slope) for leaf, slope in adjoints(number).items() if leaf in self._sources]
        slack = sum(abs(slope) * source.radius for source, slope in slopes)
        return Follows(number.data, slack, {source.claim: slope * source.error for source, slope in slopes})
