"""Formulas of whole arrays as claims: do their shapes fit, and do they give what an array is, wherever defined."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from itertools import chain
from math import prod
from typing import Any, NamedTuple

from autograd_tiny.arrays import Array
from autograd_tiny.arrays.node import ArrayNode, Shape
from autograd_tiny.arrays.shapes import ShapeError, entry_places, written
from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.engine.refusals import data_of
from autograd_tiny.engine.value import Value
from autograd_tiny.marking.derivations import Derivations, rewritten
from autograd_tiny.marking.diagnosis.points import MOST_TOLD, Comparison, Inputs, Point, add_up_to_1, told
from autograd_tiny.marking.diagnosis.trees import (
    DIGITS,
    Change,
    Other,
    Tree,
    Worked,
    behind,
    changes,
    in_latex,
    in_order,
    read,
    text_of,
    worked_out,
)
from autograd_tiny.marking.diagnosis.trees import told as told_in_latex
from autograd_tiny.marking.entries import repeated
from autograd_tiny.marking.forms.arrays import of_whole, whole
from autograd_tiny.marking.forms.quantities import Quantity
from autograd_tiny.marking.forms.spoken import placed
from autograd_tiny.marking.judging.backward import times_off
from autograd_tiny.marking.judging.numbers import Numbers, noise_of
from autograd_tiny.marking.marks import Formulas, Mark
from autograd_tiny.marking.training.times import timed
from autograd_tiny.symbols.expression import Expression, term
from autograd_tiny.symbols.tidy import tidied
from autograd_tiny.text.numbers import short_number
from autograd_tiny.text.words import listed
from autograd_tiny.views.equations import Equation, text_style
from autograd_tiny.views.matrices.evaluated import Numbers as Sizes
from autograd_tiny.views.matrices.evaluated import evaluate
from autograd_tiny.views.matrices.graph import Whole
from autograd_tiny.views.matrices.seen import SeenArrays
from autograd_tiny.views.matrices.written import arranged, derivative

POINTS_EACH = 4
"""Every point compares all entries: a dozen of them tell two formulas apart."""
FEWEST_POINTS = 3
NEARLY = 1e-9
"""Numbers that differ by a smaller share of the largest of their array are the same.

