"""A class's answers as CSV: read as text and never evaluated, and written so that no program evaluates them either."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from autograd_tiny.marking.forms.printed import read_back
from autograd_tiny.storage.files import opened
from autograd_tiny.text.words import quoted

DELIMITERS = (",", ";", "\t", "|")
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
"""Byte order marks, and the encoding that each stands for."""
_GROUPS = r"\d{1,3}(?:\.\d{3})+|\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+"
_WITH_COMMA = re.compile(rf"\D*(?:\d*|{_GROUPS}),\d[^,.]*(?:\.\.\.)?\s*%?")
"""A decimal comma, perhaps with points or spaces between thousands before it."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_STARTS_A_FORMULA = re.compile(r"(^|[,;|\t\r\n])([\s\"']*)(?=[=+\-@\t\r＝＋－＠])")
"""What stands before a cell that a spreadsheet takes for a formula: OWASP, CSV Injection.

It is one also where the spreadsheet separates cells by other signs.
"""


class SheetError(ValueError):
    """What is wrong with a sheet of answers, and in which line."""


class Row(NamedTuple):
    """One line of a sheet: its number in the file, and its cells, as many as the header has."""

    line: int
    cells: tuple[str, ...]


class Sheet:
    """A table of answers in a file: a header, then a row per person, of which one at a time is in memory.

    Columns are separated by commas, semicolons, tabs or bars, whichever gives the header most of them.  Where it is not
    commas, a comma in a number is a decimal comma.

    Args:
        path: the file.
        encoding: of the text; UTF-8 if not given, or what a byte order mark says.

    Attributes:
        name: of the file, for errors.
        header: what stands above the columns, without spaces around.
        delimiter: what separates them.
        has_mark: whether a byte order mark stands before all, by which spreadsheets know UTF-8.

    Raises:
        SheetError: it is no text in this encoding, has no header, or two columns of one name.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path, encoding: str = "") -> None:
        self.path, self.name = path, path.name
        with opened(path) as file:
            start = file.read(4)
        by_mark = next((name for mark, name in MARKS.items() if start.startswith(mark)), "")
        self.has_mark = bool(by_mark)
        self.encoding = encoding or by_mark or "utf-8"
        try:
            codecs.lookup(self.encoding)
        except LookupError:
            raise SheetError(f"there is no encoding {encoding!r}; usual ones are utf-8, cp1252 and latin-1") from None
        self.delimiter = ","
        with closing(self._lines()) as lines:
            self.delimiter = max(DELIMITERS, key=next(lines, "").count)
        with closing(self._records()) as records:
            self.header = tuple([cell.strip() for cell in next(records, Row(1, ())).cells])
        if not any(self.header):
            raise SheetError(f"{self.name}: the first line names the columns, and there is none")
        for i, column in enumerate(self.header):
            if column and column in self.header[:i]:
                raise SheetError(
                    f"{self.name}, line 1: two columns are called {quoted(column)}; give each a name of its own"
                )

    def _lines(self) -> Generator[str, None, None]:
        number = 0
        with io.TextIOWrapper(opened(self.path), self.encoding, newline="") as file:
            try:
                for number, line in enumerate(file, start=1):
                    if "\0" in line:
                        raise SheetError(
                            f"{self.name}: this is no table of text, as it has zero bytes; export it as CSV in UTF-8"
                        )
                    yield line.removeprefix("\ufeff") if number == 1 else line
            except UnicodeError as error:
                what = f"this is no text in {self.encoding}: {error}"
                remedy = "export it as CSV in UTF-8, or say what it is, --encoding cp1252"
                raise SheetError(f"{self.name}, after line {number}: {what}; {remedy}") from None

    def _records(self) -> Generator[Row, None, None]:
        with closing(self._lines()) as lines:
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
            try:
                for cells in reader:
                    if any(cell.strip() for cell in cells):
                        yield Row(reader.line_num, tuple(cells))
            except csv.Error as error:
                raise SheetError(
                    f"{self.name}, line {reader.line_num}: {error}; write it as a spreadsheet exports CSV"
                ) from None

    def rows(self) -> Iterator[Row]:
        """The rows below the header; a short one ends with blanks, and lines without anything are passed over.

        Raises:
            SheetError: a row has more cells than the header.
        """
        wide = len(self.header)
        with closing(self._records()) as records:
            next(records, None)
            for row in records:
                cells = row.cells
                if any(cell.strip() for cell in cells[wide:]):
                    raise SheetError(
                        f"{self.name}, line {row.line}: {len(cells)} cells, but the header has {wide}; "
                        "is one split in two?"
                    )
                yield Row(row.line, cells[:wide] + ("",) * (wide - len(cells)))

    def number(self, cell: str) -> str:
        """A cell as a number is written elsewhere: with a decimal point, without spaces around."""
        cell = cell.strip()
        if self.delimiter == "," or not _WITH_COMMA.fullmatch(cell):
            return cell
        whole, _, decimals = cell.partition(",")
        plain = f"{whole.replace('.', '')}.{decimals}"
        try:
            read_back(plain)
        except ValueError:  # as of a formula, max(0,5)
            return cell
        return plain

    def written(self, records: Iterable[Sequence[str]]) -> Iterator[str]:
        """Rows as text of the same kind of table, a piece per row, with no cell that a spreadsheet would evaluate."""
        file = io.StringIO(newline="")
        writer = csv.writer(file, delimiter=self.delimiter)
        file.write("\ufeff" if self.has_mark else "")
        for cells in records:
            writer.writerow(map(harmless, cells))
            yield file.getvalue()
            file.seek(0)
            file.truncate()


def harmless(cell: str) -> str:
    """A cell with an apostrophe before what a spreadsheet would take for a formula; numbers stay as they are.

    >>> harmless("=1+1"), harmless("-0.5"), harmless("-1+cmd"), harmless("Ada;@SUM(A1)")
    ("'=1+1", '-0.5', "'-1+cmd", "Ada;'@SUM(A1)")
    """
    return cell if _NUMBER.fullmatch(cell.strip(" ")) else _STARTS_A_FORMULA.sub(r"\1\2'", cell)
