"""Pages inside Markdown: fenced blocks named ``backprop``, also in the cells of a notebook.

Fences are those of CommonMark 0.31, section 4.5.  A block may be quoted or indented, as in a list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from autograd_tiny.marking.page import PageError
from autograd_tiny.storage.jsons import read_json
from autograd_tiny.text.excerpts import Excerpt

_FENCE = re.compile(r"(?P<prefix>[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)?)(?P<fence>`{3,}(?!.*`)|~{3,})(?P<info>.*)")
_JSON_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}:,]')
_JSON_CHARACTER = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\.|.", re.DOTALL)


def blocks(source: Excerpt, file: str) -> Iterator[Excerpt]:
    """What stands in each fenced block of a Markdown text whose info string has the word ``backprop``.

    A block inside a longer fence is the quotation of a block, and none itself.

    Args:
        source: the text.
        file: the name of the file, for errors.

    Raises:
        PageError: a block has no end.
    """
    opened: re.Match[str] | None = None
    begins, inside = 0, list[tuple[int, int]]()
    for line in re.finditer(r"[^\n]*\n|[^\n]+", source.text):
        fence = _FENCE.fullmatch(line[0].rstrip("\n"))
        if opened is None:
            opened, begins, inside = fence, line.start(), []
        elif (
            fence
            and fence["fence"].startswith(opened["fence"])
            and not fence["info"].strip()
            and not fence["prefix"].strip(" \t>")
        ):
            if _is_page(opened):
                yield source.part(inside)
            opened = None
        else:
            margin = min(len(opened["prefix"]), len(line[0]) - len(line[0].lstrip(" \t>")))
            inside.append((line.start() + margin, line.end()))
    if opened is not None and _is_page(opened):
        raise PageError(
            file, "the block named backprop that begins here has no end; close it as it was opened", source.line(begins)
        )


def _is_page(fence: re.Match[str]) -> bool:
    return "backprop" in re.findall(r"[\w-]+", fence["info"])


def markdown_cells(source: Excerpt, file: str) -> Iterator[Excerpt]:
    """The text of each Markdown cell of a notebook.

    Args:
        source: the notebook as it is stored, JSON.
        file: the name of the file, for errors.

    Raises:
        PageError: it is no notebook.
    """
    try:
        content = read_json(source.text)
    except ValueError as error:
        raise PageError(file, f"this is no notebook: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        raise PageError(
            file, "this is no notebook of today, as it has no list of cells; open it in Jupyter and save it again"
        )
    strings = _strings(source.text)
    for number, cell in enumerate(content["cells"]):
        if isinstance(cell, dict) and cell.get("cell_type") == "markdown":
            spans = [span for place, span in strings.items() if place[:3] == ("cells", number, "source")]
            yield _spoken(source, spans)


def _strings(text: str) -> dict[tuple[str | int | None, ...], tuple[int, int]]:
    """The strings in JSON that are values: where in the data each is, and its span in the text, with its quotes."""
    found: dict[tuple[str | int | None, ...], tuple[int, int]] = {}
    # The key or the number in each container that is open; None where a key comes next.
    place: list[str | int | None] = []
    for token in _JSON_TOKEN.finditer(text):
        sign, last = token[0], place[-1] if place else 0
        if sign in "[{":
            place.append(0 if sign == "[" else None)
        elif sign in "]}":
            place.pop()
        elif sign == ",":
            place[-1] = last + 1 if isinstance(last, int) else None
        elif sign != ":" and last is None:
            place[-1] = json.loads(sign)
        elif sign != ":":
            found[tuple(place)] = token.span()
    return found


def _spoken(source: Excerpt, spans: list[tuple[int, int]]) -> Excerpt:
    """The strings at these places one after the other, as the text that they stand for."""
    characters = [match for start, end in spans for match in _JSON_CHARACTER.finditer(source.text, start + 1, end - 1)]
    pieces = [(json.loads(f'"{match[0]}"') if match[0][0] == "\\" else match[0], match.start()) for match in characters]
    return source.spelled(pieces, characters[-1].end() if characters else 0)
