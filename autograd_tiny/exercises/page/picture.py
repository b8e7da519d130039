"""The graph of an exercise with a blank for each number that is asked for, and with what is given."""

from __future__ import annotations

import re
from html import escape

from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.exercises.task import Task
from autograd_tiny.marking.training.times import timed
from autograd_tiny.text.palette import SMALL
from autograd_tiny.text.words import visible
from autograd_tiny.views.drawing.draw import Drawing, draw
from autograd_tiny.views.drawing.picture import Note
from autograd_tiny.views.widget.pictures import prepared

BLANK = "_______"
MOST_NODES = 60
_LINE = re.compile(rf"(?P<before><text[^>]*>(?P<name>[^<]*)</text>)<text(?P<rest>[^>]*>{BLANK}</text>)")
"""What a number is called, and behind it the place where it is missing."""


def drawn(exercise: Task) -> Drawing | None:
    """The graph, named value by named value; None where it is too large to be a picture."""
    if len(all_nodes(exercise.output)) > MOST_NODES:
        return None
    notes: dict[str, list[Note]] = {}

    def note(name: str, what: str, text: str) -> None:
        notes.setdefault(name, []).append(Note(what, text, SMALL, ""))

    for name, text in exercise.input_texts.items():
        note(name, "given", text)
    for quantity, text in zip(exercise.told, exercise.stated.values()):
        note(timed(quantity.nodes[-1]).base, str(quantity), text)
    for blank in exercise.blanks:
        note(timed(blank.quantity.nodes[-1]).base, blank.name, BLANK)
    return draw(exercise.output, through="named", show=(), notes=notes)


def picture_of(exercise: Task) -> str:
    """The graph as SVG of a page, its blanks known by their numbers; empty where there is none."""
    drawing = drawn(exercise)
    if drawing is None:
        return ""
    numbers = {escape(visible(blank.name), quote=False): number for number, blank in enumerate(exercise.blanks)}

    def numbered(match: re.Match[str]) -> str:
        number = numbers.get(match["name"])
        return match[0] if number is None else f'{match["before"]}<text data-blank="{number}"{match["rest"]}'

    return _LINE.sub(numbered, prepared(drawing.svg(), {}, {}))
