"""Formulas as claims: whether a formula is what a quantity is, not at one point alone but wherever it is defined.

Two formulas that are tidied to the same are the same.  Others are compared at many points of the domain, around the
page's inputs and further away: formulas from the rows of the table are analytic between their kinks, so that two which
agree at a dozen points drawn at random are the same with probability 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from random import Random
from typing import NamedTuple

from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.engine.refusals import data_of
from autograd_tiny.marking.derivations import Derivations, rewritten
from autograd_tiny.marking.diagnosis.points import CLOSE, MOST_TOLD, SPREADS, Inputs, told
from autograd_tiny.marking.forms.printed import RAISED
from autograd_tiny.marking.forms.quantities import Quantity
from autograd_tiny.marking.forms.spoken import expression
from autograd_tiny.marking.judging.numbers import Number, Numbers, noise_of
from autograd_tiny.marking.marks import Formulas, Mark
from autograd_tiny.marking.slips.editor import Edit, Editor
from autograd_tiny.marking.slips.mistakes import double_edits, edits
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.symbols.latex import latex_name
from autograd_tiny.symbols.tidy import tidied
from autograd_tiny.text.numbers import short_number
from autograd_tiny.text.words import brief, counted, listed

POINTS_EACH = 10
FEWEST_POINTS = 6
"""With fewer points at which both have a number, nothing is said."""
NEARLY = 1e-9
"""Numbers that differ by a smaller share are the same.

