"""Formulas as claims: whether a formula is what a quantity is, not at one point alone but wherever it is defined.

Two formulas that are tidied to the same are the same.  Others are compared at many points of the domain, around the
page's inputs and further away: formulas from the rows of the table are analytic between their kinks, so that two which
agree at a dozen points drawn at random are the same with probability 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property

from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.engine.refusals import data_of
from autograd_tiny.marking.derivations import Derivations, rewritten
from autograd_tiny.marking.diagnosis.points import MOST_TOLD, Comparison, Inputs, Point, add_up_to_1, told
from autograd_tiny.marking.forms.printed import RAISED
from autograd_tiny.marking.forms.quantities import Quantity, latex_of
from autograd_tiny.marking.forms.spoken import expression
from autograd_tiny.marking.judging.numbers import Number, Numbers, noise_of
from autograd_tiny.marking.marks import Formulas, Mark
from autograd_tiny.marking.slips.editor import Edit, Editor
from autograd_tiny.marking.slips.mistakes import double_edits, edits
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.symbols.latex import latex_name
from autograd_tiny.symbols.tidy import tidied
from autograd_tiny.text.numbers import short_number
from autograd_tiny.text.words import brief, listed

POINTS_EACH = 10
FEWEST_POINTS = 6
"""With fewer points at which both have a number, nothing is said."""
NEARLY = 1e-9
"""Numbers that differ by a smaller share are the same.

What the engine's rounding may have moved is told apart from that.
"""


def formula_marked(blank: Mark, formula: Quantity, derivations: Derivations) -> Mark:
    """The verdict on a formula that is claimed.

    Args:
        blank: the mark, without a verdict.
        formula: what the page says the quantity is equal to.
        derivations: how quantities follow from each other.
    """
    claim = _Comparison(derivations, blank.claim.quantity, formula)
    blank = blank._replace(formulas=Formulas(claim.right_text, claim.right_latex, claim.claimed_latex))
    if claim.is_the_same:
        return blank._replace(verdict="right", why="tidied, both are the same")
    if (equal := claim.equal(blank)) is not None:
        return equal
    here, differing = claim.here, claim.differing
    point = (
        here
        if here in differing
        else min(differing, key=lambda point: max(map(abs, point.given.values()), default=0.0))
    )
    there = f"{told(point.given)} it gives {short_number(point.claimed)}, where {short_number(point.right)} is right"
    holds_here = here is not None and here not in differing
    if holds_here and claim.holds_around():
        return blank._replace(verdict="undecided", why=f"it holds around the page's inputs; {there}")
    edit = claim.mistake([point, *differing[:3], *claim.points[:4]])
    if edit is None and here in differing:
        edit = claim.mistake(claim.shared)
    if edit is not None:
        return blank._replace(verdict="mistake", mistake=edit.mistake, why=f"{edit.what}; {there}")
    if holds_here and (fixed := claim.holds_where()):
        return blank._replace(verdict="undecided", why=f"it holds as long as {fixed}; {there}")
    return blank._replace(verdict="wrong", why=there)


class _Comparison(Comparison):
    """A quantity and a formula, both of one number."""

    each, fewest = POINTS_EACH, FEWEST_POINTS

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
        """A formula as LaTeX, derivatives as fractions; a path is a product, which may need brackets."""
        of, step = self.derivations.quantities.get, self.derivations.step
        paths = {x: q for x in all_nodes(root) if (q := of(x)) is not None and q.kind == "path"}
        root = rewritten(root, {x: product for x, q in paths.items() if (product := step(q)) is not None})[root]
        parts = {x: q for x in all_nodes(root) if (q := of(x)) is not None and q.kind != "data"}
        places = {x: Expression(f"part{i}") for i, x in enumerate(parts)}
        latex = rewritten(root, places)[root].latex()
        for x, place in places.items():
            latex = latex.replace(latex_name(place.label), latex_of(parts[x]))
        return latex

    # Points.

    @cached_property
    def inputs(self) -> Inputs:  # type: ignore[override]
        """The inputs that both depend on."""
        nodes = [*all_nodes(self.derivation.root), *all_nodes(self.claimed)]
        quantities = [q for x in nodes if (q := self.derivations.quantities.get(x)) is not None]
        return Inputs(self.derivations, quantities)

    def point(self, given: dict[str, float]) -> Point | None:
        """The point with these inputs; None where a side has no number."""
        numbers = Numbers(self.derivations, given=given)
        with suppress(ArithmeticError, ValueError):
            right, claimed = data_of(numbers.of(self.quantity)), data_of(numbers.evaluate(self.claimed))
            if math.isfinite(right) and math.isfinite(claimed):
                return Point(given, numbers, right, claimed)
        return None

    def agree(self, point: Point, root: Expression | None = None) -> bool:
        """Whether the page's formula gives what the quantity is at a point, or what ``root`` is."""
        right = point.right
        if root is not None:
            try:
                right = data_of(point.numbers.evaluate(root))
            except (ArithmeticError, ValueError):
                return False
        apart: float = abs(right - point.claimed)
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
    def lines(self) -> list[list[str]]:  # type: ignore[override]
        """Inputs called alike that are not negative and add up to 1 on the page, as a sample's targets: 0, 1 and 0."""
        leaves, groups = self.inputs.leaves, dict[str, list[str]]()
        for label in leaves:
            groups.setdefault(re.sub(r"\d+", "", label), []).append(label)
        return [group for group in groups.values() if len(group) > 1 and add_up_to_1([leaves[x] for x in group])]

    @property
    def shares(self) -> str:  # type: ignore[override]
        """What these are called."""
        return listed([label for line in self.lines for label in line], MOST_TOLD)

    def holds_where(self) -> str:
        """Which inputs have to be the page's for both to be equal, if that is enough."""
        leaves = self.inputs.leaves
        fixed = self.fixed({label: [label] for label in leaves})
        return listed([f"{label} = {short_number(leaves[label])}" for label in fixed], MOST_TOLD) if fixed else ""
