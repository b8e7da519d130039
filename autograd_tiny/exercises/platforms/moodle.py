"""A question bank in Moodle's XML: a cloze question for each exercise, with a numerical blank for each answer.

The syntax of such blanks is that of Moodle's ``question/type/multianswer``:
``{1:NUMERICAL:=0.462:0.001#Right.~%50%0.231:0.0005#...}``.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from autograd_tiny.exercises.exercise import Exercise
from autograd_tiny.exercises.platforms.alternatives import Alternative, alternatives, in_bank
from autograd_tiny.text.words import visible

_SPECIAL = {character: f"&#{ord(character)};" for character in "{}~#\\"}


def moodle_bank(exercises: Exercise | Sequence[Exercise], *, category: str = "", partial: int = 50) -> str:
    """A question bank, to be imported as "Moodle XML": a cloze question for each exercise.

    A blank knows the right answer, with a tolerance for rounding on the way, and the likeliest known mistakes, each
    with its sentence and part of the marks.  What follows from a wrong answer before it is not known to Moodle and
    counts as wrong.

    Args:
        exercises: one, or several, as `Exercise.variants` gives them.
        category: where the questions are put; the heading of the first one if it is empty.
        partial: of the marks of a blank, in percent, for a known mistake.

    Raises:
        ValueError: there are no exercises, or ``partial`` is no share.
    """
    every = in_bank(exercises, partial)
    name = category or every[0].heading
    # Moodle divides categories at slashes; two of them are one in a name.
    where = f"$course$/top/{name.replace('/', '//')}"
    questions = "".join(_question(exercise, f"{name} {number}", partial) for number, exercise in enumerate(every, 1))
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
    trained = f"<p>{_once(exercise.trained)}</p>" if exercise.trained else ""
    blanks = []
    for blank, known in alternatives(exercise, partial).items():
        numerical = f"{{1:NUMERICAL:{'~'.join(map(_alternative, known))}}}"
        blanks.append(f"<tr><td>{_once(blank.name)}</td><td>=</td><td>{numerical}</td></tr>")
    return (
        f"<p>{'<br>'.join(map(_once, exercise.formulas))}</p><p>Given: {_once(exercise.all_given)}</p>{trained}"
        f"<p>Find, {exercise.with_digits}:</p><table>{''.join(blanks)}</table>"
    )


def _alternative(known: Alternative) -> str:
    start = "=" if known.share == 100 else f"%{known.share}%"
    return f"{start}{known.number:.12g}:{known.tolerance:.3g}#{_twice_escaped(known.feedback)}"


def _once(text: str) -> str:
    """A text in HTML; nothing in it looks like the syntax of a blank."""
    return "".join([_SPECIAL.get(c) or escape(c) for c in visible(text)])


def _twice_escaped(text: str) -> str:
    """A text in the feedback of a blank, of which Moodle takes one level of entities away."""
    return "".join([f"&amp;{_SPECIAL[c][1:]}" if c in _SPECIAL else escape(escape(c)) for c in visible(text)])
