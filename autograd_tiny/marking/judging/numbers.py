"""The numbers of quantities: the engine's own, or those that follow from what a page prints."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple, cast

from autograd_tiny.engine.graph import adjoints, all_nodes, mapped, operands_first
from autograd_tiny.engine.refusals import data_of
from autograd_tiny.engine.row import Primitive
from autograd_tiny.engine.value import Value
from autograd_tiny.marking.derivations import Derivations
from autograd_tiny.marking.forms.printed import Printed
from autograd_tiny.marking.forms.quantities import Quantity, data
from autograd_tiny.marking.marks import FAITHFUL, Mark
from autograd_tiny.symbols.expression import Expression

Number = float | Value


STEPS = 8.0
"""So many numbers of its format a number may be off, whatever it is."""


def noise_of(number: Number) -> float:
    """The most that rounding errors may move a number, to first order: each step by a few units in the last place.

    As J. H. Wilkinson, Rounding Errors in Algebraic Processes (1963): by each step's own error times the derivative by
    it.  Numbers nearly as large that are subtracted lose digits, which the size of the result does not show.
    """
    # As in `claims`, and by 2 ulp for each step on the way: nearly all rows are within that.
    own = STEPS * math.ulp(data_of(number))
    if not isinstance(number, Value):
        return own
    moved = math.fsum(2.0 * abs(slope) * math.ulp(node.data) for node, slope in adjoints(number).items())
    return max(own, moved) if math.isfinite(moved) else own


class Rounding(NamedTuple):
    """How numbers are rounded before they are gone on with.

    Attributes:
        shorter: what becomes of a number.
        every_operation: whether that is so after each operation, and not only for whole quantities.
        inputs: whether it is so for what is given, too, as in a floating-point format.
    """

    shorter: Callable[[float], float]
    every_operation: bool = True
    inputs: bool = True


class Follows:
    """A number worked out from printed numbers; how sure it is, is worked out when it is needed.

    Args:
        value: the number.
        number: gives it once more, as a Value if it depends on printed ones.
        sources: where those stand.
        of_page: whether it follows from what is printed alone, and nothing was put in for that.
    """

    def __init__(
        self, value: float, number: Callable[[], Number], sources: Sources, *, of_page: bool = True
    ) -> None:
        self.value, self._number, self._sources, self.of_page = value, number, sources, of_page

    @cached_property
    def _recorded(self) -> Number | None:
        """The number with its derivatives; None where there are none."""
        with suppress(ArithmeticError, ValueError):
            return self._number()
        return None

    @cached_property
    def _slopes(self) -> list[tuple[Source, float]]:
        return self._sources.slopes(self._recorded) if isinstance(self._recorded, Value) else []

    @cached_property
    def has_slopes(self) -> bool:
        """Whether it is known how much printed numbers matter, which no derivative tells at the root of a 0."""
        return self._recorded is not None

    @cached_property
    def slack(self) -> float:
        """How far the rounding of the printed ones may put the number off, by the engine's local derivatives."""
        return sum(abs(slope) * source.radius for source, slope in self._slopes)

    def wrong_ones(self, least: float) -> list[Mark]:
        """The printed numbers that enter, are wrong, and make a difference of more than ``least``.

        What the number would gain, were one of them the engine's, the local derivatives tell, but where it is flat: a
        relu below 0 has none of the slope above, and a product with 0 hides what the other factor is.  There it is
        worked out anew, with one of them right and with all.
        """
        wrong = [(source, slope) for source, slope in self._slopes if source.mark.verdict not in FAITHFUL]
        found = [source for source, slope in wrong if abs(slope * source.error) > least]
        flat = [source for source, _ in wrong if source not in found]
        for righted in [*([source] for source in flat), flat if not found else []]:
            if righted and self._changed_by(righted) > least:
                found += righted
        return [source.mark for source in dict.fromkeys(found)]

    def _changed_by(self, righted: Sequence[Source]) -> float:
        """How far the number moves with the engine's numbers for some printed ones; it is far where there is none."""
        if isinstance(self._recorded, Value):
            with suppress(ArithmeticError, ValueError):
                return abs(self._sources.number_with(self._recorded, righted) - self.value)
        return math.inf


