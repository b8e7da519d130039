"""A class's answers as CSV: read as text and never evaluated, and written so that no program evaluates them either."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from autograd_tiny.storage.files import decoded, read_bytes
from autograd_tiny.text.words import quoted

DELIMITERS = (",", ";", "\t")
_WITH_COMMA = re.compile(r"[+\-−]?\d*,\d+([eE][+-]?\d+)?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""With these a spreadsheet takes a cell for a formula; OWASP, CSV Injection."""


class SheetError(ValueError):
    """What is wrong with a sheet of answers, and in which line."""


class Row(NamedTuple):
    """One line of a sheet: its number in the file, and its cells, as many as the header has."""

    line: int
    cells: tuple[str, ...]


class Sheet:
    """A table of answers: a header, then a row per person.

    Columns are separated by commas, semicolons or tabs, whichever gives the header most of them.  Where it is not commas, a comma
    in a number is a decimal comma.

    Args:
        data: the file.
        name: of the file, for errors.
        encoding: of the text; UTF-8 if not given, or UTF-16 where a byte order mark says so.

    Attributes:
        header: what stands above the columns, without spaces around.
        delimiter: what separates them.
        has_mark: whether a byte order mark stands before all, by which spreadsheets know UTF-8.

    Raises:
        SheetError: it is no text in this encoding, has no header, or two columns of one name.

    >>> sheet = Sheet("name;z\\nAda;0,5\\nBob;\\n".encode(), "class.csv")
    >>> sheet.header, [row.cells for row in sheet.rows()], sheet.number("0,5")
    (('name', 'z'), [('Ada', '0,5'), ('Bob', '')], '0.5')
    """

    def __init__(self, data: bytes, name: str, encoding: str = "") -> None:
        self.name = name
        self.has_mark = data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        self._text = _text(data, name, encoding)
        header = self._text.partition("\n")[0]
        self.delimiter = max(DELIMITERS, key=header.count)
        self.header: tuple[str, ...] = ()
        for cells in self._records():
            self.header = tuple([cell.strip() for cell in cells.cells])
            break
        if not any(self.header):
            raise SheetError(f"{name}: the first line names the columns, and there is none")
        for i, column in enumerate(self.header):
            if column and column in self.header[:i]:
                raise SheetError(f"{name}, line 1: two columns are called {quoted(column)}; give each a name of its own")

    def _records(self) -> Iterator[Row]:
        reader = csv.reader(io.StringIO(self._text, newline=""), delimiter=self.delimiter, strict=True)
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield Row(reader.line_num, tuple(cells))
        except csv.Error as error:
            raise SheetError(f"{self.name}, line {reader.line_num}: {error}; write it as a spreadsheet exports CSV") from None

    def rows(self) -> Iterator[Row]:
        """The rows below the header; a short one ends with blanks, and lines without anything are passed over.

        Raises:
            SheetError: a row has more cells than the header.
        """
        wide = len(self.header)
        records = self._records()
        next(records, None)
        for row in records:
            cells = row.cells
            if any(cell.strip() for cell in cells[wide:]):
                raise SheetError(f"{self.name}, line {row.line}: {len(cells)} cells, but the header has {wide}; is one split in two?")
            yield Row(row.line, cells[:wide] + ("",) * (wide - len(cells)))

    def number(self, cell: str) -> str:
        """A cell as a number is written elsewhere: with a decimal point, without spaces around."""
        cell = cell.strip()
        return cell.replace(",", ".") if self.delimiter != "," and _WITH_COMMA.fullmatch(cell) else cell

    def written(self, records: Iterable[Sequence[str]]) -> str:
        """Rows as text of the same kind of table, with no cell that a spreadsheet would evaluate."""
        file = io.StringIO(newline="")
        csv.writer(file, delimiter=self.delimiter).writerows([harmless(cell) for cell in cells] for cells in records)
        return ("\ufeff" if self.has_mark else "") + file.getvalue()


def read_sheet(path: Path, encoding: str = "") -> Sheet:
    """Read a sheet from a file; the errors are those of `Sheet`, and OSError."""
    return Sheet(read_bytes(path), path.name, encoding)


def _text(data: bytes, name: str, encoding: str) -> str:
    try:
        if encoding:
            text = data.decode(encoding).removeprefix("\ufeff")
        elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text = data.decode("utf-16")
        else:
            text = decoded(data)
    except LookupError:
        raise SheetError(f"there is no encoding {encoding!r}; usual ones are utf-8, cp1252 and latin-1") from None
    except UnicodeError as error:
        raise SheetError(f"{name}: this is no text in {encoding or 'UTF-16'}: {error}") from None
    except ValueError as error:
        raise SheetError(f"{name}: {error}, or say what it is, --encoding cp1252") from None
    if "\0" in text:
        raise SheetError(f"{name}: this is no table of text, as it has zero bytes; export it as CSV in UTF-8")
    return text


def harmless(cell: str) -> str:
    """A cell with an apostrophe before what a spreadsheet would take for a formula; numbers stay as they are.

    >>> harmless("=1+1"), harmless("-0.5"), harmless("-1+cmd")
    ("'=1+1", '-0.5', "'-1+cmd")
    """
    return "'" + cell if cell.lstrip(" ").startswith(_STARTS_A_FORMULA) and not _NUMBER.fullmatch(cell.strip(" ")) else cell