What the engine's rounding may have moved is told apart from that.
"""


class Point(NamedTuple):
    """A point of the domain, with what both formulas give there.

    Attributes:
        given: the number of each input that is not the page's.
        numbers: works out quantities there.
        right: what the quantity is there.
        claimed: what the page's formula gives there; nan where that has no number.
    """

    given: dict[str, float]
    numbers: Numbers
    right: float
    claimed: float


class FormulaJudge:
    """Marks formulas that are claimed.

    Args:
        derivations: how quantities follow from each other.
    """

    def __init__(self, derivations: Derivations) -> None:
        self.derivations, self.graph = derivations, derivations.graph

    def mark(self, blank: Mark, formula: Quantity) -> Mark:
        """The verdict on a formula.

        Args:
            blank: the mark, without a verdict.
            formula: what the page says the quantity is equal to.
        """
        claim = _Comparison(self.derivations, blank.claim.quantity, formula)
        blank = blank._replace(formulas=Formulas(claim.right_text, claim.right_latex, claim.claimed_latex))
        if claim.is_the_same:
            return blank._replace(verdict="right", why="tidied, both are the same")
        here, points = claim.here, claim.points
        differing = [point for point in points if not claim.agree(point)]
        if not differing:
            return self._equal(blank, claim, here, points)
        shared = [point for point in (here, *claim.points_of_shares) if point is not None]
        if claim.points_of_shares and all(map(claim.agree, shared)):
            which = f"{listed(claim.shares, MOST_TOLD)} that add up to 1"
            return blank._replace(verdict="right", why=f"both are equal at {len(shared)} points with {which}")
        point = (
            here
            if here in differing
            else min(differing, key=lambda point: max(map(abs, point.given.values()), default=0.0))
        )
        there = (
            f"{told(point.given)} it gives {short_number(point.claimed)}, where {short_number(point.right)} is right"
        )
        if here is not None and here not in differing and claim.holds_around():
            return blank._replace(verdict="undecided", why=f"it holds around the page's inputs; {there}")
        if (
            edit := claim.mistake([point, *differing[:3], *points[:4]])
            or (here in differing and claim.mistake(shared))
            or None
        ):
            return blank._replace(verdict="mistake", mistake=edit.mistake, why=f"{edit.what}; {there}")
        if here is not None and here not in differing and (fixed := claim.holds_where()):
            return blank._replace(verdict="undecided", why=f"it holds as long as {fixed}; {there}")
        return blank._replace(verdict="wrong", why=there)

    def _equal(self, blank: Mark, claim: _Comparison, here: Point | None, points: Sequence[Point]) -> Mark:
        if not are_enough(points):
            few = f"both have a number at only {counted(len(points), 'point')}"
            found = few if points else "it has no number at the page's inputs and around them"
            return blank._replace(verdict="undecided", why=found)
        if here is None:
            elsewhere = f"at {len(points)} other points both are equal"
            return blank._replace(verdict="undecided", why=f"at the page's inputs it has no number; {elsewhere}")
        return blank._replace(verdict="right", why=f"both are equal at {len(points)} points")


class _Comparison:
    """A quantity and a formula that it is said to be equal to."""

    def __init__(self, derivations: Derivations, quantity: Quantity, formula: Quantity) -> None:
        self.derivations, self.graph, self.quantity = derivations, derivations.graph, quantity
        self.claimed = expression(formula, self._variable) if formula.kind == "formula" else self._variable(formula)
        self.derivation = derivations.derivation(quantity, formula.every)
        labelled = [Quantity("data", (label,)) for label in self.graph.labels]
        self.told_as = derivations.derivation(quantity, [*formula.every, *labelled]).root

    def _variable(self, part: Quantity) -> Expression:
        return Expression.literal(float(part.text)) if part.kind == "number" else self.derivations.variable(part)

    @cached_property
    def is_the_same(self) -> bool:
        """Whether nothing is left of the difference, once it is tidied."""
        if self.claimed is self.derivations.variable(self.quantity):
            return True
        left = tidied(self.derivation.root - self.claimed)
        return left.constant_value == 0.0 or str(tidied(self.derivation.root)) == str(tidied(self.claimed))

    @property
    def right_text(self) -> str:
        """The formula that the quantity is equal to, in the words of the page as far as it uses them."""
        text = re.sub(r" \*\* (\d+)", lambda match: match[1].translate(RAISED), str(tidied(self.told_as)))
        return brief(text.replace(" * ", " · "), 200)

    @property
    def right_latex(self) -> str:
        """The same as LaTeX."""
        return self._latex(tidied(self.told_as))

    @property
    def claimed_latex(self) -> str:
        """The page's formula as LaTeX."""
        return self._latex(self.claimed)

    def _latex(self, root: Expression) -> str:
        """A formula as LaTeX, derivatives as fractions."""
        parts = {
            x: q for x in all_nodes(root) if (q := self.derivations.quantities.get(x)) is not None and q.kind != "data"
        }
        places = {x: Expression(f"part{i}") for i, x in enumerate(parts)}
        latex = rewritten(root, places)[root].latex()
        for x, place in places.items():
            latex = latex.replace(latex_name(place.label), latex_of(parts[x]))
        return latex

    # Points.

    @cached_property
    def inputs(self) -> Inputs:
        """The inputs that both depend on."""
        nodes = [*all_nodes(self.derivation.root), *all_nodes(self.claimed)]
        quantities = [q for x in nodes if (q := self.derivations.quantities.get(x)) is not None]
        return Inputs(self.derivations, quantities)

    @property
    def leaves(self) -> dict[str, float]:
        """Those, with the page's numbers."""
        return self.inputs.leaves

    @cached_property
    def here(self) -> Point | None:
        """The page's inputs; None where the page's formula has no number there."""
        point = self._point({})
        return point if point is not None and math.isfinite(point.claimed) else None

    @cached_property
    def points(self) -> list[Point]:
        """Points at which both have a number, the page's inputs first."""
        return [point for point in (self.here, *self._drawn(list(self.leaves))) if point is not None]

    def _drawn(self, labels: Sequence[str], spreads: Sequence[float] = SPREADS) -> Iterator[Point]:
        """Points at which these inputs are others."""
        for given in self.inputs.drawn(labels, POINTS_EACH, spreads):
            if (point := self._point(given)) is not None and math.isfinite(point.claimed):
                yield point

    def _point(self, given: dict[str, float]) -> Point | None:
        """A point; None where the quantity has no number."""
        numbers = Numbers(self.derivations, given=given)
        with suppress(ArithmeticError, ValueError):
            right, claimed = data_of(numbers.of(self.quantity)), math.nan
            with suppress(ArithmeticError, ValueError):
                claimed = data_of(numbers.evaluate(self.claimed))
            return Point(given, numbers, right, claimed) if math.isfinite(right) else None
        return None

    def agree(self, point: Point, root: Expression | None = None) -> bool:
        """Whether the page's formula gives what the quantity is at a point, or what ``root`` is."""
        right = point.right
        if root is not None:
            try:
                right = data_of(point.numbers.evaluate(root))
            except (ArithmeticError, ValueError):
                return False
        apart = abs(right - point.claimed)
        return apart <= NEARLY * max(abs(right), abs(point.claimed)) or apart <= self._noise(point)

    def _noise(self, point: Point) -> float:
        """The most that the engine's rounding may have moved both numbers."""
        numbers = Numbers(self.derivations, given=point.given, recorded=True)
        both: list[Number] = []
        with suppress(ArithmeticError, ValueError):
            both = [numbers.of(self.quantity), numbers.evaluate(self.claimed)]
        return 4.0 * sum(map(noise_of, both))

    # What is known of a formula that differs.

    def mistake(self, points: Sequence[Point]) -> Edit | None:
        """The simplest known mistake that gives the page's formula at all of these points."""
        derivations = [self.derivation, self.derivations.derivation(self.quantity, ())]
        found: list[Edit] = []
        for derivation in derivations:
            editor = Editor(self.derivations, derivation, {})
            for tried in (edits(editor), double_edits(editor)):
                found += [edit for edit in tried if all(self.agree(point, edit.root) for point in points)]
                if found:
                    return min(found, key=lambda edit: edit.effort)
        return None

    @cached_property
    def _fixed(self) -> list[str]:
        """The inputs of which one alone makes a difference."""
        return [label for label in self.leaves if not all(map(self.agree, self._drawn([label])))]

    @cached_property
    def shares(self) -> list[str]:
        """Inputs called alike that are not negative and add up to 1 on the page, as a sample's targets: 0, 1 and 0."""
        groups: dict[str, list[str]] = {}
        for label in self.leaves:
            groups.setdefault(re.sub(r"\d+", "", label), []).append(label)
        alike = [
            group for group in groups.values() if len(group) > 1 and min(map(self.leaves.__getitem__, group)) >= 0.0
        ]
        return [
            label for group in alike if math.isclose(sum(map(self.leaves.__getitem__, group)), 1.0) for label in group
        ]

    @cached_property
    def points_of_shares(self) -> list[Point]:
        """Points at which these are others that add up to 1."""
        random, found = Random(1), []
        for point in self._drawn([label for label in self.leaves if label not in self.shares]) if self.shares else ():
            weights = {re.sub(r"\d+", "", label): 0.0 for label in self.shares}
            drawn = {label: random.random() for label in self.shares}
            for label, x in drawn.items():
                weights[re.sub(r"\d+", "", label)] += x
            moved = self._point(
                point.given | {label: x / weights[re.sub(r"\d+", "", label)] for label, x in drawn.items()}
            )
            if moved is not None and math.isfinite(moved.claimed):
                found.append(moved)
        return found if are_enough(found) else []

    def holds_around(self) -> bool:
        """Whether both are equal close to the page's inputs: the same branch of a choice there, of a relu for one."""
        points = list(self._drawn(list(self.leaves), CLOSE))
        return are_enough(points) and all(map(self.agree, points))

    def holds_where(self) -> str:
        """Which inputs have to be the page's for both to be equal, if that is enough."""
        free = [label for label in self.leaves if label not in self._fixed]
        points = list(self._drawn(free))
        if not self._fixed or not are_enough(points) or not all(map(self.agree, points)):
            return ""
        return listed([f"{label} = {short_number(self.leaves[label])}" for label in self._fixed], MOST_TOLD)


def are_enough(points: Sequence[Point]) -> bool:
    """Whether formulas that agree at these points are taken to agree wherever both have a number."""
    return len(points) >= FEWEST_POINTS


def latex_of(quantity: Quantity) -> str:
    """A quantity as LaTeX, a derivative as a fraction."""
    if quantity.kind == "derivative":
        of, by = map(latex_name, quantity.nodes)
        return rf"\frac{{\partial {of}}}{{\partial {by}}}"
    return latex_name(str(quantity))