class Source:
    """A printed number and what is known of it.

    Args:
        mark: the claim, marked.
        radius: how far the number that was gone on with may be from the printed one; worked out when it is needed.
    """

    def __init__(self, mark: Mark, radius: Callable[[Mark], float]) -> None:
        self.mark, self._radius = mark, radius

    @cached_property
    def radius(self) -> float:
        """How far the number that was gone on with may be from the printed one."""
        return self._radius(self.mark)

    @property
    def error(self) -> float:
        """What the engine's number has more."""
        return self.mark.value - self.mark.claim.printed.number


class Sources(dict[Value, Source]):
    """Printed numbers as Values, and where each stands; what a number depends on.

    Attributes:
        worked_out: the numbers of whole quantities that were worked out from these.
    """

    def __init__(self) -> None:
        super().__init__()
        self.worked_out: set[Value] = set()
        self._gradients: dict[Value, dict[Value, float]] = {}

    def number_with(self, number: Value, righted: Collection[Source]) -> float:
        """A number, worked out anew from the engine's numbers for some of the printed ones."""

        def worked_out(node: Value, operands: tuple[float, ...]) -> float:
            source = self.get(node)
            if source is not None and source in righted:
                return source.mark.value
            return node.data if node.op is None else _result(node.op, operands)

        return mapped([number], worked_out)[number]

    def slopes(self, number: Value) -> list[tuple[Source, float]]:
        """The printed numbers that a number depends on, and its derivatives by them.

        A formula is short, and its quantities are in many formulas: what each of them depends on is worked out once.
        """
        if number in self:
            return [(self[number], 1.0)]
        waiting = [number]
        while waiting:
            last = waiting[-1]
            near = {} if last in self._gradients else self._nearest(last)
            if missing := [x for x in near if x not in self and x not in self._gradients]:
                waiting += missing
                continue
            if last not in self._gradients:
                found: dict[Value, float] = {}
                for x, slope in near.items():
                    for leaf, further in ((x, 1.0),) if x in self else self._gradients[x].items():
                        found[leaf] = found.get(leaf, 0.0) + slope * further
                self._gradients[last] = found
            waiting.pop()
        found = self._gradients[number] if number in self.worked_out else self._gradients.pop(number)
        return [(self[leaf], slope) for leaf, slope in found.items()]

    def _nearest(self, number: Value) -> dict[Value, float]:
        """What a number was computed from directly, printed numbers or whole quantities, and derivatives by them."""
        order: dict[Value, None] = {}
        for node in operands_first([number], lambda x: x in order or (x in self.worked_out and x is not number)):
            order[node] = None
        slopes = {number: 1.0}
        for user in reversed(order):
            for operand, slope in zip(user.operands, user.local_derivatives):
                slopes[operand] = slopes.get(operand, 0.0) + slope * slopes[user]
        return {x: slope for x, slope in slopes.items() if x in self or (x in self.worked_out and x is not number)}


