"""A worksheet and its solution: as HTML that prints, as LaTeX that compiles."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from autograd_tiny.exercises.answers import Blank
from autograd_tiny.exercises.asking.hints import formula
from autograd_tiny.exercises.exercise import Exercise, exercises_in
from autograd_tiny.exercises.page.picture import drawn, picture_of
from autograd_tiny.marking.forms.quantities import Quantity, latex_of
from autograd_tiny.storage.files import write_file
from autograd_tiny.symbols.expression import LATEX, term
from autograd_tiny.symbols.latex import latex_name, latex_number, latex_text, latex_upright
from autograd_tiny.text.numbers import latex_digits
from autograd_tiny.text.palette import recolored, variables

STYLE = """
body { margin: 2em auto; max-width: 46em; padding: 0 1em; color: #1c2733; background: #fff;
       font: 16px/1.5 system-ui, sans-serif; }
section { break-inside: avoid-page; margin-bottom: 2.5em; } section + section { break-before: page; }
h1 { font-size: 1.3em; } pre { font-size: .95em; white-space: pre-wrap; } svg { max-width: 100%; height: auto; }
td { padding: .25em .6em .25em 0; vertical-align: baseline; }
.line { display: inline-block; min-width: 9em; border-bottom: 1px solid #1c2733; height: 1.4em; }
.step { color: #4a525e; }
"""


def worksheet(
    exercises: Exercise | Sequence[Exercise], path: str | os.PathLike[str], *, solution: bool = False
) -> Path:
    """Write exercises to be filled in by hand, one a page, or their solution.

    Args:
        exercises: one, or several, as `Exercise.variants` gives them.
        path: where; ``.html`` for a page that prints, with the graph, ``.tex`` for LaTeX that compiles with amsmath.
        solution: whether the numbers are filled in, each with its formula.

    Raises:
        ValueError: there are no exercises, or the name ends in neither.
        OSError: the directory does not exist or cannot be written to.
    """
    writers = {".html": in_html, ".htm": in_html, ".tex": in_latex}
    suffix = Path(path).suffix.lower()
    if suffix not in writers:
        raise ValueError(f"a worksheet is written as .html or .tex, got {os.fspath(path)!r}")
    return write_file(path, writers[suffix](exercises_in(exercises, "a worksheet"), solution))


def in_html(exercises: Sequence[Exercise], solution: bool) -> str:
    """The worksheet as a page."""
    sections = "".join(f"<section>{_section(exercise, solution)}</section>" for exercise in exercises)
    title = escape(exercises[0].heading)
    style = variables("body") + STYLE + recolored("svg")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light">'
        f"<title>{title}</title><style>{style}</style></head><body>{sections}</body></html>\n"
    )


def _section(exercise: Exercise, solution: bool) -> str:
    line = "<td><span class=line></span></td>"
    rows = "".join(
        f"<tr><td>{escape(blank.name)}</td><td>=</td>{_cell(exercise, blank) if solution else line}</tr>"
        for blank in exercise.blanks
    )
    formulas = escape("\n".join(exercise.formulas))
    trained = f"<p>{escape(exercise.trained)}</p>" if exercise.trained else ""
    picture = "" if solution else picture_of(exercise)
    return (
        f"<h1>{escape(exercise.heading)}</h1><pre>{formulas}</pre><p>Given: {escape(exercise.all_given)}</p>{trained}"
        f"{picture}"
        f"<p>{'Solution' if solution else 'Find'}, {exercise.with_digits}:</p><table>{rows}</table>"
    )


def _cell(exercise: Exercise, blank: Blank) -> str:
    step = formula(blank.quantity, exercise.setting.derivations)
    return f'<td>{escape(exercise.solution[blank.name])}</td><td class="step">{escape(step)}</td>'


def in_latex(exercises: Sequence[Exercise], solution: bool) -> str:
    """The worksheet as a document of LaTeX."""
    pages = "\n\\newpage\n".join(_latex_section(exercise, solution) for exercise in exercises)
    return (
        "\\documentclass[11pt]{article}\n\\usepackage[utf8]{inputenc}\n\\usepackage[T1]{fontenc}\n"
        "\\usepackage{amsmath,tikz}\n\\usepackage[margin=25mm]{geometry}\n"
        "\\setlength{\\parindent}{0pt}\n\\allowdisplaybreaks\n"
        "\\newcommand{\\blank}{\\underline{\\hspace{3cm}}}\n"
        f"\\begin{{document}}\n{pages}\n\\end{{document}}\n"
    )


def _latex_section(exercise: Exercise, solution: bool) -> str:
    formulas = [_sides(Quantity("data", (name,)), exercise) for name in exercise.computed]
    given = [f"{latex_name(name)} = {latex_number(x)[0]}" for name, x in exercise.inputs.items()]
    given += [f"{latex_of(x)} = {latex_digits(exercise.stated[str(x)])}" for x in exercise.told]
    lines = []
    for blank in exercise.blanks:
        name, shown = _sides(blank.quantity, exercise)
        right = latex_digits(exercise.solution[blank.name])
        lines.append(f"{name} &= {'' if shown == name else f'{shown} = '}{right}" if solution else f"{name} &= \\blank")
    title = latex_upright(exercise.title) if exercise.title or not formulas else " = ".join(formulas[-1])
    picture = None if solution else drawn(exercise)
    trained = f"{_sentence(exercise.trained)}\n\n" if exercise.trained else ""
    tikz = "" if picture is None else re.sub(r"(?m)^ *% .*\n", "", picture.tikz())  # comments tell the numbers of boxes
    drawing = f"\\begin{{center}}\\resizebox{{\\linewidth}}{{!}}{{{tikz}}}\\end{{center}}\n\n" if tikz else ""
    aligned = [" &= ".join(sides) for sides in formulas]
    what = "Solution" if solution else "Find"
    return (
        f"\\section*{{${title}$}}\n\\begin{{align*}}\n{_broken(aligned)}\n\\end{{align*}}\n"
        f"Given: {', '.join(f'${x}$' for x in given)}.\n\n{trained}{drawing}"
        f"{what}, {exercise.with_digits}:\n\\begin{{align*}}\n{_broken(lines)}\n\\end{{align*}}"
    )


def _sentence(text: str) -> str:
    """A sentence in which names and numbers may be as they like; lines break between its words."""
    words = re.findall(r"(\S+?)([:,.]?)(?:\s|$)", text)
    return " ".join(f"${latex_text(word)}${point}" for word, point in words)


def _broken(lines: Sequence[str]) -> str:
    return " \\\\[1ex]\n".join(lines)


def _sides(quantity: Quantity, exercise: Exercise) -> tuple[str, str]:
    """A quantity and its formula in LaTeX, derivatives as fractions."""
    derivations = exercise.setting.derivations
    root = derivations.in_labels(quantity)
    if root is None:
        return latex_of(quantity), ""
    called = {x.label: latex_of(q) for x, q in reversed(derivations.quantities.items())}
    style = LATEX._replace(name=lambda name: called.get(name) or latex_name(name))
    return latex_of(quantity), term(root, style, {}).text
