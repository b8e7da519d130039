"""What the playground asks: each function takes what was typed and gives what is shown, as JSON has it.

What was typed is the formula, the ``values`` of its inputs, the name ``wrt`` that the chain rule is written for, the ``claims`` that are
marked, and for training the ``rate`` and the ``parameters``.  All but the formula may be missing, and anything may be wrong: it comes
from a link, too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from figures import content, scrolled

import autograd_tiny  # some of its names are imported when they are first used, since the first picture waits for nothing
from autograd_tiny import Value, draw, explain
from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.formulas import Recorded, read_formula
from autograd_tiny.optim import SGD
from autograd_tiny.text.numbers import short_number
from autograd_tiny.text.words import did_you_mean

if TYPE_CHECKING:
    from autograd_tiny import Exercise

State = Mapping[str, Any]
Answer = dict[str, Any]

MOST_STEPS, MOST_BLANKS = 1000, 24
RATE = 0.1
"""Of learning, where none was typed."""


def opened(state: State) -> Answer:
    """What a formula consists of: its inputs, each with a number, and the names that have a derivative."""
    values = _values(state)
    recorded = read_formula(str(state["formula"])).record(values)
    unused = recorded.unused
    named = [name for name, node in recorded.nodes.items() if node is not recorded.output and name not in unused]
    return {"values": values, "names": named, "output": recorded.output.label, "unused": list(unused)}


def example(_: State) -> Answer:
    """The published network that the tutorial marks, as if somebody had typed it."""
    from autograd_tiny.worked import three_three_three

    page = three_three_three.in_scalars()
    claims = "\n".join(f"{claim.called} = {claim.printed.text}" for claim in page.claims)
    return {"formula": page.formula.strip(), "values": dict(page.inputs), "wrt": "W_i1j1", "claims": claims, "rate": page.learning_rate}


def numbers(state: State) -> Answer:
    """The numbers of a picture that is there already, by the ids of its boxes and arrows, and the chain rule by one name."""
    recorded = _differentiated(state)
    drawing = draw(recorded.output)
    shown = {box: {"data": short_number(x.data), "grad": short_number(x.grad)} for x, box in drawing.nodes.items()}
    edges = {edge: short_number(user.local_derivatives[place]) for (user, place), edge in drawing.edges.items()}
    return {"nodes": shown, "edges": edges, "chain": _chain(recorded, state)}


def picture(state: State) -> Answer:
    """The graph as SVG, laid out for the numbers that it has."""
    drawing = draw(_differentiated(state).output)
    return {"svg": drawing.svg(), "alt": f"{drawing.title}: {drawing.description}"}


def steps(state: State) -> Answer:
    """The page that steps through the formula."""
    return {"page": autograd_tiny.Stepper(_differentiated(state).output).html()}


def written(state: State) -> Answer:
    """The derivation of all derivatives by the inputs, as LaTeX to be copied."""
    return {"latex": autograd_tiny.derivation(_differentiated(state).output).latex}


def marks(state: State) -> Answer:
    """The report on the numbers that were typed in, a claim a line."""
    claims = _claims(state)
    if not claims:
        return {"report": ""}
    recorded = _differentiated(state)
    used = set(all_nodes(recorded.output))
    others = [node for node in recorded.nodes.values() if node not in used]
    report = autograd_tiny.mark(recorded.output, claims, learning_rate=_rate(state), others=others)
    return {"report": scrolled(report._repr_html_(), "Claims and marks")}


def exercise(state: State) -> Answer:
    """The names of what an exercise on the formula asks for; none of their numbers."""
    return {"blanks": [blank.name for blank in _exercise(state).blanks]}


def checked(state: State) -> Answer:
    """What is said of each of the ``answers``, by blank, and of all of them."""
    given = state.get("answers")
    report = _exercise(state).check({str(name): str(text) for name, text in given.items()} if isinstance(given, Mapping) else {})
    return {"answers": {said["blank"]: said for said in report.as_data()["answers"]}, "summary": report.summary}


def hinted(state: State) -> Answer:
    """A hint for one ``blank``: by its ``grade`` which rule, the formula, or the number."""
    return {"hint": _exercise(state).hint(str(state.get("blank")), state.get("grade", 1))}


def trained(state: State) -> Answer:
    """The inputs after some steps of gradient descent on the output, and the output before each of them and at the end."""
    values, rate = _values(state), _rate(state)
    rate = RATE if rate is None else rate
    formula, output = read_formula(str(state["formula"])), list[float]()
    names = [name for name in map(str, state.get("parameters") or ()) if name in values]
    if not names:
        raise ValueError("training moves parameters; choose at least one input that is one")
    for _ in range(max(1, min(MOST_STEPS, int(state.get("steps") or 1)))):
        recorded = formula.record(values)
        recorded.output.backward()
        output.append(recorded.output.data)
        SGD([recorded.nodes[name] for name in names], rate).step()
        values |= {name: recorded.nodes[name].data for name in names}
    return {"values": values, "outputs": [*output, formula.record(values).output.data]}


def page(state: State) -> Answer:
    """The formula, its inputs and the typed numbers as a page that ``autograd-tiny mark`` reads."""
    inputs = "".join(f"{json.dumps(name)} = {x!r}\n" for name, x in _values(state).items())
    claims = "".join(f"    {json.dumps(claim)},\n" for claim in _claims(state))
    rate = _rate(state)
    updates = "" if rate is None else f"learning_rate = {rate!r}\n"
    return {"toml": f"formula = {_quoted(state)}\n{updates}claims = [\n{claims}]\n\n[inputs]\n{inputs}"}


def notebook(state: State) -> Answer:
    """The same as a notebook, which records the formula and shows it in every way."""
    recorded = _differentiated(state)
    wrt = [name for name in (str(state.get("wrt")), *recorded.nodes) if name in recorded.nodes][:1]
    code = [
        "from autograd_tiny import Stepper, derivation, draw, explain, mark\n"
        "from autograd_tiny.formulas import read_formula\n\n"
        f"recorded = read_formula({_quoted(state)}).record({_values(state)!r})\n"
        "output = recorded.output\noutput.backward()\ndraw(output)",
        *[f"explain(output, wrt=recorded.nodes[{name!r}])" for name in wrt],
        "Stepper(output)",
        "derivation(output)",
    ]
    if claims := _claims(state):
        code.append(f"mark(output, {claims!r}, learning_rate={_rate(state)!r})")
    empty: Answer = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    cells = [{**empty, "id": f"cell-{i}", "source": text} for i, text in enumerate(code)]
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"notebook": json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": about, "cells": cells}, indent=1)}


def _quoted(state: State) -> str:
    """The formula as a string of several lines, in Python and in TOML."""
    text = str(state["formula"]).strip().replace("\\", "\\\\").replace('"', '\\"')
    return f'"""\n{text}\n"""'


def _values(state: State) -> dict[str, float]:
    """A number for each input: that which was given, if it is one, or 1."""
    formula, given = read_formula(str(state["formula"])), state.get("values")
    given = given if isinstance(given, Mapping) else {}
    return {name: float(given[name]) if _is_finite(given.get(name)) else 1.0 for name in formula.inputs}


def _differentiated(state: State) -> Recorded[Value]:
    recorded = read_formula(str(state["formula"])).record(_values(state))
    recorded.output.backward()
    return recorded


def _exercise(state: State) -> Exercise:
    recorded = _differentiated(state)
    everything = autograd_tiny.Exercise(recorded, ["forward", "gradients"])
    if len(everything.blanks) <= MOST_BLANKS:
        return everything
    return autograd_tiny.Exercise(recorded, [blank.name for blank in everything.blanks[:MOST_BLANKS]])


def _rate(state: State) -> float | None:
    rate = state.get("rate")
    return float(rate) if _is_finite(rate) else None  # type: ignore[arg-type]


def _chain(recorded: Recorded[Value], state: State) -> str:
    """The chain rule by the name that the state asks for, as MathML, or why there is none."""
    name = str(state.get("wrt") or next(iter(recorded.nodes), ""))
    node = recorded.nodes.get(name)
    if node is None:
        hint = did_you_mean(name, recorded.nodes)
        return f"<p>{escape(f'the formula has no {name!r}' + (f'; {hint}' if hint else ''))}</p>" if name else ""
    try:
        return content(explain(recorded.output, wrt=node), "")[1]
    except ValueError as error:
        return f"<p>{escape(str(error))}</p>"


def _claims(state: State) -> list[str]:
    lines = str(state.get("claims") or "").replace(";", "\n").splitlines()
    return [line.strip() for line in lines if line.strip()]


def _is_finite(x: object) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x)
