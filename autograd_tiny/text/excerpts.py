"""Parts of a file as texts of their own, each of whose characters knows where in the file it stands."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_LINE_END = re.compile(r"\r\n|\r|\n")


class Spot(NamedTuple):
    """A stretch of a file: lines and columns from 1, columns in characters; the end is behind the last character."""

    line: int
    column: int
    end_line: int
    end_column: int


class Excerpt:
    r"""A text that was taken out of a file, with ``\n`` as line ends.

    Args:
        file: the whole text of the file as it stands, a byte order mark and any line ends included.
        text: what was taken out.
        offsets: where in the file each character of ``text`` begins, and last where it ends.

    >>> block = whole("> one\r\n> two\r\n").part([(2, 6), (8, 11)])
    >>> block.text, block.spot(4, 7), block.at(block.spot(4, 7))
    ('one\ntwo', Spot(line=2, column=3, end_line=2, end_column=6), (9, 12))
    """

    def __init__(self, file: str, text: str, offsets: Sequence[int]) -> None:
        self.file, self.text, self._offsets = file, text, offsets
        self._lines = [int(file.startswith("\ufeff")), *(match.end() for match in _LINE_END.finditer(file))]

    def part(self, ranges: Iterable[tuple[int, int]]) -> Excerpt:
        """Stretches of this text, from one place to before another, as one text."""
        ranges = list(ranges)
        text = "".join([self.text[start:end] for start, end in ranges])
        offsets = [self._offsets[i] for start, end in ranges for i in range(start, end)]
        return Excerpt(self.file, text, [*offsets, self._offsets[ranges[-1][1]] if ranges else 0])

    def spelled(self, characters: Sequence[tuple[str, int]], end: int) -> Excerpt:
        """What these characters say, of which each is written in this text from some place on, as a JSON string's are.

        Args:
            characters: each as it is meant, and where it begins here.
            end: where the last one ends here.
        """
        offsets = [self._offsets[at] for _, at in characters]
        return Excerpt(self.file, "".join([character for character, _ in characters]), [*offsets, self._offsets[end]])

    def line(self, at: int) -> int:
        """The line of the file that a character stands on."""
        return bisect_right(self._lines, self._offsets[at])

    def spot(self, start: int, end: int) -> Spot:
        """Where in the file a stretch of this text stands."""
        places = [self._offsets[start], self._offsets[end]]
        lines = [bisect_right(self._lines, place) for place in places]
        (line, column), (end_line, end_column) = [
            (line, place - self._lines[line - 1] + 1) for line, place in zip(lines, places)
        ]
        return Spot(line, column, end_line, end_column)

    def at(self, spot: Spot) -> tuple[int, int]:
        """From which character of the file to before which one a stretch goes."""
        return self._lines[spot.line - 1] + spot.column - 1, self._lines[spot.end_line - 1] + spot.end_column - 1


def whole(file: str) -> Excerpt:
    r"""All of a file as its own excerpt: without a byte order mark, and with ``\n`` as line ends."""
    start = int(file.startswith("\ufeff"))
    if "\r" not in file:
        return Excerpt(file, file[start:], range(start, len(file) + 1))
    found = list(re.finditer(r"\r\n|.", file[start:], re.DOTALL))
    text = "".join(["\n" if match[0][0] == "\r" else match[0] for match in found])
    return Excerpt(file, text, [*(start + match.start() for match in found), len(file)])
