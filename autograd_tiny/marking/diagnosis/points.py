"""Formulas compared at points of the domain: at the page's inputs, and at others drawn around them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from random import Random
from typing import Any, NamedTuple

from autograd_tiny.marking.derivations import Derivations
from autograd_tiny.marking.forms.quantities import Quantity
from autograd_tiny.marking.judging.numbers import Numbers
from autograd_tiny.marking.marks import Mark
from autograd_tiny.text.numbers import short_number
from autograd_tiny.text.words import counted, listed

SPREADS = (0.1, 0.4, 1.5)
"""How far points lie from the page's inputs, as a share of each, and of a half where it is smaller."""
CLOSE = (1e-4,)
"""The same for points at which formulas are on the same branch of a choice as at the page's inputs."""
MOST_TOLD = 6


class Inputs:
    """The inputs that formulas depend on.

    Args:
        derivations: how quantities follow from each other.
        quantities: those in the formulas.

    Attributes:
        leaves: the page's number of each input.
    """

    def __init__(self, derivations: Derivations, quantities: Iterable[Quantity]) -> None:
        self.derivations, self.graph = derivations, derivations.graph
        names = list(dict.fromkeys(name for quantity in quantities for name in quantity.names))
        given = {label: node for label, node in self.graph.labels.items() if node.op is None and self._is_given(label)}
        self.leaves = {
            label: node.data for label, node in given.items() if any(self._depends(name, label) for name in names)
        }

    def _is_given(self, label: str) -> bool:
        return self.derivations.step(Quantity("data", (label,))) is None and "(" not in label

    def _depends(self, name: str, leaf: str) -> bool:
        program = self.derivations.program
        return (
            name not in self.graph.nodes
            or (program is not None and name in program.updates)
            or self.graph.depends(name, leaf)
        )

    def drawn(self, labels: Sequence[str], each: int, spreads: Sequence[float] = SPREADS) -> Iterator[dict[str, float]]:
        """Points at which these inputs are others, so many for each spread; the same whenever they are asked for."""
        random = Random(0)
        for spread in spreads if labels else ():
            digits = max(1, 1 - math.floor(math.log10(spread)))  # no more than it takes, so that a point can be told
            for _ in range(each):
                yield {
                    x: float(f"{random.gauss(self.leaves[x], spread * max(abs(self.leaves[x]), 0.5)):.{digits}e}")
                    for x in labels
                }


class Point(NamedTuple):
    """A point of the domain, with what both sides give there.

    Attributes:
        given: the number of each input that is not the page's.
        numbers: works out quantities there.
        right: what the quantity is: a number, or an array as it was worked out.
        claimed: what the page's formula gives; None for arrays that do not fit.
    """

    given: dict[str, float]
    numbers: Numbers
    right: Any
    claimed: Any


class Comparison(ABC):
    """A quantity and a formula that it is said to be equal to.

    Attributes:
        each: how many points are drawn for each spread.
        fewest: how many have to agree, for both to be taken to agree wherever they have a number.
        inputs: those that both sides depend on.
        lines: labels of inputs that are not negative and add up to 1 on the page, line by line.
        shares: what these are called.
    """

    each: int
    fewest: int
    inputs: Inputs
    lines: Sequence[Sequence[str]]
    shares: str

    @abstractmethod
    def point(self, given: dict[str, float]) -> Point | None:
        """The point with these inputs; None where a side has no number."""

    @abstractmethod
    def agree(self, point: Point) -> bool:
        """Whether both sides are equal at a point."""

    @cached_property
    def here(self) -> Point | None:
        """The page's inputs."""
        return self.point({})

    @cached_property
    def points(self) -> list[Point]:
        """Points at which both have a number, the page's inputs first."""
        here = [self.here] if self.here is not None else []
        return [*here, *self.drawn(list(self.inputs.leaves))]

    @cached_property
    def differing(self) -> list[Point]:
        """Those at which both differ."""
        return [point for point in self.points if not self.agree(point)]

    def equal(self, blank: Mark) -> Mark | None:
        """The mark where both are equal at all points, or wherever shares add up to 1; None where they are not."""
        if self.differing:
            if not self.points_of_shares or not all(map(self.agree, self.shared)):
                return None
            where = f"at {len(self.shared)} points where {self.shares} add up to 1"
            return blank._replace(verdict="right", why=f"both are equal {where}")
        count = len(self.points)
        if count < self.fewest:
            few = f"both have a number at only {counted(count, 'point')}"
            return blank._replace(
                verdict="undecided", why=few if count else "it has no number at the page's inputs and around them"
            )
        if self.here is None:
            elsewhere = f"at {count} other points both are equal"
            return blank._replace(verdict="undecided", why=f"at the page's inputs it has no number; {elsewhere}")
        return blank._replace(verdict="right", why=f"both are equal at {count} points")

    def drawn(self, labels: Sequence[str], spreads: Sequence[float] = SPREADS) -> Iterator[Point]:
        """Points at which these inputs are others."""
        for given in self.inputs.drawn(labels, self.each, spreads):
            if (point := self.point(given)) is not None:
                yield point

    @property
    def shared(self) -> list[Point]:
        """The page's inputs, and points at which shares are others."""
        return [point for point in (self.here, *self.points_of_shares) if point is not None]

    @cached_property
    def points_of_shares(self) -> list[Point]:
        """Points at which inputs that add up to 1 are others that do."""
        random, found = Random(1), []
        fixed = {label for line in self.lines for label in line}
        for point in self.drawn([label for label in self.inputs.leaves if label not in fixed]) if fixed else ():
            given = dict(point.given)
            for line in self.lines:
                drawn = [random.random() for _ in line]
                given |= {label: x / sum(drawn) for label, x in zip(line, drawn)}
            if (moved := self.point(given)) is not None:
                found.append(moved)
        return found if len(found) >= self.fewest else []

    def holds_around(self) -> bool:
        """Whether both are equal close to the page's inputs: the same branch of a choice there, of a relu for one."""
        return self._hold(list(self.drawn(list(self.inputs.leaves), CLOSE)))

    def fixed(self, groups: Mapping[str, Sequence[str]]) -> list[str]:
        """The groups of inputs that have to be the page's for both to be equal; none if that is not enough."""
        fixed = [name for name, labels in groups.items() if not all(map(self.agree, self.drawn(labels)))]
        free = [label for name, labels in groups.items() if name not in fixed for label in labels]
        return fixed if self._hold(list(self.drawn(free))) else []

    def _hold(self, points: Sequence[Point]) -> bool:
        return len(points) >= self.fewest and all(map(self.agree, points))


def add_up_to_1(numbers: Sequence[float]) -> bool:
    """Whether these may be shares of a whole, of which none is negative."""
    return min(numbers) >= 0.0 and math.isclose(sum(numbers), 1.0)


def told(given: Mapping[str, float]) -> str:
    """Where a point is."""
    if not given:
        return "at the page's inputs"
    return f"at {listed([f'{name} = {short_number(x)}' for name, x in given.items()], MOST_TOLD)}"
