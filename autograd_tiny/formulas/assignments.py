"""Values as people type them in a terminal: ``x=2 b=1/3``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from autograd_tiny.engine.value import Value
from autograd_tiny.formulas.errors import FormulaError, shown
from autograd_tiny.formulas.formula import Numbers, parsed
from autograd_tiny.formulas.running import Run
from autograd_tiny.formulas.vocabulary import CONSTANTS


def read_assignments(words: Iterable[str]) -> dict[str, Numbers]:
    """The values in words such as ``x=2``, ``b=1e-3``, ``a=1/3`` or ``W=[[1, 2], [3, 4]]``.

    Raises:
        FormulaError: a word that is no such assignment, a name that is given twice, a number that is not finite.

    >>> read_assignments(["x=2", "w=-3", "b=1/2"])
    {'x': 2.0, 'w': -3.0, 'b': 0.5}
    >>> read_assignments(["W=[[1,2],[3,4]]"])
    {'W': [[1.0, 2.0], [3.0, 4.0]]}
    """
    if isinstance(words, str):
        raise TypeError(f"values are given as a list of words, as ['w=-3', 'x=2'], got {words!r}")
    values: dict[str, Numbers] = {}
    for word in words:
        if not word.strip():
            raise FormulaError("an empty word where a value belongs: write x=2")
        if another := re.search(r"(?<=\S)\s*,\s*$|(?<=\S)[,;\s]\s*\w+\s*=(?!=)", word):
            raise FormulaError(
                "each value is a word of its own, with a space between two: w=-3 x=2", word, another.start()
            )
        if (unit := _UNIT.fullmatch(word)) and unit["unit"] not in CONSTANTS:
            raise FormulaError(f"numbers have no units: write {unit['number'].strip()}", word, unit.start("unit"))
        formula = parsed(word)
        if len(formula.names) != 1:
            raise FormulaError("a value is given as x=2: one name, `=`, one number, and no space between them", word, 0)
        (name,) = formula.names
        if formula.inputs:
            what = formula.inputs[0]
            finite = what.lower() in ("nan", "inf", "infinity")
            raise FormulaError(
                f"`{shown(what)}` is {'not finite' if finite else 'no number'}", word, formula.places[what]
            )
        if name in values:
            raise FormulaError(f"`{shown(name)}` is given twice", word, 0)
        run = Run(word, {}, Value, gives_array=True)
        run.all(formula.steps)
        values[name] = run.output.data
    return values


_UNIT = re.compile(
    r"(?P<number>[^=]*=\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)[*\s]*(?P<unit>[^\W\d_]+(?:[/·*^²³⁻]\S*)?)\s*"
)
"""A value with a unit, as ``L=1m`` or ``v=3.5 m/s``."""
