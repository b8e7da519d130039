"""The entries of a vector or matrix as a page prints it: ``[[0.1, 0.2], [0.3, _]]``, ``_`` for what is not printed."""

from __future__ import annotations

import re
from typing import NamedTuple

from autograd_tiny.text.words import quoted

NOT_PRINTED = "_"
_ROW = r"\[[^][]*\]"
_MATRIX = re.compile(rf"\s*\[\s*{_ROW}(?:\s*,\s*{_ROW})*\s*,?\s*\]\s*")
_GOES_ON = re.compile(r"\]\s*(?:[-+*/@·×⊙ᵀ(−÷]|\.T\b)")
_VECTOR = re.compile(rf"\s*{_ROW}\s*")


class Cell(NamedTuple):
    """One entry.

    Attributes:
        place: its row and column, or its place in a vector.
        text: what is printed.
        span: where in the text it stands.
    """

    place: tuple[int, ...]
    text: str
    span: tuple[int, int]


class Cells(NamedTuple):
    """The entries that are printed.

    Attributes:
        shape: of the whole.
        printed: all but those that are not printed.
    """

    shape: tuple[int, ...]
    printed: list[Cell]


def is_array_text(text: str) -> bool:
    """Whether a text prints a vector or a matrix, and is no formula that begins with one.

    >>> is_array_text("[[1, 2], [3, 4]]"), is_array_text("[1, 2] @ X"), is_array_text("[[1], [2]].T")
    (True, False, False)
    """
    return text.lstrip().startswith("[") and not _GOES_ON.search(text)


def read_cells(text: str) -> Cells:
    """The entries of a vector or a matrix.

    Raises:
        ValueError: brackets that do not match, rows of different lengths, three dimensions, an empty place.

    >>> read_cells("[[0.1, 0.2], [0.3, _]]").shape, [cell.text for cell in read_cells("[1.5, _, 2]").printed]
    ((2, 2), ['1.5', '2'])
    """
    is_matrix = bool(_MATRIX.fullmatch(text))
    if not is_matrix and not _VECTOR.fullmatch(text):
        if re.match(r"\s*\[\s*\[\s*\[", text):
            raise ValueError(f"{quoted(text)} has three dimensions; a vector has one, a matrix two")
        wanted = f"write [1.5, 2] or [[1, 2], [3, 4]], and {NOT_PRINTED} for what is not printed"
        raise ValueError(f"{quoted(text)} is no vector and no matrix; {wanted}")
    rows = [_row(match[0], match.start()) for match in re.finditer(_ROW, text)]
    for number, row in enumerate(rows):
        if len(row) != len(rows[0]):
            lengths = f"row 0 has length {len(rows[0])}, row {number} has length {len(row)}"
            raise ValueError(f"{quoted(text)} is ragged: {lengths}; write {NOT_PRINTED} for what is not printed")
    places = [((i, j) if is_matrix else (j,), *cell) for i, row in enumerate(rows) for j, cell in enumerate(row)]
    printed = [Cell(place, cell, span) for place, cell, span in places if cell != NOT_PRINTED]
    if not printed:
        raise ValueError(f"{quoted(text)} prints no number")
    if blank := next((cell for cell in printed if not cell.text), None):
        raise ValueError(
            f"{quoted(text)}: nothing stands at {list(blank.place)}; write {NOT_PRINTED} for what is not printed"
        )
    return Cells((len(rows), len(rows[0])) if is_matrix else (len(rows[0]),), printed)


def _row(text: str, start: int) -> list[tuple[str, tuple[int, int]]]:
    """The entries in one pair of brackets, each with where it stands; a comma may stand behind the last one."""
    found, at = [], start + 1
    for part in text[1:-1].split(","):
        cell, first = part.strip(), at + len(part) - len(part.lstrip())
        found.append((cell, (first, first + len(cell))))
        at += len(part) + 1
    return found[:-1] if len(found) > 1 and not found[-1][0] else found
