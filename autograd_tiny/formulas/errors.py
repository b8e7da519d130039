"""What is wrong with a formula, and where."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from autograd_tiny.text.words import brief, listed

COMMA = "; write decimals with a point, 1.5"
LONGEST_SHOWN = 40  # of what a message quotes
LINE_END = re.compile(r"\r\n|\r|\n")


class FormulaError(ValueError):
    """What is wrong with a formula, and where.

    Attributes:
        message: what is wrong, in one line.
        line: where, counted from 1; None if it is nowhere in the text.
        column: where in that line, in characters, counted from 1.
        text: the line.

    >>> raise FormulaError("no such name", "y = w*x", 4)
    Traceback (most recent call last):
    autograd_tiny.formulas.errors.FormulaError: no such name
        y = w*x
            ^
    """

    def __init__(self, message: str, source: str = "", at: int | None = None) -> None:
        super().__init__(message, source, at)
        self.message = message
        self.line: int | None = None
        self.column: int | None = None
        self.text = ""
        self._shown = message
        if at is not None:
            before = LINE_END.split(source[:at])
            lines = LINE_END.split(source)
            self.line, self.column = len(before), len(before[-1]) + 1
            self.text = lines[self.line - 1]
            place = f"line {self.line}: " if len(lines) > 1 else ""
            self._shown = f"{place}{message}\n{with_caret(self.text, self.column - 1)}"

    def __str__(self) -> str:
        return self._shown


def with_caret(line: str, column: int, *, width: int = 100) -> str:
    """The line, or the part of it around the column, with a caret under the column."""
    start = max(0, column - width // 2) if len(line) > width else 0
    head, tail = line[start:column], line[column : start + width]
    shown = "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in head + tail)
    dots = "..." if start else ""
    cells = sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in head)
    return f"    {dots}{shown}{'...' if start + width < len(line) else ''}\n    {' ' * (len(dots) + cells)}^"


def shown(text: str) -> str:
    """A part of a formula in a message, shortened."""
    return brief(text, LONGEST_SHOWN)


def names_shown(names: Sequence[str]) -> str:
    """Some names in a message."""
    return listed([f"`{shown(name)}`" for name in names], 5)
