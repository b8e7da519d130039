"""The exercise as one HTML file that loads nothing: what it says, its formulas, and the marker that runs on them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

from autograd_tiny.exercises.answers import DECIMAL, PROBLEMS
from autograd_tiny.exercises.asking.hints import formula, rule
from autograd_tiny.exercises.checked import UNKNOWN
from autograd_tiny.exercises.sheet import Operation, Question, Slip
from autograd_tiny.exercises.task import Task
from autograd_tiny.marking.forms.quantities import Quantity
from autograd_tiny.marking.judging.explaining import MOST_BESIDE_OF_0, MOST_BY_CHANCE
from autograd_tiny.marking.judging.marker import (
    FEWEST_DIGITS,
    LIKELIER_THAN,
    MOST_BY_ROUNDING,
    MOST_CHANGED,
    MOST_IN_PAIRS,
    OFF_BY_ONE,
    TOO_FEW_DIGITS,
)
from autograd_tiny.marking.judging.numbers import Numbers, noise_of
from autograd_tiny.marking.marks import FAITHFUL, SLIPS
from autograd_tiny.text.palette import VERDICTS, recolored, variables
from autograd_tiny.views.widget.live import RowWriter
from autograd_tiny.views.widget.page import SHARED, joined, source, standalone

_HERE = Path(__file__).parent


@cache
def module() -> str:
    """The page's module."""
    return joined(*SHARED, _HERE / "marker.js", _HERE / "exercise.js")


def page_of(exercise: Task, picture: str) -> str:
    """The whole page.

    Args:
        exercise: what is asked.
        picture: the graph, as SVG; empty for none.

    Raises:
        TypeError: an operation of the user's own has no expansion.
    """
    data, rows = content(exercise)
    formulas = "".join(f"<li>{escape(line)}</li>" for line in exercise.formulas)
    known = [f"Also known: {exercise.also_known}"] if exercise.told else []
    known += [exercise.trained] if exercise.trained else []
    beside = "".join(f'<p class="given">{escape(line)}</p>' for line in known)
    return standalone(
        title=exercise.heading,
        notice='the exercise cannot be shown. Save it again with exercise.save("exercise.html").',
        main=(
            "exercise",
            f"<h1>{escape(exercise.heading)}</h1>"
            f'<ul class="formulas">{formulas}</ul><p class="given">Given: {escape(exercise.given)}</p>{beside}'
            f'{picture and f"<div class=scroller tabindex=0 role=group aria-label=Graph>{picture}</div>"}'
            f"<p>Find, {exercise.with_digits}:</p>",
        ),
        data=data,
        style="".join([
            variables(".autograd-exercise, .autograd-page"), source(_HERE / "exercise.css"),
            recolored(".autograd-exercise svg"),
        ]),
        script=f"{module()}\nstartExercise(document, {rows});\n",
    )


def content(exercise: Task) -> tuple[dict[str, Any], str]:
    """What the page reads, and, as JavaScript, the rows that its formulas use."""
    sheet, derivations, rows = exercise.sheet, exercise.setting.derivations, RowWriter()
    quantities = {quantity: number for number, quantity in enumerate(sheet.ways)}
    texts: dict[str, int] = {}
    data = {
        "title": exercise.heading,
        "digits": exercise.digits,
        "told": list(exercise.stated.values()),
        "blanks": [{"name": blank.name, "hints": [say(blank.quantity, derivations) for say in (rule, formula)]}
                   for blank in exercise.blanks],
        "formulas": [_formula(place, x, quantities, rows) for place, x in enumerate(sheet.formulas)],
        "quantities": [_quantity(exercise, quantity, quantities) for quantity in quantities],
        "questions": [_question(exercise, question, quantities, texts) for question in sheet.questions],
        "texts": list(texts),
        "reading": {"decimal": DECIMAL, "problems": PROBLEMS},
        "limits": {
            "faithful": FAITHFUL,
            "slips": SLIPS,
            "mostByChance": MOST_BY_CHANCE,
            "mostBesideOf0": MOST_BESIDE_OF_0,
            "mostByRounding": MOST_BY_ROUNDING,
            "mostChanged": MOST_CHANGED,
            "mostInPairs": MOST_IN_PAIRS,
            "likelierThan": LIKELIER_THAN,
            "fewestDigits": FEWEST_DIGITS,
            "offByOne": OFF_BY_ONE,
            "tooFewDigits": TOO_FEW_DIGITS,
            "unknown": UNKNOWN,
            "signs": {name: verdict.sign for name, verdict in VERDICTS.items()},
        },
    }
    data["key"] = "autograd-exercise-" + hashlib.sha256(json.dumps(data).encode()).hexdigest()[:16]
    return data, rows.source()


def _formula(place: int, x: float | Quantity | Operation, quantities: Mapping[Quantity, int], rows: RowWriter) -> Any:
    """A formula; its operands by how far before it they stand, which is shorter to write."""
    if isinstance(x, Operation):
        number = rows.number(x.row, len(x.operands))
        if number is None:
            raise TypeError(
                f"{x.row.name} cannot be written in JavaScript: give the Primitive an expansion= in rows of the table"
            )
        return [number, *[place - operand for operand in x.operands]]
    return {"q": quantities[x]} if isinstance(x, Quantity) else x


def _quantity(exercise: Task, quantity: Quantity, quantities: Mapping[Quantity, int]) -> dict[str, Any]:
    way = exercise.sheet.ways[quantity]
    found: dict[str, Any] = {"name": str(quantity)}
    if not exercise.setting.derivations.is_labelled(quantity):
        found["unlabelled"] = True
    if way.step is None:
        return found | {"given": exercise.leaves[quantity.nodes[0]]}
    if way.from_output is not None:
        found |= {"inner": [quantities[x] for x in way.inner], "fromOutput": way.from_output}
    return found | {"step": way.step}


def _question(
    exercise: Task, question: Question, quantities: Mapping[Quantity, int], texts: dict[str, int]
) -> dict[str, Any]:
    quantity, derivations = question.quantity, exercise.setting.derivations
    noise = 0.0
    with suppress(ArithmeticError, ValueError):
        noise = noise_of(Numbers(derivations, recorded=True).of(quantity))
    apart = next((pair for pair in pairwise(quantity.nodes) if not derivations.graph.depends(*pair)), None)
    return {
        "q": quantities[quantity],
        "root": question.root,
        "parts": [[part, quantities[x]] for part, x in question.parts],
        "slips": [[_slip(*pair, texts) for pair in zip(slips, (None, *slips))] for slips in question.slips],
        "noise": noise,
        "independence": f"{apart[0]} does not depend on {apart[1]}" if apart else "",
        "others": [[[quantities[x] for x in used], root] for root, used in question.others],
    }


def _slip(slip: Slip, before: Slip | None, texts: dict[str, int]) -> list[Any]:
    """A slip; its formula by how far behind that of the slip before it stands."""
    numbers = [texts.setdefault(text, len(texts)) for text in (slip.mistake, slip.what)]
    without = [] if slip.without is None else [slip.without]
    return [*numbers, slip.effort, slip.root - (before.root if before else 0), *without]