What rounding may have moved is told apart.
"""
MOST_NUMBERS = 5000
"""Of larger arrays no other arrays are tried in the place of one: it would take minutes."""


class ArrayFormulaJudge:
    """Marks formulas of whole arrays that are claimed.

    Args:
        derivations: how quantities follow from each other.
    """

    def __init__(self, derivations: Derivations) -> None:
        self.derivations, self.graph = derivations, derivations.graph
        self._seen: dict[str, SeenArrays | None] = {}

    def mark(self, blank: Mark, formula: Quantity) -> Mark:
        """The verdict on a formula.

        Args:
            blank: the mark, without a verdict.
            formula: what the page says the quantity is equal to.
        """
        claim = _Comparison(self, blank.claim.quantity, formula)
        right, misfit = claim.right_shape, claim.misfit
        text, latex = self._right(blank.claim.quantity, right)
        blank = blank._replace(formulas=Formulas(text, latex, claim.claimed_latex))
        if misfit:
            change = claim.change(claim.points[:3])
            name, what = (change.mistake, f"; {change.what}") if change else ("shape", claim.remedy)
            return blank._replace(verdict="mistake", mistake=name, why=misfit + what)
        if (equal := claim.equal(blank)) is not None:
            return equal
        here, points, differing = claim.here, claim.points, claim.differing
        point = here if here in differing else differing[0]
        there = claim.difference(point)
        if here is not None and here not in differing:
            if claim.holds_around():
                return blank._replace(verdict="undecided", why=f"it holds around the page's inputs; {there}")
            if fixed := claim.holds_where():
                return blank._replace(verdict="undecided", why=f"it holds as long as {fixed}; {there}")
        change = claim.factor(points) or claim.change([point, *differing[:2], *points[:2]])
        change = change or claim.factor(claim.shared)
        if change is not None:
            return blank._replace(verdict="mistake", mistake=change.mistake, why=f"{change.what}; {there}")
        return blank._replace(verdict="wrong", why=there)

    # The right formula.

    def seen(self, of: str) -> SeenArrays | None:
        """What a node was computed from, in matrix form; None where it was made of no whole arrays."""
        if of not in self._seen:
            self._seen[of] = None
            with suppress(ValueError, TypeError, ArithmeticError):
                self._seen[of] = SeenArrays(self.graph.nodes[of], None, {}, needs_rules=False)
        return self._seen[of]

    def _right(self, quantity: Quantity, shape: Shape) -> tuple[str, str]:
        """The formula of a quantity, as text and LaTeX with its shapes; if there is none in matrix form, its shape."""
        if (equation := self._equation(quantity)) is None:
            e = self._entry_by_entry(quantity) if quantity.kind == "whole" else None
            text, latex = (
                ("an array", r"\text{an array}") if e is None else (term(e, text_style(DIGITS), {}).text, in_latex(e))
            )
            return f"{text}, ({written(shape)})", latex + behind(f"({written(shape)})")
        seen, (terms, note) = equation[0], (equation[1].rights[-1], equation[1].note)
        text = " + ".join(map(seen.text, terms)) + (f", {seen.text(note).strip()}" if note is not None else "")
        return text, " + ".join(map(seen.latex, terms)) + (seen.latex(note) if note is not None else "")

    def _equation(self, quantity: Quantity) -> tuple[SeenArrays, Equation] | None:
        first = quantity.parts[0] if quantity.kind == "whole" else quantity
        if first.kind not in ("data", "derivative"):
            return None
        is_data = first.kind == "data"
        seen = self.seen(self.graph.root if is_data else first.nodes[0])
        entries = [self.graph.nodes.get(part.nodes[-1]) for part in quantity.parts or [quantity]]
        wholes: Sequence[Whole] = seen.nodes if seen else ()
        x = next((x for x in wholes if (list(x.entries) if isinstance(x, ArrayNode) else [x]) == entries), None)
        if seen is None or x is None:
            return None
        if is_data:
            return (seen, seen.formula(x)) if x in seen.graph.formulas else None
        return (seen, seen.derivatives.equation(x)) if x in seen.derivatives.formulas else None

    def _entry_by_entry(self, quantity: Quantity) -> Expression | None:
        """The formula of an array whose entries all follow alike from entries of other arrays, as after an update."""
        firsts = {next(iter(entries.values())): name for name, entries in self.graph.arrays.items()}
        others = {label for entries in self.graph.arrays.values() for label in entries.values()}.difference(firsts)
        if (step := self.derivations.step(quantity.parts[0])) is None:
            return None
        symbols, values, numbers = dict[Expression, Expression](), dict[Expression, Sizes](), Numbers(self.derivations)
        for x in all_nodes(step):
            if (q := self.derivations.quantities.get(x)) is not None:
                names = [
                    str(timed(name)._replace(base=firsts.get(timed(name).base, timed(name).base))) for name in q.nodes
                ]
                whole_of = of_whole(names, self.graph.arrays)
                if q.kind not in ("data", "derivative") or any(timed(name).base in others for name in q.nodes):
                    return None
                symbols[x] = e = _symbol(whole_of or q)
                entries = whole_of.parts if whole_of else (q,)
                values[e] = Sizes(whole_of.shape if whole_of else (), [data_of(numbers.of(part)) for part in entries])
        e = tidied(rewritten(step, symbols)[step])
        found, right = evaluate(e, values), [data_of(numbers.of(part)) for part in quantity.parts]
        holds = found.shape == quantity.shape and all(
            map(partial(math.isclose, rel_tol=NEARLY, abs_tol=1e-300), found.flat, right)
        )
        return arranged(e, {x: numbers.shape for x, numbers in values.items()}) if holds else None

    # Arrays that a page may have meant.

    @cached_property
    def arrays(self) -> dict[str, Quantity]:
        """The arrays of the graph as quantities."""
        wholes = {}
        for name in self.graph.arrays:
            with suppress(ValueError):
                wholes[name] = of_whole([name], self.graph.arrays)
        return {name: quantity for name, quantity in wholes.items() if quantity is not None}

    def others(self, of: str) -> list[Quantity]:
        """Arrays, and the derivatives of a node by them."""
        slopes = [
            _derivative(of, quantity)
            for quantity in self.arrays.values()
            if self.graph.depends(of, quantity.parts[0].nodes[0])
        ]
        return [*self.arrays.values(), *slopes]

    @cached_property
    def factors(self) -> list[Quantity]:
        """The derivatives of arrays by those that they are functions of, entry by entry."""
        found = []
        for a in self.arrays.values():
            for z in self.arrays.values():
                pairs = (
                    [(x.nodes[0], y.nodes[0]) for x, y in zip(a.parts, z.parts)]
                    if a.shape == z.shape and a is not z
                    else []
                )
                if pairs and all({x for x in self.graph.operands(of) if x is not None} == {by} for of, by in pairs):
                    slopes = tuple([Quantity("derivative", pair) for pair in pairs])
                    found.append(whole((*a.nodes, *z.nodes), slopes, a.shape))
        return found


def _derivative(of: str, by: Quantity) -> Quantity:
    return whole((of, *by.nodes), [Quantity("derivative", (of, part.nodes[0])) for part in by.parts], by.shape)


class _Side:
    """One side of the equals sign: a formula of quantities, as a tree."""

    def __init__(self, quantity: Quantity) -> None:
        is_formula = quantity.kind == "formula"
        self.parts = quantity.parts if is_formula else (quantity,)
        self.tree: Tree = read(placed(quantity) if is_formula else "q0_")
        self.symbols = {f"q{i}_": _symbol(part) for i, part in enumerate(self.parts)}

    def things(self, numbers: Numbers) -> dict[str, Any]:
        """What stands at each place, on numbers."""
        return {f"q{i}_": thing(part, numbers) for i, part in enumerate(self.parts)}

    def at(self, numbers: Numbers) -> Worked:
        """What it gives."""
        return worked_out(self.tree, self.things(numbers))


def thing(part: Quantity, numbers: Numbers) -> Any:
    """A quantity on numbers: an Array, a Value, a decimal number."""
    if part.kind == "number":
        return float(part.text)
    if part.kind != "whole":
        return Value(data_of(numbers.of(part)))
    return Array(ArrayNode(part.shape, [Value(data_of(numbers.of(x))) for x in part.parts], label=str(part)))


def _symbol(part: Quantity) -> Expression:
    if part.kind == "number":
        return Expression.literal(float(part.text))
    first = part.parts[0] if part.kind == "whole" else part
    if first.kind == "derivative":
        return Expression.record(derivative, tuple(map(Expression, part.nodes)))  # type: ignore[arg-type]
    return Expression(str(part))


class _Comparison(Comparison):
    """A quantity and a formula, of which one is of arrays."""

    each, fewest = POINTS_EACH, FEWEST_POINTS

    def __init__(self, judge: ArrayFormulaJudge, quantity: Quantity, formula: Quantity) -> None:
        self.judge, self.derivations, self.graph = judge, judge.derivations, judge.graph
        self.quantity, self.right, self.claimed = quantity, _Side(quantity), _Side(formula)
        self.sizes: dict[Tree, Shape] = {}
        self.misfit = self.remedy = ""
        numbers = Numbers(self.derivations)
        self.right_shape = self.right.at(numbers).shape
        try:
            found = worked_out(self.claimed.tree, self.claimed.things(numbers), self.sizes, self._called)
        except (ShapeError, TypeError, LookupError) as error:
            self.misfit = str(error.args[0] if error.args else error)
        except (ValueError, ArithmeticError):
            pass  # no number there; what fits does so everywhere
        else:
            self.misfit = self._other_shape(found)
            self.remedy = "; its transpose would fit" if found.shape and found.shape[::-1] == self.right_shape else ""

    def _called(self, part: Tree) -> str:
        """What a part is called: its formula, in brackets if it is more than one sign."""
        text = self._text(part)
        return text if part.step.kind in ("load", "number", "transpose") else f"({text})"

    def _text(self, part: Tree) -> str:
        return text_of(part, self.sizes, self.claimed.symbols)

    def _other_shape(self, found: Worked) -> str:
        """That a formula gives another shape than what it is about has; a row or a column may stand for a vector."""
        shape, right = found.shape, self.right_shape
        are_vectors = len(shape) != len(right) and max(shape, default=1) == prod(shape) == max(
            right, default=1
        ) == prod(right)
        if shape == right or are_vectors:
            return ""
        sizes = [written(x) if x else "one number" for x in (shape, right)]
        also = repeated(found.result if isinstance(found.result, Array) else None)
        return f"it is {sizes[0]}, where {self.quantity} is {sizes[1]}{also}"

    @property
    def claimed_latex(self) -> str:
        """The page's formula as LaTeX, with its shapes."""
        return told_in_latex(self.claimed.tree, self.sizes, self.claimed.symbols)

    # Points.

    @cached_property
    def inputs(self) -> Inputs:  # type: ignore[override]
        """The inputs that both sides depend on."""
        return Inputs(
            self.derivations, [part for part in (*self.right.parts, *self.claimed.parts) if part.kind != "number"]
        )

    def point(self, given: dict[str, float]) -> Point | None:
        """The point with these inputs; None where a side has no number."""
        numbers = Numbers(self.derivations, given=given)
        with suppress(ArithmeticError, ValueError):
            right, claimed = self.right.at(numbers), None if self.misfit else self.claimed.at(numbers)
            if all(map(math.isfinite, chain(right.flat, claimed.flat if claimed else ()))):
                return Point(given, numbers, right, claimed)
        return None

    def agree(self, point: Point, found: Worked | None = None) -> bool:
        """Whether the page's formula gives what the quantity is at a point, or what ``found`` is."""
        claimed = found or point.claimed
        if len(claimed.flat) != len(point.right.flat):
            return False
        largest = max(map(abs, chain(point.right.flat, claimed.flat)))
        apart: list[float] = [abs(x - y) for x, y in zip(point.right.flat, claimed.flat)]
        return max(apart) <= NEARLY * largest or max(apart) <= self._noise(point, claimed, apart.index(max(apart)))

    def _noise(self, point: Point, claimed: Worked, entry: int) -> float:
        """The most that rounding may have moved one entry of both sides."""
        recorded = Numbers(self.derivations, given=point.given, recorded=True)
        part = self.right.parts[0]
        known = (
            noise_of(recorded.of(part.parts[entry] if part.kind == "whole" else part))
            if len(self.right.parts) == 1
            else 0.0
        )
        result = claimed.result.node.entries[entry] if isinstance(claimed.result, Array) else claimed.result
        return 4.0 * (known + noise_of(result))

    def difference(self, point: Point) -> str:
        """By how much both differ at a point, in the entry where that is most."""
        apart = [abs(x - y) for x, y in zip(point.right.flat, point.claimed.flat)]
        entry = apart.index(max(apart))
        right, claimed = short_number(point.right.flat[entry]), short_number(point.claimed.flat[entry])
        place = entry_places(point.right.shape)[entry]
        return f"{told(point.given)} it gives {claimed}{' at ' + place if place else ''}, where {right} is right"

    # What is known of a formula that differs.

    def factor(self, points: Sequence[Point]) -> Change | None:
        """That the formula is off by one factor everywhere: a sign, the number of samples, an input."""
        factors = [self._factor_at(point) for point in points]
        known = [(x, point) for x, point in zip(factors, points) if x is not None]
        if len(known) < FEWEST_POINTS or 0.0 in factors:  # at a single point, any two numbers are off by a factor
            return None
        first = known[0][0]
        if all(math.isclose(x, first, rel_tol=NEARLY) for x, _ in known):
            sign, text = first < 0.0, "" if math.isclose(abs(first), 1.0, rel_tol=NEARLY) else self._times(abs(first))
        else:
            sign, text = self._input_as_factor(known)
        names = ["sign"] * sign + ["factor"] * bool(text)
        what = "; ".join(["the sign is wrong"] * sign + [text] * bool(text))
        return Change(self.claimed.tree, ", ".join(names), what) if names else None

    def _factor_at(self, point: Point) -> float | None:
        """By which factor the formula is off at a point; 0 if by none, None where all is 0."""
        largest = max(range(len(point.right.flat)), key=lambda i: abs(point.right.flat[i]))
        if not point.right.flat[largest]:
            return None
        factor: float = point.claimed.flat[largest] / point.right.flat[largest]
        scaled = point.claimed._replace(flat=[x / factor for x in point.claimed.flat]) if factor else point.claimed
        return factor if factor and self.agree(point, scaled) else 0.0

    def _times(self, size: float) -> str:
        samples = round(max(size, 1.0 / size))
        is_a_size = any(samples in quantity.shape for quantity in self.judge.arrays.values())
        return f"it is {times_off(size, samples if is_a_size else 0)}"

    def _input_as_factor(self, known: Sequence[tuple[float, Point]]) -> tuple[bool, str]:
        """Whether the sign is wrong, and which input is the factor, or one over it; nothing if none is."""
        for label, x in self.inputs.leaves.items():
            for word, is_over in (("large", False), ("small", True)):
                for sign in (1.0, -1.0):
                    inputs = [sign * point.given.get(label, x) for _, point in known]
                    shares = [
                        factor * y if is_over else factor / y if y else 0.0 for (factor, _), y in zip(known, inputs)
                    ]
                    if all(math.isclose(share, 1.0, rel_tol=NEARLY) for share in shares):
                        return sign < 0.0, f"it is {label} times too {word}"
        return False, ""

    def change(self, points: Sequence[Point]) -> Change | None:
        """The commonest slip without which the formula would be right at these points; there is at least one."""
        slopes = [x for part in self.right.parts for x in part.every if x.kind == "derivative"]
        others = self.judge.others(slopes[0].nodes[0] if slopes else self.graph.root)
        meant = {part: f"q{i}_" for i, part in enumerate(self.claimed.parts) if part.kind == "whole"}
        for part in (*others, *self.judge.factors):
            if prod(part.shape) <= MOST_NUMBERS:
                meant.setdefault(part, f"other{len(meant)}_")
        named = {part: Other(place, part.shape, str(part)) for part, place in meant.items()}
        arrays, factors = [[named[part] for part in kind if part in named] for kind in (others, self.judge.factors)]
        by_place = {place: part for part, place in meant.items()}
        there = [_There(point, self.claimed.things(point.numbers), by_place) for point in points]
        every = changes(self.claimed.tree, self.sizes, arrays, factors, self._text)
        return (
            next((change for change in every if all(self._gives(change.tree, x) for x in there)), None)
            if points
            else None
        )

    def _gives(self, tree: Tree, there: _There) -> bool:
        """Whether another formula gives what the quantity is."""
        with suppress(ValueError, TypeError, LookupError, ArithmeticError):
            found = worked_out(tree, there.things_for(tree))
            return not self._other_shape(found) and self.agree(there.point, found)
        return False

    @cached_property
    def lines(self) -> list[list[str]]:  # type: ignore[override]
        """The labels of each row or column whose numbers are shares."""
        return [line for _, _, lines in self._shares for line in lines]

    @property
    def shares(self) -> str:  # type: ignore[override]
        """What these are called."""
        return "the " + " and ".join([f"{kind} of {name}" for name, kind, _ in self._shares])

    @cached_property
    def _shares(self) -> list[tuple[str, str, list[list[str]]]]:
        """Arrays among the inputs whose rows or columns are not negative and add up to 1, as the targets of samples.

        Each with the labels of its rows or columns.
        """
        leaves, found = self.inputs.leaves, []
        for name, quantity in self.judge.arrays.items():
            labels = [part.nodes[0] for part in quantity.parts]
            if not all(label in leaves for label in labels):
                continue
            width = quantity.shape[-1]
            rows = [labels[i : i + width] for i in range(0, len(labels), width)]
            for kind, lines in (
                ("rows" if len(rows) > 1 else "entries", rows),
                ("columns", [list(column) for column in zip(*rows)]),
            ):
                if len(lines[0]) > 1 and all(add_up_to_1([leaves[label] for label in line]) for line in lines):
                    found.append((name, kind, lines))
                    break
        return found

    def holds_where(self) -> str:
        """Which inputs have to be the page's for both to be equal, if that is enough."""
        groups: dict[str, list[str]] = {}
        for label in self.inputs.leaves:
            groups.setdefault(label.partition("[")[0], []).append(label)
        fixed = self.fixed(groups)
        are, them = ("is", "it") if len(fixed) == 1 else ("are", "them")
        return f"{listed(fixed, MOST_TOLD)} {are} as the page has {them}" if fixed else ""


class _There(NamedTuple):
    """What stands at each place at one point; arrays that are tried are worked out when they are."""

    point: Point
    things: dict[str, Any]
    parts: Mapping[str, Quantity]

    def things_for(self, tree: Tree) -> dict[str, Any]:
        """Those that a formula loads, at least."""
        for x in in_order(tree):
            if x.step.kind == "load" and x.step.name in self.parts and x.step.name not in self.things:
                self.things[x.step.name] = thing(self.parts[x.step.name], self.point.numbers)
        return self.things
