"""A question bank in Moodle's XML: a cloze question for each exercise, with a numerical blank for each answer.

The syntax of such blanks is that of Moodle's ``question/type/multianswer``: ``{1:NUMERICAL:=0.462:0.001#Right.~%50%0.231:0.0005#...}``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from html import escape
from typing import NamedTuple

from autograd_tiny.exercises.answers import Blank, unit_of
from autograd_tiny.exercises.checked import said_of
from autograd_tiny.exercises.exercise import Exercise
from autograd_tiny.exercises.sheet import Question
from autograd_tiny.marking.claims import Claim
from autograd_tiny.marking.forms.printed import Printed
from autograd_tiny.marking.judging.numbers import Numbers, Source
from autograd_tiny.marking.report import Mark
from autograd_tiny.text.numbers import as_whole, short_number
from autograd_tiny.text.words import visible

MOST_MISTAKES = 20
"""For each blank: the likeliest.  With more, a number that is wrong for no known reason would too often get a reason by chance."""
_SPECIAL = {character: f"&#{ord(character)};" for character in "{}~#\\"}


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

    def matches(self, number: float) -> bool:
        """Whether a number counts as this answer."""
        return abs(number - self.number) <= self.tolerance

    def __str__(self) -> str:
        start = "=" if self.share == 100 else f"%{self.share}%"
        return f"{start}{self.number:.12g}:{self.tolerance:.3g}#{_twice_escaped(self.feedback)}"


def moodle_bank(exercises: Sequence[Exercise], *, category: str = "", partial: int = 50) -> str:
    """A question bank, to be imported as "Moodle XML": a cloze question for each exercise.

    A blank knows the right answer, with a tolerance for rounding on the way, and the likeliest known mistakes, each with its sentence and
    part of the marks.  What follows from a wrong answer before it is not known to Moodle and counts as wrong.

    Args:
        exercises: as `Exercise.variants` gives them.
        category: where the questions are put; the heading of the first one if it is empty.
        partial: of the marks of a blank, in percent, for a known mistake.

    Raises:
        ValueError: there are no exercises, or ``partial`` is no share.
    """
    if not exercises:
        raise ValueError("a question bank needs an exercise: moodle_bank(exercise.variants(30, seed=1))")
    if as_whole(partial) is None or not 0 <= partial < 100:
        raise ValueError(f"partial is a share of the marks in percent, from 0 to 99, got {partial!r}")
    name = category or exercises[0].heading
    # Moodle divides categories at slashes; two of them are one in a name.
    where = f"$course$/top/{name.replace('/', '//')}"
    questions = "".join(_question(exercise, f"{name} {number}", partial) for number, exercise in enumerate(exercises, 1))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<quiz>\n'
        f'<question type="category"><category><text>{_text(where)}</text></category></question>\n{questions}</quiz>\n'
    )


def _text(text: str) -> str:
    return escape(visible(text), quote=False)


def _question(exercise: Exercise, name: str, partial: int) -> str:
    return (
        f'<question type="cloze">\n<name><text>{_text(name)}</text></name>\n'
        f'<questiontext format="html"><text>{_text(question_text(exercise, partial))}</text></questiontext>\n'
        '<generalfeedback format="html"><text></text></generalfeedback>\n'
        "<penalty>0.3333333</penalty>\n<hidden>0</hidden>\n</question>\n"
    )


def question_text(exercise: Exercise, partial: int) -> str:
    """The text of a question, HTML with its blanks in it."""
    given = [f"{name} = {short_number(x, 12)}" for name, x in exercise.inputs.items()]
    given += [f"{name} = {text}" for name, text in exercise.stated.items()]
    known = alternatives(exercise, partial)
    blanks = [f"<tr><td>{_once(blank.name)}</td><td>=</td><td>{_written(known[blank])}</td></tr>" for blank in exercise.blanks]
    return (
        f"<p>{'<br>'.join(map(_once, exercise.formulas))}</p><p>Given: {_once(', '.join(given))}</p>"
        f"<p>Find, with {exercise.digits} significant digits:</p><table>{''.join(blanks)}</table>"
    )


def _written(known: Sequence[Alternative]) -> str:
    return f"{{1:NUMERICAL:{'~'.join(map(str, known))}}}"


def _once(text: str) -> str:
    """A text in HTML; nothing in it looks like the syntax of a blank."""
    return "".join([_SPECIAL.get(c) or escape(c) for c in visible(text)])


def _twice_escaped(text: str) -> str:
    """A text in the feedback of a blank, of which Moodle takes one level of entities away."""
    return "".join([f"&amp;{_SPECIAL[c][1:]}" if c in _SPECIAL else escape(escape(c)) for c in visible(text)])


def alternatives(exercise: Exercise, partial: int) -> dict[Blank, list[Alternative]]:
    """For each blank the right answer, then the known mistakes, the likeliest first; Moodle takes the first that matches."""
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
        if slip.without is None or abs(numbers[slip.without] - number) > tolerance:  # else the mistake would not be seen
            yield Alternative(number, tolerance, said_of(slip.what), partial)


def _tolerances(exercise: Exercise) -> dict[Blank, float]:
    """How far each right answer may be off: a unit of its last digit, which covers digits cut off, and the rounding of those before it."""
    derivations = exercise.setting.derivations
    numbers = Numbers(derivations)
    found = {}
    for blank in exercise.blanks:
        value = exercise.value(blank.quantity)
        unit, slack = unit_of(value, blank.digits), 0.0
        step = derivations.step_from(blank.quantity, numbers.printed)
        if step is not None:
            with suppress(ArithmeticError, ValueError):
                slack = numbers.follow(numbers.evaluate(step)).slack
        found[blank] = unit + slack
        mark = Mark(0, Claim(blank.quantity, Printed(repr(value), value, unit)), value, "right")
        numbers.take(blank.quantity, Source(mark, lambda mark: 0.5 * mark.claim.printed.unit))
    return found