class Numbers:
    """Numbers for quantities, worked out from each other one step at a time; what is printed is taken as printed.

    With nothing printed these are the engine's own numbers.  A printed number is a Value: what is worked out from it
    knows by its derivatives how much the number's rounding matters.

    Args:
        derivations: how quantities follow from each other.
        recorded: whether every number is a Value, so that it knows by its derivatives how much rounding errors matter.
        rounding: how numbers are rounded before they are gone on with; they are not if not given.
        given: other numbers of inputs and weights than those of the graph, by their labels.

    Attributes:
        printed: the printed number of each quantity, the last one where there are several that differ.
        earlier: the printed numbers before that, without those that are only a shorter form of it.
        changed: of numbers by other rules, those that these reach, unless they are printed.
    """

    def __init__(
        self,
        derivations: Derivations,
        *,
        recorded: bool = False,
        rounding: Rounding | None = None,
        given: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self.derivations, self._recorded, self._rounding, self._leaves = derivations, recorded, rounding, given
        self.printed: dict[Quantity, Value] = {}
        self.earlier: dict[Quantity, list[Value]] = {}
        self._sources = Sources()
        self._known: dict[Quantity, Number] = {}
        self._users: dict[Quantity, list[Quantity]] = {}
        self.changed: set[Quantity] = set()
        self._floats = False

    def by(
        self,
        derivations: Derivations,
        given: Mapping[str, float] = MappingProxyType({}),
        renamed: Collection[Quantity] = (),
        differs: Callable[[Quantity], bool] = lambda _: True,
        *,
        recorded: bool = True,
    ) -> Numbers:
        """What is printed here, and gone on with by other rules.

        What these do not reach is taken over as far as it is worked out.

        Args:
            derivations: the rules.
            given: other numbers of inputs and weights.
            renamed: quantities for which others stand in formulas.
            differs: whether the formula of a quantity may be another one for other reasons.
            recorded: whether numbers know their derivatives by the printed ones.
        """
        other = Numbers(derivations, given=given)
        other._floats = not recorded
        other.printed = {
            quantity: value for quantity, value in self.printed.items() if not given.keys() & set(quantity.nodes[:1])
        }
        other._sources = self._sources
        sources = [*map(data, given), *renamed]
        waiting = [
            *sources,
            *(x for source in sources for x in self._users.get(source, ())),
            *filter(differs, self._known),
        ]
        while waiting:
            if (quantity := waiting.pop()) not in other.changed:
                other.changed.add(quantity)
                if quantity not in other.printed:
                    waiting += self._users.get(quantity, ())
        other._known = dict(self._known)
        for quantity in other.changed:
            other._known.pop(quantity, None)
        return other

    def is_reached(self, step: Expression) -> bool:
        """Whether a formula has another number here than where these numbers come from."""
        return any(
            quantity in self.changed and quantity not in self.printed
            for quantity in self.derivations.recipe(step).quantities
        )

    def take(self, quantity: Quantity, source: Source, *, afresh: bool = True) -> None:
        """From now on, take a quantity as printed, and unless it is right work out ``afresh`` what depends on it.

        Of a number that is printed with more digits at one place and with fewer at another, the one with more counts.
        """
        printed, before = source.mark.claim.printed, self.printed.get(quantity)
        known = None if before is None else self._sources[before].mark.claim.printed
        if known is not None and printed.shortens(known):
            return
        if afresh or (known is not None and known.shortens(printed)):
            self._forget(quantity)
        if before is not None:
            earlier = [*self.earlier.get(quantity, ()), before]
            kept = [x for x in earlier if not self._sources[x].mark.claim.printed.shortens(printed)]
            self.earlier[quantity] = kept[:1] + kept[1:][1 - MOST_EARLIER :]
        self.printed[quantity] = self.value_of(source)

    def value_of(self, source: Source) -> Value:
        """A printed number to work with."""
        value = Value(source.mark.claim.printed.number)
        self._sources[value] = source
        return value

    def _forget(self, quantity: Quantity) -> None:
        waiting = [quantity]
        while waiting:
            forgotten = waiting.pop()
            self._known.pop(forgotten, None)
            waiting += self._users.pop(forgotten, ())

    def of(self, quantity: Quantity) -> Number:
        """The number of a quantity; a Value if it depends on printed ones.

        Raises:
            ArithmeticError, ValueError: there is none.
        """
        if quantity in self.printed or quantity in self._known:
            return self._at_hand(quantity)
        waiting: list[tuple[Quantity, Expression | None]] = [(quantity, None)]
        opened: set[Quantity] = set()
        while waiting:
            last, step = waiting.pop()
            if last in self._known or last in self.printed:
                continue
            if step is not None:
                number = self.number(step)
                by_quantity = self._rounding is not None and not self._rounding.every_operation
                self._known[last] = (
                    self._rounding.shorter(data_of(number)) if self._rounding and by_quantity else number
                )
                if isinstance(number, Value):
                    self._sources.worked_out.add(number)
            elif (step := self.derivations.step_from(last, self.printed)) is None:
                given = cast(
                    float,
                    self._given(self._leaves.get(last.nodes[0], self.derivations.graph.nodes[last.nodes[0]].data)),
                )
                self._known[last] = Value(given) if self._recorded else given
            elif last in opened:
                raise ValueError(f"{last} would have to be known before itself")
            else:
                opened.add(last)
                waiting.append((last, step))
                operands = self.derivations.recipe(step).quantities
                for operand in operands:
                    self._users.setdefault(operand, []).append(last)
                waiting += [(x, None) for x in operands if x not in self._known and x not in self.printed]
        return self._at_hand(quantity)

    def _at_hand(self, quantity: Quantity) -> Number:
        if quantity in self.printed:
            return data_of(self.printed[quantity]) if self._floats else self.printed[quantity]
        return self._known[quantity]

    def number(self, step: Expression) -> Number:
        """The number of a formula that stays, as that of a step.

        Raises:
            ArithmeticError, ValueError: there is none.
        """
        recipe = self.derivations.recipe(step)
        for quantity in recipe.quantities:
            if quantity not in self._known and quantity not in self.printed:
                self.of(quantity)
        numbers: list[Any] = []
        for known, op, places, constant in recipe.lines:
            if known is not None:
                numbers.append(self._at_hand(known))
            elif op is None:
                numbers.append(self._given(constant))
            else:
                operands = [numbers[i] for i in places]
                is_recorded = not self._floats and Value in map(type, operands)
                numbers.append(
                    Value.record(op, tuple(operands)) if is_recorded else self._stored(_result(op, operands))
                )
        return numbers[-1]  # type: ignore[no-any-return]

    def evaluate(
        self,
        root: Expression,
        instead: Mapping[Quantity, Number] = MappingProxyType({}),
        rounded: Mapping[Expression, Callable[[float], float]] = MappingProxyType({}),
        *,
        by_all: bool = True,
    ) -> Number:
        """The number of a formula.

        Args:
            root: the formula.
            instead: numbers to take for some quantities instead of these.
            rounded: parts whose numbers are rounded before they are used, and how.
            by_all: whether the number knows its derivatives by all printed numbers, and not only by those of
                ``instead``.
        """
        numbers: dict[Expression, Any] = {}
        for node in all_nodes(root):
            if (quantity := self.derivations.quantities.get(node)) is not None:
                numbers[node] = (
                    instead[quantity]
                    if quantity in instead
                    else self.of(quantity)
                    if by_all
                    else data_of(self.of(quantity))
                )
            elif node.op is None:
                numbers[node] = self._given(node.constant_value)
            else:
                operands = tuple([numbers[x] for x in node.operands])
                recorded = any(isinstance(x, Value) for x in operands)
                numbers[node] = (
                    Value.record(node.op, operands) if recorded else self._stored(node.op.evaluate(operands))
                )
            if node in rounded:
                exact = data_of(numbers[node])
                numbers[node] = numbers[node] + (rounded[node](exact) - exact)
        return numbers[root]  # type: ignore[no-any-return]

    def _stored(self, x: float) -> float:
        return self._rounding.shorter(x) if self._rounding is not None and self._rounding.every_operation else x

    def _given(self, x: float | None) -> float | None:
        return (
            self._rounding.shorter(x) if x is not None and self._rounding is not None and self._rounding.inputs else x
        )

    def follows(self, value: float, number: Callable[[], Number]) -> Follows:
        """What a number says that was worked out on floats, and is worked out again if somebody asks how sure it is.

        Args:
            value: the number.
            number: gives it once more.
        """
        return Follows(value, number, self._sources)

    def follow(self, number: Number, *, of_page: bool = True) -> Follows:
        """What a number worked out here says, and how sure it is."""
        return Follows(data_of(number), lambda: number, self._sources, of_page=of_page)

    def follow_formula(self, root: Expression, known: dict[Expression, Any]) -> Follows:
        """What a formula says, worked out on floats first, and recorded only if somebody asks how sure it is.

        Args:
            root: the formula.
            known: the numbers of parts that it shares with formulas before it; those of its other parts are put in.

        Raises:
            ArithmeticError, ValueError: there is no such number.
        """
        waiting = [root]  # `operands_first`, written out: a tenth of all marking is spent here
        while waiting:
            node = waiting[-1]
            if node not in known:
                if node.op is None:
                    quantity = self.derivations.quantities.get(node)
                    known[node] = node.constant_value if quantity is None else data_of(self.of(quantity))
                else:
                    operands = node.operands
                    if unknown := [x for x in operands if x not in known]:
                        waiting += unknown
                        continue
                    known[node] = _result(node.op, [known[x] for x in operands])
            waiting.pop()
        return self.follows(known[root], lambda: self.evaluate(root))


MOST_EARLIER = 16
"""How many numbers that were printed before for the same quantity are kept, the first and the last ones.

Each is put into everything that follows from it, so that a page of n of them would take n² steps.
"""


def _result(op: Primitive, operands: Sequence[float]) -> float:
    """What an operation gives at floats; thousands of numbers are tried, and nobody wants to know why most fail."""
    try:
        return float(op.forward(*operands))
    except TypeError as error:
        raise ValueError(str(error)) from None


def chance(printed: Printed, *values: float, slack: float = 0.0) -> float:
    """How likely a number between 0 and the largest of these would fit by chance.

    Rounding reaches half a unit to one side and cutting digits a unit to the other, so that 1.5 units fit, and the
    slack twice.
    """
    largest = max(printed.unit, *map(abs, (printed.number, *values)))
    return min(1.0, (1.5 * printed.unit + 2.0 * slack) / largest)
