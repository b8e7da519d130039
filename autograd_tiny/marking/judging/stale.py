"""Stale numbers: claims that are wrong each for itself, but fit together if one number had another value.

So it looks when a page was edited after its numbers were computed.  One claim alone fits some value always; two or more
that fit the same value, or values that add up as they must, are evidence.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import product
from typing import NamedTuple

from autograd_tiny.engine.graph import adjoints
from autograd_tiny.engine.refusals import data_of
from autograd_tiny.engine.value import Value
from autograd_tiny.marking.derivations import Derivation, NamedGraph, rewritten
from autograd_tiny.marking.forms.printed import Printed
from autograd_tiny.marking.forms.quantities import Quantity
from autograd_tiny.marking.judging.numbers import Numbers
from autograd_tiny.symbols.expression import Expression

MOST_BY_CHANCE = 0.05
"""How likely claims may at most agree by chance, for that to be called a story: the usual level of significance."""


MOST_TRIED = 1000
"""Of more combinations some fit by chance, and looking at them takes long."""


class Implied(NamedTuple):
    """What one operand must have been, for a formula to give the printed number.

    Attributes:
        claim: the claim's number.
        quantity: the operand.
        low, high: between which values it must have been; neither is one of them, as cutting digits off never gives the
            one.
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
        return next((k for k in range(17) if self.low < round(0.5 * (self.low + self.high), k) < self.high), 17)


class Story(NamedTuple):
    """Values that explain several claims at once."""

    implied: tuple[Implied, ...]
    sums_to: float | None = None


def stories(claims: Mapping[int, tuple[Printed, Derivation]], numbers: Numbers) -> list[Story]:
    """What explains several of these claims at once."""
    implied = [
        x for claim, (printed, derivation) in claims.items() for x in _implied(claim, printed, derivation, numbers)
    ]
    return told_once([*sums(implied, numbers.derivations.graph), *agreements(implied)])


def told_once(found: Iterable[Story]) -> list[Story]:
    """The stories without those about a claim that an earlier one tells of."""
    kept: list[Story] = []
    for story in found:
        if {x.claim for x in story.implied}.isdisjoint(x.claim for before in kept for x in before.implied):
            kept.append(story)
    return kept


def _implied(claim: int, printed: Printed, derivation: Derivation, numbers: Numbers) -> Iterator[Implied]:
    derivations = numbers.derivations
    for part, quantity in derivation.parts.items():
        if derivations.is_labelled(quantity) and part is not derivation.root:
            root = rewritten(derivation.root, {part: derivations.variable(quantity)})[derivation.root]
            for sign in (1.0, -1.0):
                with suppress(ArithmeticError, ValueError):
                    x, slope = solved(root, quantity, sign * printed.number, numbers)
                    outward = sign * math.copysign(printed.unit, printed.number) / slope
                    # What is printed as 0.12 was rounded from 0.115 on, or cut off from below 0.13.
                    ends = [x - 0.5 * outward, x + outward]
                    yield Implied(claim, quantity, min(ends), max(ends), sign)


def solved(root: Expression, quantity: Quantity, target: float, numbers: Numbers) -> tuple[float, float]:
    """The value of a quantity at which a formula gives ``target``, and the formula's derivative there: Newton's method.

    Raises:
        ArithmeticError, ValueError: none is found, or the formula does not depend on the quantity.
    """
    x = data_of(numbers.of(quantity))
    for _ in range(60):  # where it converges, it does so in fewer than ten; nothing that bounces about ever will
        variable = Value(x)
        y = numbers.evaluate(root, {quantity: variable}, by_all=False)
        slope = adjoints(y).get(variable, 0.0) if isinstance(y, Value) else 0.0
        # Finer than what is printed, not finer than the engine's noise.
        if abs(data_of(y) - target) <= 1e-12 * abs(target):
            return x, slope
        x -= (data_of(y) - target) / slope
    raise ValueError(f"no value of {quantity} gives {target}")


def agreements(implied: Sequence[Implied]) -> list[Story]:
    """Claims that imply the same value of a quantity: stories of most claims first, then those without a wrong sign."""
    found: list[Story] = []
    operands: dict[int, set[Quantity]] = {}
    for x in implied:
        operands.setdefault(x.claim, set()).add(x.quantity)
    for quantity in dict.fromkeys(x.quantity for x in implied):
        about = sorted((x for x in implied if x.quantity == quantity), key=lambda x: x.high - x.low)
        for first in about:
            fitting = {first.claim: first}
            by_chance = 1.0
            for other in about:
                if other.claim not in fitting and all(
                    other.low < x.high and x.low < other.high for x in fitting.values()
                ):
                    fitting[other.claim] = other
                    # Two intervals overlap where their middles are nearer than half the sum of their widths to either
                    # side: for a middle anywhere along a stretch as long as the value itself, with the chance widths /
                    # value.  There are as many tries as operands that the two formulas share, each with two signs.
                    tries = 2.0 * len(operands[first.claim] & operands[other.claim])
                    widths = other.high - other.low + first.high - first.low
                    by_chance *= tries * widths / abs(0.5 * (first.low + first.high))
            if by_chance < MOST_BY_CHANCE:
                low, high = max(x.low for x in fitting.values()), min(x.high for x in fitting.values())
                found.append(Story(tuple(x._replace(low=low, high=high) for x in sorted(fitting.values()))))
    return sorted(found, key=lambda story: (-len(story.implied), story.implied[0].sign < 0.0))


def sums(implied: Sequence[Implied], graph: NamedGraph) -> Iterator[Story]:
    """Claims that imply values of all outputs of one operation, which add up as they must."""
    by_name: dict[str, list[Implied]] = {}
    for x in implied:
        if x.quantity.kind == "data":
            by_name.setdefault(x.quantity.nodes[0], []).append(x)
    for names in dict.fromkeys(tuple(graph.outputs_beside(name).values()) for name in by_name):
        node = graph.nodes[names[0]] if names else None
        if node is None or node.op.family.sums_to is None or len(names) < node.op.family.count(node.operands):
            continue
        sums_to: float = node.op.family.sums_to
        choices = [by_name.get(name, []) for name in names]
        tries = math.prod(map(len, choices))
        for chosen in product(*choices) if tries <= MOST_TRIED else ():
            low, high = sum(x.low for x in chosen), sum(x.high for x in chosen)
            # The page may have gone on with outputs rounded to the places that show here; these need not add up
            # exactly.
            rounding = sum(0.5 * 10.0**-x.places for x in chosen)
            rounding = 0.0 if low <= sums_to <= high else rounding
            # The sum is within so narrow an interval, somewhere along a stretch as long as the values together, once
            # per choice.
            is_evidence = tries * (high - low + 2.0 * rounding) < MOST_BY_CHANCE * sum(abs(x.value) for x in chosen)
            fits = low - rounding <= sums_to <= high + rounding and len({x.claim for x in chosen}) == len(chosen)
            if is_evidence and fits:
                yield Story(chosen, sums_to)
