"""Other numbers for the same exercise: such that all can be seen in its answers, and no mistake goes unseen."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import combinations, islice
from random import Random
from typing import Any, Generic

from autograd_tiny.engine.table import sigmoid, softmax, tanh
from autograd_tiny.engine.value import Value
from autograd_tiny.exercises.answers import unit_of
from autograd_tiny.exercises.sheet import Question
from autograd_tiny.exercises.task import Task, TaskT
from autograd_tiny.text.numbers import as_whole, plain_number, random_from
from autograd_tiny.text.words import counted, did_you_mean, listed

MOST_TRIES = 400
"""For each variant.

Of exercises that have any, the stingiest tried, softmax and loss with all their derivatives, need some twenty.
"""

NEAR_A_KINK = 0.05
"""How near a kink no operand may be, as a share of the largest one, or of 1: rounding then takes no other side."""
SATURATED = 0.02
"""The least derivative of a sigmoid, which is 1/4 at most.

Below this, at inputs beyond ±4, products of it have no digits left to see.
"""
SMALLEST, LARGEST = 1e-3, 1e3
"""Between these, numbers are written without exponents and with few zeros in front."""


class Candidate(Generic[TaskT]):
    """An exercise at other numbers, as far as they have been looked at."""

    def __init__(self, base: TaskT, numbers: Mapping[str, float]) -> None:
        self._base, self.numbers = base, numbers

    @cached_property
    def exercise(self) -> TaskT:
        """The exercise there; a ValueError if there is none."""
        return self._base.at(self.numbers)

    @cached_property
    def formulas(self) -> list[float]:
        """The number of every formula of the sheet."""
        return self.exercise.sheet_numbers

    @property
    def questions(self) -> Iterator[tuple[Question, float]]:
        """What is asked for, with the right number."""
        sheet = self._base.sheet
        return ((question, self.formulas[sheet.number_of(question.quantity)]) for question in sheet.questions)

    @property
    def nodes(self) -> Iterable[Value]:
        """Everything that is computed."""
        return self.exercise.setting.graph.nodes.values()


def _in_the_domain(c: Candidate[Any], drawn: Drawn) -> str:
    try:
        c.formulas  # noqa: B018
    except ValueError as error:
        return str(error)
    lacking = next((question.quantity for question, x in c.questions if not math.isfinite(x)), None)
    return f"{lacking} has no number" if lacking else c.exercise.without_number()


def _no_kink_near(c: Candidate[Any], drawn: Drawn) -> str:
    for node in c.nodes:
        if node.op is not None and node.op.kink and node.op.name != "where":
            operands = [x.data for x in node.operands]
            apart = operands if len(operands) == 1 else [x - y for x, y in combinations(operands, 2)]
            if any(abs(x) <= NEAR_A_KINK * max(1.0, *map(abs, operands)) for x in apart):
                return f"{node.label or node.op.name} is near the kink of {node.op.name}"
    return ""


def _not_saturated(c: Candidate[Any], drawn: Drawn) -> str:
    for node in c.nodes:
        if node.op in (sigmoid, tanh) or (node.op is not None and node.op.family is softmax):
            slopes = node.local_derivatives
            own = slopes if node.call is None else (slopes[node.op.parameter],)
            if any(abs(slope) < SATURATED for slope in own):
                return f"{node.label or node.op.name} is saturated"
    return ""


def _readable(c: Candidate[Any], drawn: Drawn) -> str:
    for question, x in c.questions:
        if not SMALLEST <= abs(x) <= LARGEST and question.quantity not in drawn.zeros:
            return f"{question.quantity} is {x:.3g}"
    return ""


def _mistakes_seen(c: Candidate[Any], drawn: Drawn) -> str:
    for question, x in c.questions:
        for place, slip in enumerate(question.slips[0]):
            if (question.quantity, place) not in drawn.unseen and _hits(c.formulas[slip.root], x, drawn.digits):
                return f"{question.quantity} is the same although {slip.what}"
    return ""


Demand = Callable[["Candidate[Any]", "Drawn"], str]
DEMANDS: dict[str, tuple[Demand, str]] = {
    "domain": (_in_the_domain, "choose inputs for which everything has a number"),
    "kinks": (_no_kink_near, "vary fewer inputs, or leave the demand out, without=['kinks']"),
    "saturation": (_not_saturated, "choose smaller inputs, or leave the demand out, without=['saturation']"),
    "readable": (_readable, "choose other inputs, ask for less, or leave the demand out, without=['readable']"),
    "mistakes": (
        _mistakes_seen,
        "ask for more digits or give inputs more decimals, or leave the demand out, without=['mistakes']",
    ),
}
"""What a variant must be, in this order: what looks for a reason against it, and what to do where nothing meets it."""


def _hits(number: float, right: float, digits: int) -> bool:
    """Whether a mistake's number is right to all digits that are asked for."""
    unit = unit_of(right, digits) if right else 0.0
    return abs(number - right) <= 0.75 * unit  # an answer may be rounded, or cut off


