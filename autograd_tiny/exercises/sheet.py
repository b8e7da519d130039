"""An exercise as formulas of its inputs: right answers, what follows from other answers, what each known mistake gives.

All formulas are one list of operations, in which what is equal stands once.  Numbers are put in afterwards: those of a
variant here, those of a learner's answers on a page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import NamedTuple

from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.engine.row import Primitive
from autograd_tiny.marking.derivations import Derivation, Derivations
from autograd_tiny.marking.forms.quantities import Quantity, derivative
from autograd_tiny.marking.judging.numbers import Numbers
from autograd_tiny.marking.slips.editor import Edit, Editor
from autograd_tiny.marking.slips.mistakes import (
    are_all_paths,
    double_edits,
    edits,
    over_printed_labels,
    over_printed_paths,
)
from autograd_tiny.symbols.expression import Expression


class Operation(NamedTuple):
    """A row of the table applied to formulas, by their numbers."""

    row: Primitive
    operands: tuple[int, ...]


class Slip(NamedTuple):
    """A known mistake in the formula of an answer.

    Attributes:
        mistake, what, effort: as of `Edit`.
        root: the formula with the mistake.
        without: the formula without the part that the mistake changes; None if there is no such part.
    """

    mistake: str
    what: str
    effort: float
    root: int
    without: int | None


class Way(NamedTuple):
    """How a quantity follows from others.

    Attributes:
        step: its formula; None for what is given.
        inner: for a derivative, those of the operands of the node that is differentiated.
        from_output: the chain rule from that end, where there are such operands.
    """

    step: int | None
    inner: tuple[Quantity, ...] = ()
    from_output: int | None = None


class Question(NamedTuple):
    """A number that is asked for, or told.

    Attributes:
        quantity: what it is.
        root: its formula from what is asked for before it.
        parts: parts of that formula that stand for quantities that are computed: the part, and the quantity.
        slips: the known mistakes, each alone; two at once; in what it was computed from.
        others: other formulas for it, each with what is asked for before it that only this one uses: of a derivative
            the sum over its paths, if they are all asked for, and the chain rule from labelled node to labelled node.
    """

    quantity: Quantity
    root: int
    parts: tuple[tuple[int, Quantity], ...]
    slips: tuple[tuple[Slip, ...], tuple[Slip, ...], tuple[Slip, ...]]
    others: tuple[tuple[int, tuple[Quantity, ...]], ...] = ()


Formula = float | Quantity | Operation


class Sheet:
    """The formulas of an exercise.

    Args:
        derivations: how its quantities follow from each other.
        asked: what it asks for, in order; what is told comes first.

    Attributes:
        formulas: numbers, quantities, and operations on formulas before them.
        questions: one for each quantity in ``asked``.
        ways: how each quantity in the formulas follows from others.
    """

    def __init__(self, derivations: Derivations, asked: Sequence[Quantity]) -> None:
        self._derivations, self._asked = derivations, tuple(asked)
        self.formulas: list[Formula] = []
        self._numbers: dict[object, int] = {}
        self._known: dict[Expression, int] = {}
        self.questions = [self._question(place, quantity) for place, quantity in enumerate(asked)]
        self.ways = self._find_ways()

    def _question(self, place: int, quantity: Quantity) -> Question:
        known = dict.fromkeys(self._asked[:place])
        derivation = self._derivations.derivation(quantity, known)
        editor = Editor(self._derivations, derivation, known)
        slips = tuple(
            tuple(self._slips(found)) for found in (edits(editor), double_edits(editor), edits(editor.deeper()))
        )
        root, parts = self._with_parts(derivation)
        others = tuple((self._number(formula), tuple(used)) for formula, used in self._others(derivation, known))
        return Question(quantity, root, parts, slips, others)  # type: ignore[arg-type]

    def _others(
        self, derivation: Derivation, known: Mapping[Quantity, object]
    ) -> Iterator[tuple[Expression, list[Quantity]]]:
        quantity = derivation.quantity
        over_paths = over_printed_paths(self._derivations, quantity, known)
        if over_paths is not None and are_all_paths(Numbers(self._derivations), quantity, over_paths[0]):
            yield over_paths
        over_labels = over_printed_labels(self._derivations, derivation, known)
        if over_labels is not None:
            yield over_labels

    def _slips(self, tried: Iterable[Edit]) -> Iterable[Slip]:
        for edit in tried:
            without = None if edit.without is None else self._number(edit.without)
            yield Slip(edit.mistake, edit.what, edit.effort, self._number(edit.root), without)

    def _with_parts(self, derivation: Derivation) -> tuple[int, tuple[tuple[int, Quantity], ...]]:
        """A formula, each of its operations by itself, so that one part may be rounded and an equal one not."""
        numbers: dict[Expression, int] = {}
        for node in all_nodes(derivation.root):
            if node.op is None:
                numbers[node] = self._leaf(node)
            else:
                numbers[node] = len(self.formulas)
                self.formulas.append(Operation(node.op, tuple([numbers[x] for x in node.operands])))
        parts = [
            (numbers[part], quantity)
            for part, quantity in derivation.parts.items()
            if part is not derivation.root and self._derivations.step(quantity) is not None
        ]
        return numbers[derivation.root], tuple(parts)

    def _number(self, root: Expression) -> int:
        """The number of a formula, put in if it is new."""
        known = self._known
        for node in [root] if root in known else all_nodes(root):
            if node not in known and node.op is None:
                known[node] = self._leaf(node)
            elif node not in known:
                known[node] = self._put(Operation(node.op, tuple([known[x] for x in node.operands])))
        return known[root]

    def _leaf(self, node: Expression) -> int:
        quantity = self._derivations.quantities.get(node)
        if quantity is not None:
            return self._put(quantity)
        if node.constant_value is None:
            raise ValueError(f"the variable {node.label} stands for no quantity")
        return self._put(node.constant_value)

    def _put(self, formula: Formula) -> int:
        """The number of a quantity, an operation or a number, put in if it is new."""
        key = formula.hex() if isinstance(formula, float) else formula  # 0.0 and -0.0 are two numbers
        number = self._numbers.setdefault(key, len(self.formulas))
        if number == len(self.formulas):
            self.formulas.append(formula)
        return number

    def _find_ways(self) -> dict[Quantity, Way]:
        """How every quantity in the formulas follows from others, and these from others, down to what is given."""
        for question in self.questions:
            for quantity in (question.quantity, *[x for _, x in question.parts]):
                self._put(quantity)
        ways: dict[Quantity, Way] = {}
        for formula in self.formulas:  # which become more on the way
            if isinstance(formula, Quantity):
                ways[formula] = self._way(formula)
        return ways

    def _way(self, quantity: Quantity) -> Way:
        step = self._derivations.step(quantity)
        if step is None:
            return Way(None)
        if quantity.kind == "derivative":
            of, by = quantity.nodes
            if inner := self._derivations.operands_towards(of, by):
                from_output = self._number(self._derivations.from_the_output(of, by))
                return Way(self._number(step), tuple(derivative(x, by) for x in inner), from_output)
        return Way(self._number(step))

    def number_of(self, quantity: Quantity) -> int:
        """The number of the formula that is a quantity itself."""
        return self._numbers[quantity]

    @cached_property
    def _order(self) -> list[tuple[int, Formula]]:
        """All formulas, each after those that it needs; of a quantity, that by which it follows."""
        needed: list[tuple[int, ...]] = []
        for formula in self.formulas:
            step = self.ways[formula].step if isinstance(formula, Quantity) else None
            needed.append(formula.operands if isinstance(formula, Operation) else () if step is None else (step,))
        order = operands_first(range(len(self.formulas)), needed.__getitem__)
        return [(number, self.formulas[number]) for number in order]

    def evaluated(self, given: Mapping[str, float]) -> list[float]:
        """The number of every formula where nothing is answered; nan where there is none.

        Args:
            given: numbers for what is given, by name.
        """
        found = [math.nan] * len(self.formulas)
        for number, formula in self._order:
            if isinstance(formula, float):
                found[number] = formula
            elif isinstance(formula, Quantity):
                step = self.ways[formula].step
                found[number] = given[formula.nodes[0]] if step is None else found[step]
            else:
                with suppress(ArithmeticError, ValueError):
                    found[number] = formula.row.evaluate(tuple([found[x] for x in formula.operands]))
        return found


def operands_first(numbers: Iterable[int], needed: Callable[[int], Iterable[int]]) -> list[int]:
    """Numbers in an order in which each comes after those that it needs."""
    found: dict[int, None] = {}
    for start in numbers:
        waiting = [start]
        while waiting:
            number = waiting[-1]
            if more := [x for x in needed(number) if x not in found] if number not in found else []:
                waiting += more
            else:
                found[waiting.pop()] = None
    return list(found)
