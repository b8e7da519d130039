"""Exercises: answer sheets with a planted mistake, and how long things take.

    python -m benchmarks.exercises

Times are process time, so that what else the machine does hardly enters.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random
from typing import Any, NamedTuple

from autograd_tiny.engine.refusals import data_of
from autograd_tiny.exercises import TOPICS, Exercise, moodle_bank, random_exercise
from autograd_tiny.exercises.sheet import Slip
from autograd_tiny.marking.judging.numbers import Numbers
from autograd_tiny.marking.marks import SLIPS


class Planted(NamedTuple):
    """A sheet with one mistake.

    Attributes:
        exercise: what was asked.
        place: the blank where the mistake was made.
        slip: the mistake; None on an honest sheet.
        answers: of all blanks: each from the answers before it, rounded.
    """

    exercise: Exercise
    place: int
    slip: Slip | None
    answers: dict[str, str]


def sheets(n: int, seed: int) -> Iterator[Planted]:
    """Sheets on all topics, each with one known mistake that shows, and everything after it carried on."""
    random = Random(seed)
    made = 0
    while made < n:
        topic = list(TOPICS)[made % len(TOPICS)]
        exercise = random_exercise(topic, 1 + int(random.random() * 3), int(random.random() * 1e6))
        for _ in range(8):
            place = int(random.random() * len(exercise.blanks))
            slips = exercise.sheet.questions[len(exercise.told) + place].slips[0]
            slip = slips[int(random.random() * len(slips))] if slips else None
            if slip is not None and made < n and (planted := plant(exercise, place, slip)):
                made += 1
                yield planted


def plant(exercise: Exercise, place: int, slip: Slip | None) -> Planted | None:
    """A sheet with this mistake; None where it does not show, or gives no number."""
    sheet, numbers = exercise.sheet, Numbers(exercise.setting.derivations)
    for quantity in exercise.told:
        numbers.printed[quantity] = float(exercise.stated[str(quantity)])  # type: ignore[assignment]
    answers: dict[str, str] = {}
    with suppress(ArithmeticError, ValueError):
        for number, blank in enumerate(exercise.blanks):
            step = exercise.setting.derivations.step_from(blank.quantity, numbers.printed)
            value = float(data_of(numbers.evaluate(step)))
            if number == place and slip is not None:
                right, value = value, worked_out(sheet, slip.root, numbers)
                digits = blank.digits
                if not math.isfinite(value) or abs(value - right) < 3.0 * 10.0 ** (math.floor(math.log10(abs(right or 1.0))) - digits + 1):
                    return None
            answers[blank.name] = f"{value:#.{blank.digits}g}".rstrip(".")
            numbers.printed[blank.quantity] = float(answers[blank.name])  # type: ignore[assignment]
        return Planted(exercise, place, slip, answers)
    return None


def worked_out(sheet: Any, root: int, numbers: Numbers) -> float:
    """The number of a formula of a sheet, from what stands on it."""
    formula = sheet.formulas[root]
    if isinstance(formula, float):
        return formula
    if formula in sheet.ways:
        return float(data_of(numbers.of(formula)))
    return float(formula.row.evaluate(tuple([worked_out(sheet, x, numbers) for x in formula.operands])))


class Result(NamedTuple):
    """What was said about a sheet.

    Attributes:
        located: whether the first answer that is blamed is the planted one.
        named: whether the mistake that is named is the planted one, or one that gives the same number.
        blamed: whether a right answer is blamed, or one that was carried on.
    """

    located: bool
    named: bool
    blamed: bool


def result_of(planted: Planted) -> Result:
    """What is said about a sheet."""
    outcomes = planted.exercise.check(planted.answers).outcomes
    slips = [i for i, outcome in enumerate(outcomes) if outcome.verdict in SLIPS]
    located = slips[:1] == [planted.place]
    mark = outcomes[planted.place].mark
    named = located and mark is not None and planted.slip is not None and (
        mark.mistake == planted.slip.mistake or planted.slip.what in (*mark.alternatives, mark.why)
    )  # fmt: skip
    return Result(located, named, any(i != planted.place for i in slips))


def timed(work: Callable[[], object]) -> float:
    """Seconds of process time."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Print it all."""
    results = [result_of(planted) for planted in sheets(2000, seed=1)]
    for name in Result._fields:
        print(f"{name}: {sum(getattr(x, name) for x in results) / len(results):.1%} of {len(results)} sheets")
    network = random_exercise("2-2-2 network", 3, seed=1)
    fresh = Exercise(network.output, [blank.name for blank in network.blanks])
    print(f"2-2-2 network, {len(fresh.blanks)} blanks: page {len(fresh.html().encode()) / 1000:.0f} kB")
    again = Exercise(network.output, [blank.name for blank in network.blanks])
    print(f"  page made in {timed(again.html):.2f} s")
    print(f"  a sheet of answers marked in {1000 * timed(lambda: again.check(again.solution)):.0f} ms")
    print(f"  30 variants in {timed(lambda: moodle_bank(again.variants(30, seed=1))):.1f} s, as a question bank")


if __name__ == "__main__":
    main()
