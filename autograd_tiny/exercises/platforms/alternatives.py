"""The answers that a learning platform knows: for each blank the right one, and what known mistakes give."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from autograd_tiny.exercises.answers import Blank, unit_of
from autograd_tiny.exercises.checked import said_of
from autograd_tiny.exercises.exercise import Exercise, exercises_in
from autograd_tiny.exercises.sheet import Question
from autograd_tiny.marking.claims import Claim
from autograd_tiny.marking.forms.printed import Printed
from autograd_tiny.marking.judging.numbers import Source
from autograd_tiny.marking.marks import Mark
from autograd_tiny.text.numbers import as_whole

MOST_MISTAKES = 20
"""For each blank: the likeliest.

With more, a number that is wrong for no known reason would too often get a reason by chance.
"""


class Alternative(NamedTuple):
    """An answer that a blank knows.

    Attributes:
        number: the answer.
        tolerance: how far an answer may be from it.
        feedback: what is said.
        share: of the marks, in percent.
    """

    number: float
    tolerance: float
    feedback: str
    share: int


def in_bank(exercises: Exercise | Sequence[Exercise], partial: int) -> list[Exercise]:
    """The exercises of a question bank.

    Raises:
        ValueError: there are none, or ``partial`` is no share of the marks in percent.
        TypeError: something is no exercise.
    """
    if as_whole(partial) is None or not 0 <= partial < 100:
        raise ValueError(f"partial is a share of the marks in percent, from 0 to 99, got {partial!r}")
    return exercises_in(exercises, "a question bank")


def alternatives(exercise: Exercise, partial: int) -> dict[Blank, list[Alternative]]:
    """For each blank the right answer, then the known mistakes, the likeliest first; the first that fits counts."""
    tolerances = _tolerances(exercise)
    numbers = exercise.sheet_numbers
    found = {}
    for blank, question in zip(exercise.blanks, exercise.sheet.questions[len(exercise.told) :]):
        right = Alternative(exercise.value(blank.quantity), tolerances[blank], "Right.", 100)
        found[blank] = [right]
        for alternative in _mistakes(question, numbers, blank, partial):
            if len(found[blank]) <= MOST_MISTAKES and not any(_overlap(alternative, other) for other in found[blank]):
                found[blank].append(alternative)
    return found


def _overlap(new: Alternative, old: Alternative) -> bool:
    return abs(new.number - old.number) <= old.tolerance + (new.tolerance if old.share == 100 else 0.0)


def _mistakes(question: Question, numbers: Sequence[float], blank: Blank, partial: int) -> Iterator[Alternative]:
    for slip in sorted(question.slips[0], key=lambda slip: slip.effort):
        number = numbers[slip.root]
        if not math.isfinite(number):
            continue
        tolerance = 0.5 * unit_of(number, blank.digits)
        # Else the mistake would not be seen.
        if slip.without is None or abs(numbers[slip.without] - number) > tolerance:
            yield Alternative(number, tolerance, said_of(slip.what), partial)


def _tolerances(exercise: Exercise) -> dict[Blank, float]:
    """How far each right answer may be off: a unit of its last digit, and the rounding of what comes before it.

    The unit covers digits cut off.  What is told is gone on with as it is told.
    """
    derivations, numbers = exercise.setting.derivations, exercise.from_told()
    found = {}
    for blank in exercise.blanks:
        value = reached = exercise.value(blank.quantity)
        unit, slack = unit_of(value, blank.digits), 0.0
        step = derivations.step_from(blank.quantity, numbers.printed)
        if step is not None:
            with suppress(ArithmeticError, ValueError):
                follows = numbers.follow(numbers.evaluate(step))
                reached, slack = follows.value, follows.slack
        found[blank] = unit + slack + abs(reached - value)
        mark = Mark(0, Claim(blank.quantity, Printed(repr(reached), reached, unit)), value, "right")
        numbers.take(blank.quantity, Source(mark, lambda mark: 0.5 * mark.claim.printed.unit))
    return found
