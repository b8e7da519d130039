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
        """Into the box of a name; what follows an update stands in the box of before it."""
        box = name if name in exercise.labels else timed(name).base
        notes.setdefault(box, []).append(Note(what, text, SMALL, ""))

    for name, text in exercise.input_texts.items():
        note(name, "given", text)
    for quantity, text in zip(exercise.told, exercise.stated.values()):
        note(quantity.nodes[-1], str(quantity), text)
    for blank in exercise.blanks:
        note(blank.quantity.nodes[-1], blank.name, BLANK)
    return draw(exercise.output, through="named", show=(), notes=notes)


def picture_of(exercise: Task) -> str:
    """The graph as SVG of a page, its blanks known by their numbers; empty where there is none."""
    drawing = drawn(exercise)
    if drawing is None:
        return ""
    numbers = {_as_drawn(escape(visible(x.name), quote=False)): number for number, x in enumerate(exercise.blanks)}

    def numbered(line: re.Match[str]) -> str:
        return f'{line["before"]}<text data-blank="{numbers[_as_drawn(line["name"])]}"{line["rest"]}'

    return _LINE.sub(numbered, prepared(drawing.svg(), {}, {}))


def _as_drawn(name: str) -> str:
    """A name whatever its spaces are: of several, Graphviz makes some that do not break."""
    return name.replace("\N{NO-BREAK SPACE}", " ")
