"""Where in a TOML file each value stands; the reader of the standard library does not say."""

from __future__ import annotations

import re
import sys

from autograd_tiny.text.excerpts import Excerpt, Spot, whole

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Place = tuple["str | int", ...]
"""Where a value stands in what was read: ``("section", 1, "claims", 0)``."""

_TOKEN = re.compile(
    r'''(?P<blank> [ \t\r]+ | \#[^\n]* )
      | (?P<end> \n )
      | (?P<string> """(?:\\.|(?!""").)*"{3,5} | \'\'\'(?:(?!\'\'\').)*'{3,5} | "(?:\\.|[^"\\\n])*" | '[^'\n]*' )
      | (?P<sign> [][{}=,.] )
      | (?P<bare> [^][{}=,.\s\#"']+ )''',
    re.VERBOSE | re.DOTALL,
)
_PIECE = re.compile(r"\\[ \t]*\n\s*|\\u.{4}|\\U.{8}|\\.|.", re.DOTALL)


class TomlLines:
    """The lines and columns of the values of a file.

    Args:
        source: a file that is TOML, or TOML as a part of another file, whose lines these then are.

    >>> TomlLines("[a]\\nb = 1\\n[[c]]\\nb = 2\\n[[c]]\\nb = [\\n'x']").line("c", 1, "b", 0)
    7
    """

    def __init__(self, source: str | Excerpt) -> None:
        self._source = whole(source) if isinstance(source, str) else source
        self._starts: dict[Place, int] = {}
        self._strings: dict[Place, re.Match[str]] = {}
        self._tokens = [match for match in _TOKEN.finditer(self._source.text) if match.lastgroup != "blank"]
        self._at = 0
        self._tables: dict[Place, int] = {}  # how many there are of each array of tables
        table: Place = ()
        while self._at < len(self._tokens):
            if self._taken("\n"):
                continue
            if self._taken("["):
                is_one_of_many = self._taken("[")
                start = self._start()
                table = self._resolved(self._key(), is_one_of_many)
                self._starts.setdefault(table, start)
                self._at += 1 + is_one_of_many
            else:
                self._pair(table)

    def line(self, *place: str | int) -> int | None:
        """The line of a value, counted from 1; that of its key, where it has one.  None without such a value."""
        start = self._starts.get(place)
        return None if start is None else self._source.line(start)

    def string(self, *place: str | int) -> tuple[int, int] | None:
        """Where a value that is a string begins in the text, with its quotes, and where it ends.  None without one."""
        match = self._strings.get(place)
        return None if match is None else match.span()

    def spot(self, *place: str | int) -> Spot | None:
        """Where in the file a value that is a string stands, with its quotes.  None where there is none.

        >>> TomlLines("claims = [\\n  'z = 1', 'y = 2']").spot("claims", 1)
        Spot(line=2, column=12, end_line=2, end_column=19)
        """
        span = self.string(*place)
        return None if span is None else self._source.spot(*span)

    def lines_in(self, *place: str | int) -> tuple[int, ...]:
        """For each line of a value that is a string, the line of the file that it begins on.

        >>> TomlLines("a = 1\\nb = '''\\none\\ntwo'''").lines_in("b")
        (3, 4)
        """
        match = self._strings.get(place)
        if match is None:
            return ()
        quotes = 3 if match[0][:3] in ('"""', "'''") else 1
        start, inside = match.start() + quotes, match[0][quotes:-quotes]
        if quotes == 3 and inside.startswith("\n"):
            start, inside = start + 1, inside[1:]
        pieces = _PIECE.finditer(inside) if match[0][0] == '"' else re.finditer(".", inside, re.DOTALL)
        ends = [piece.end() for piece in pieces if piece[0] in ("\n", r"\n")]
        return tuple(self._source.line(start + end) for end in (0, *ends))

    def _start(self) -> int:
        return self._tokens[self._at].start()

    def _taken(self, text: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at][0] == text
        self._at += found
        return found

    def _key(self) -> Place:
        """A key with its dots, which may be quoted in part."""
        parts: list[str | int] = []
        while True:
            token = self._tokens[self._at]
            self._at += 1
            parts.append(next(iter(tomllib.loads(f"{token[0]} = 0"))) if token.lastgroup == "string" else token[0])
            if not self._taken("."):
                return tuple(parts)

    def _resolved(self, key: Place, is_one_of_many: bool) -> Place:
        """The table that a header begins: of an array of tables, the next one; above it, the one that came last."""
        place: Place = ()
        for i, part in enumerate(key):
            place += (part,)
            if is_one_of_many and i == len(key) - 1:
                self._tables[place] = self._tables.get(place, 0) + 1
            if place in self._tables:
                place += (self._tables[place] - 1,)
        return place

    def _pair(self, table: Place) -> None:
        start = self._start()
        place = table
        for part in self._key():
            place += (part,)
            self._starts.setdefault(place, start)
        self._at += 1
        self._value(place)

    def _value(self, place: Place) -> None:
        """A value, and in it those of an array or of a table in one line."""
        self._starts.setdefault(place, self._start())
        if self._tokens[self._at].lastgroup == "string":
            self._strings[place] = self._tokens[self._at]
            self._at += 1
        elif self._taken("["):
            number = 0
            while not self._taken("]"):
                if not self._taken("\n") and not self._taken(","):
                    self._value((*place, number))
                    number += 1
        elif self._taken("{"):
            while not self._taken("}"):
                if not self._taken("\n") and not self._taken(","):
                    self._pair(place)
        else:
            while self._at < len(self._tokens) and self._tokens[self._at][0] not in ("\n", ",", "]", "}"):
                self._at += 1