class Drawn:
    """What is drawn from, for one exercise.

    Args:
        exercise: the exercise.
        vary: labels or patterns of the inputs that vary; None for all but those that are 0 or 1.
        decimals: how many the new numbers have; None for as many as the old ones.

    Attributes:
        unseen: known mistakes that give the right number whatever the numbers are, by quantity and place.
        zeros: what is 0 whatever the numbers are.
    """

    def __init__(self, exercise: Task, vary: Iterable[str] | None, decimals: int | None) -> None:
        self.exercise, self.digits = exercise, exercise.digits
        self.varied = {name: _Range(x, decimals) for name, x in exercise.inputs.items() if _is_varied(name, x, vary)}
        for pattern in vary or ():
            if not any(fnmatchcase(name, pattern) for name in self.varied):
                hint = did_you_mean(pattern, exercise.inputs) or f"there are {listed(exercise.inputs, 12)}"
                raise ValueError(f"vary: no input is called {pattern!r}; {hint}")
        if not self.varied:
            raise ValueError(
                "nothing varies: every input is 0 or 1, which stay what they are; "
                "name those that may change, vary=['x1']"
            )
        self.unseen: set[tuple[object, int]] = set()
        self.zeros: set[object] = set()
        self._look_at_any_numbers()

    def _look_at_any_numbers(self) -> None:
        """Find what is so at numbers nobody chose: always, as far as digits show, or exactly on one side of a kink."""
        random, hits, zero = Random(0), Counter[tuple[object, int]](), Counter[object]()
        drawn = ({name: x.anywhere(random) for name, x in self.varied.items()} for _ in range(60))
        candidates = (Candidate(self.exercise, numbers) for numbers in drawn)
        found = list(islice((x for x in candidates if not _in_the_domain(x, self)), 6))
        for candidate in found:
            for question, right in candidate.questions:
                zero[question.quantity] += right == 0.0
                for place, slip in enumerate(question.slips[0]):
                    number, key = candidate.formulas[slip.root], (question.quantity, place)
                    hits[key] += _hits(number, right, self.digits)
                    # By chance once in ten thousand million times.
                    if math.isclose(number, right, rel_tol=1e-10, abs_tol=0.0):
                        self.unseen.add(key)
        self.unseen |= {key for key, n in hits.items() if n == len(found)}
        self.zeros = {quantity for quantity, n in zero.items() if n == len(found)}


class _Range:
    """Which numbers an input may have: of its sign and about its size, with as few decimals, and below 1 if it is."""

    def __init__(self, x: float, decimals: int | None) -> None:
        written = plain_number(abs(x))
        own = len(written.partition(".")[2]) if "e" not in written else 3
        self.decimals = min(own, 3) if decimals is None else decimals
        self.sign = math.copysign(1.0, x)
        grid = 10.0**-self.decimals
        size = max(abs(x), 10.0 * grid) if self.decimals else max(abs(x), 2.0)
        low, high = 0.3 * size, 2.0 * size
        if abs(x) < 1.0:
            high = min(high, 1.0 - grid)
        self.low, self.high = max(1, math.ceil(low / grid - 1e-9)), max(1, math.floor(high / grid + 1e-9))

    def drawn(self, random: Random) -> float:
        """A number with few digits.  Only `Random.random` gives the same numbers in every version of Python."""
        steps = self.low + int(random.random() * (self.high - self.low + 1))
        return float(f"{self.sign * steps:.0f}e-{self.decimals}")

    def anywhere(self, random: Random) -> float:
        """A number with all digits."""
        return self.sign * (self.low + random.random() * max(self.high - self.low, 1)) * 10.0**-self.decimals


def _is_varied(name: str, x: float, vary: Iterable[str] | None) -> bool:
    return x not in (0.0, 1.0) if vary is None else any(fnmatchcase(name, pattern) for pattern in vary)


def variants_of(
    exercise: TaskT, n: int, seed: int, vary: Iterable[str] | None, decimals: int | None, without: Sequence[str]
) -> list[TaskT]:
    """Exercises with other numbers; `Exercise.variants` says which."""
    for what, x, least in (("n", n, 1), ("seed", seed, 0), ("decimals", 0 if decimals is None else decimals, 0)):
        if as_whole(x) is None or x < least:
            raise ValueError(f"{what} is a whole number, {least} at least, got {x!r}")
    if isinstance(without, str) or any(name not in DEMANDS for name in without):
        raise ValueError(f"without is a list of demands that are left out, of {', '.join(DEMANDS)}; got {without!r}")
    drawn = Drawn(exercise, None if vary is None else list(vary), decimals)
    demands = {name: demand for name, (demand, _) in DEMANDS.items() if name == "domain" or name not in without}
    random, seen = random_from(seed), {tuple(exercise.inputs[name] for name in drawn.varied)}
    found: list[TaskT] = []
    refused: Counter[str] = Counter()
    reasons: dict[str, str] = {}
    for _ in range(MOST_TRIES * n):
        numbers = {name: x.drawn(random) for name, x in drawn.varied.items()}
        if tuple(numbers.values()) in seen:
            continue
        seen.add(tuple(numbers.values()))
        candidate = Candidate(exercise, numbers)
        said = next(((name, why) for name, demand in demands.items() if (why := demand(candidate, drawn))), None)
        if said is None:
            found.append(candidate.exercise)
            if len(found) == n:
                return found
        else:
            refused[said[0]] += 1
            reasons.setdefault(*said)
    raise _too_strict(n, found, refused, reasons)


def _too_strict(n: int, found: Sequence[Task], refused: Counter[str], reasons: Mapping[str, str]) -> ValueError:
    """The error that says which demand refused most."""
    strictest, times = refused.most_common(1)[0] if refused.total() > len(found) else ("", 0)
    why = f"of {counted(refused.total() + len(found), 'setting')} that could be drawn"
    start = f"{counted(n, 'variant')} cannot be found, only {len(found)}: {why},"
    if not strictest:
        return ValueError(f"{start} {len(found)} can be used; vary more inputs, or give them more decimals, decimals=2")
    return ValueError(
        f"{start} {times} were refused for {strictest!r}, as {reasons[strictest]}; {DEMANDS[strictest][1]}"
    )
