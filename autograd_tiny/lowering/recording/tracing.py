"""Tracing: a user's function is called with formulas in place of numbers, and its result records what it computes.

Whatever would need a number while the formula is recorded (a branch, ``float(x)``, ``x.data``) is an error that names
the user's line: compiled in silence, it would be right for one sample only.
"""

from __future__ import annotations

import linecache
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from autograd_tiny.engine.contents import walk
from autograd_tiny.engine.graph import Node
from autograd_tiny.engine.refusals import (
    FORMULAS_ONLY,
    ChoiceRefusedError,
    FormulaRefusedError,
    ValueRefusedError,
    switched_on,
)
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.text.numbers import as_whole
from autograd_tiny.text.words import listed

PACKAGE = str(Path(__file__).parent.parent.parent)

# What to write instead of what was refused; an AttributeError of a formula asks for one of the attributes.
OUTSIDE = (
    "a compiled function knows only its own arguments: declare the Value as a parameter, or use v.data to build its "
    "number in"
)
REMEDIES: dict[type[Exception], str] = {
    ChoiceRefusedError: "a compiled program has no branches: use where(condition, x, y), maximum, minimum or relu",
    FormulaRefusedError: "there is no number yet: use the functions of autograd_tiny, "
    "and pass what must be a number in from outside",
    ValueRefusedError: OUTSIDE,
}
ATTRIBUTES = {
    "data": "there is no number yet: keep computing with the operand itself, or pass the number in as a parameter",
    "grad": "there is no gradient yet: value_and_grad of the compiled program gives it",
}


TAKEN_FOR_A_LIST = (
    r"Expression.*\b(len|iterable|subscriptable|item)\b|iterable,? (not )?Expression|\blists?\b.*Expression"
)
"""What Python says, or we, where a formula stands for a single number and a list is needed."""
TAKEN_FOR_NUMBERS = r"'list'|\bnot list\b|positional argument"
"""What Python says where a list of formulas stands for numbers, and one is needed."""


@contextmanager
def remedied(pattern: str, remedy: str) -> Iterator[None]:
    """An error of Python's own in which the pattern is found is raised as a TypeError that says what to do."""
    try:
        yield
    except (AttributeError, TypeError) as error:
        if type(error) not in (AttributeError, TypeError) or error.__cause__ or not re.search(pattern, str(error)):
            raise
        raise TypeError(f"{error}; {remedy}") from error


def symbols(given: int | Sequence[Any], name: str) -> list[Expression]:
    """Variables ``name[0]``, ``name[1]``, ...: as many as are asked for, or one for each thing given, with its label.

    >>> symbols(2, "theta")
    [Expression('theta[0]'), Expression('theta[1]')]
    >>> symbols(["w", "b"], "theta")
    [Expression('w'), Expression('b')]

    Raises:
        TypeError: something else is given.
        ValueError: one name is given twice; labels of Values may be alike.
    """
    count = as_whole(given)
    if count is not None and count >= 0:
        labels = [""] * count
    elif isinstance(given, Sequence) and not isinstance(given, str):
        labels = [x if isinstance(x, str) else getattr(x, "label", "") for x in given]
        if repeated := [x for x, times in Counter(x for x in given if isinstance(x, str)).items() if times > 1]:
            raise ValueError(f"{name}: {listed(repeated, 6)} names more than one input; give each a name of its own")
    else:
        raise TypeError(f"{name}: expected how many there are, or a list of Values or names, got {given!r}")
    return [Expression(label or f"{name}[{i}]") for i, label in enumerate(labels)]


def trace(function: Callable[..., Any], *arguments: Any, **by_name: Any) -> Any:
    """What ``function`` computes from its arguments, which are Expressions or hold them: an Expression, or a
    container of them.

    Raises:
        TypeError: the function needs a number where there is none yet, uses a Value that is no argument, or returns
            something that is no formula; the message names the line.
    """
    try:
        with switched_on(FORMULAS_ONLY):
            result = function(*arguments, **by_name)
    except (AttributeError, TypeError) as error:
        if not (remedy := _remedy(error)):
            raise
        raise TypeError(f"{_user_line(error.__traceback__) or described(function)}: {error}; {remedy}") from error
    parts = [part for _, part in walk(result)]
    for part in parts:
        if not isinstance(part, Expression):
            raise TypeError(
                f"{described(function)} must return what it computes from its arguments, but returned {_shown(part)}"
            )
    if not parts:
        raise TypeError(f"{described(function)} returned no result")
    return result


def _shown(part: Any) -> str:
    if part is None:
        return "None; is a return missing?"
    if isinstance(part, Node):
        return f"the {type(part).__name__} {part!r}, which does not depend on them; {OUTSIDE}"
    return f"{part!r}, which does not depend on them"


def described(function: Callable[..., Any]) -> str:
    """Where a function stands, and its name."""
    code = getattr(function, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}: {code.co_name}" if code else repr(function)


def _remedy(error: AttributeError | TypeError) -> str:
    """What to write instead, by the type of the error; nothing for an error of the user's own."""
    if isinstance(error, AttributeError):
        return ATTRIBUTES.get(error.name or "", "") if isinstance(error.obj, Expression) else ""
    return REMEDIES.get(type(error), "")


def _user_line(traceback: TracebackType | None) -> str:
    """File, number and text of the line with the innermost call outside this package; empty if all is built in."""
    place: tuple[str, int] | None = None
    while traceback:
        file = traceback.tb_frame.f_code.co_filename
        if not file.startswith(PACKAGE):
            place = file, traceback.tb_lineno
        traceback = traceback.tb_next
    if place is None:
        return ""
    source = linecache.getline(*place).strip()
    return f"{place[0]}:{place[1]}" + (f": {source}" if source else "")
