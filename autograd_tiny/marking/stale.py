"""Stale numbers: claims that are wrong each for itself, but fit together if one number had another value.

So it looks when a page was edited after its numbers were computed.  One claim alone fits some value always; two or more that
fit the same value, or values that add up as they must, are evidence.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import product
from typing import NamedTuple

from autograd_tiny.engine.refusals import data_of
from autograd_tiny.engine.value import Value, adjoints
from autograd_tiny.marking.claims import Printed, Quantity
from autograd_tiny.marking.derivations import Derivation, rewritten
from autograd_tiny.marking.numbers import Numbers
from autograd_tiny.symbols.expression import Expression

MOST_BY_CHANCE = 0.05
"""How likely claims may at most agree by chance, for that to be called a story: the usual level of significance."""


class Implied(NamedTuple):
    """What one operand must have been, for a formula to give the printed number.

    Attributes:
        claim: the claim's number.
        quantity: the operand.
        low, high: between which values it must have been; neither is one of them, as cutting digits off never gives the one.
        sign: -1.0 if the number fits only with the opposite sign.
    """

    claim: int
    quantity: Quantity
    low: float
    high: float
    sign: float

    @property
    def value(self) -> float:
        """The decimal number with the fewest places between low and high."""
        return round(0.5 * (self.low + self.high), self.places)

    @property
    def places(self) -> int:
        """How many decimal places that number has."""
        return next(k for k in range(18) if k == 17 or self.low < round(0.5 * (self.low + self.high), k) < self.high)


class Story(NamedTuple):
    """Values that explain several claims at once."""

    implied: tuple[Implied, ...]
    sums_to: float | None = None


def stories(claims: Mapping[int, tuple[Printed, Derivation]], numbers: Numbers) -> list[Story]:
    """What explains several of these claims at once, every claim in the first story that does."""
    implied = [x for claim, (printed, derivation) in claims.items() for x in _implied(claim, printed, derivation, numbers)]
    found: list[Story] = []
    told: set[int] = set()
    for story in [*_sums(implied, numbers), *sorted(_agreements(implied), key=lambda s: (-len(s.implied), s.implied[0].sign < 0.0))]:
        if told.isdisjoint(x.claim for x in story.implied):
            found.append(story)
            told.update(x.claim for x in story.implied)
    return found


def _implied(claim: int, printed: Printed, derivation: Derivation, numbers: Numbers) -> Iterator[Implied]:
    derivations = numbers.derivations
    for part, quantity in derivation.parts.items():
        if derivations.graph.labels.keys() >= set(quantity.nodes) and part is not derivation.root:
            root = rewritten(derivation.root, {part: derivations.variable(quantity)})[derivation.root]
            for sign in (1.0, -1.0):
                with suppress(ArithmeticError, ValueError):
                    x, slope = _solved(root, quantity, sign * printed.number, numbers)
                    outward = sign * math.copysign(printed.unit, printed.number) / slope
                    # What is printed as 0.12 was rounded from 0.115 on, or cut off from below 0.13.
                    ends = [x - 0.5 * outward, x + outward]
                    yield Implied(claim, quantity, min(ends), max(ends), sign)


def _solved(root: Expression, quantity: Quantity, target: float, numbers: Numbers) -> tuple[float, float]:
    """The value of one quantity with which a formula gives ``target``, and the formula's derivative there: Newton's method."""
    x = data_of(numbers.of(quantity))
    for _ in range(60):  # where it converges, it does so in fewer than ten; and nothing that bounces about ever will
        variable = Value(x)
        y = numbers.evaluate(root, {quantity: variable})
        slope = adjoints(y).get(variable, 0.0) if isinstance(y, Value) else 0.0
        if slope == 0.0 or not isinstance(y, Value):
            break
        if abs(y.data - target) <= 1e-12 * abs(target):  # finer than the 17 digits that could be printed are worth, not below noise
            return x, slope
        x -= (y.data - target) / slope
    raise ValueError(f"no value of {quantity} gives {target}")


def _agreements(implied: Sequence[Implied]) -> Iterator[Story]:
    """Claims that imply the same value of the same quantity."""
    operands: dict[int, set[Quantity]] = {}
    for x in implied:
        operands.setdefault(x.claim, set()).add(x.quantity)
    for quantity in dict.fromkeys(x.quantity for x in implied):
        about = sorted((x for x in implied if x.quantity == quantity), key=lambda x: x.high - x.low)
        for first in about:
            fitting = {first.claim: first}
            by_chance = 1.0
            for other in about:
                if other.claim not in fitting and all(other.low < x.high and x.low < other.high for x in fitting.values()):
                    fitting[other.claim] = other
                    # Two intervals overlap where their middles are nearer than half the sum of their widths to either side: for a
                    # middle anywhere along a stretch as long as the value itself, with the chance widths / value.  There are
                    # as many tries as operands that the two formulas share, each with two signs.
                    tries = 2.0 * len(operands[first.claim] & operands[other.claim])
                    widths = other.high - other.low + first.high - first.low
                    by_chance *= tries * widths / abs(0.5 * (first.low + first.high))
            if len(fitting) > 1 and by_chance < MOST_BY_CHANCE:
                low, high = max(x.low for x in fitting.values()), min(x.high for x in fitting.values())
                yield Story(tuple(x._replace(low=low, high=high) for x in sorted(fitting.values())))


def _sums(implied: Sequence[Implied], numbers: Numbers) -> Iterator[Story]:
    """Claims that imply values of all outputs of one operation, which add up as they must."""
    graph = numbers.derivations.graph
    data = [x for x in implied if x.quantity.kind == "data"]
    for name in dict.fromkeys(x.quantity.nodes[0] for x in data):
        outputs = graph.outputs_beside(name)
        sums_to = graph.nodes[name].op.family.sums_to if outputs else None
        if sums_to is None or outputs.get(0) != name or len(outputs) < len(graph.nodes[name].operands):
            continue
        choices = [[x for x in data if x.quantity.nodes[0] == output] for output in outputs.values()]
        for chosen in product(*choices) if math.prod(map(len, choices)) <= 1000 else ():
            # Each value may be off by half its interval, and by the rounding to the places that are told.
            slack = sum(0.5 * (x.high - x.low) + 0.5 * 10.0**-x.places for x in chosen)
            # The sum is within the slack of what it must be, to either side, in a stretch as long as that; once per choice.
            by_chance = math.prod(map(len, choices)) * 2.0 * slack / abs(sums_to)
            one_each = len({x.claim for x in chosen}) == len(chosen)
            if one_each and abs(sum(x.value for x in chosen) - sums_to) <= slack and by_chance < MOST_BY_CHANCE:
                yield Story(chosen, sums_to)

