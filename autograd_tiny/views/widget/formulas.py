"""Explanations as small MathML: lines to be aligned at the equals sign, in which nothing is written twice."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from html import escape
from typing import NamedTuple, Union
from xml.etree.ElementTree import Element, fromstring

from autograd_tiny.views.explain import Explanation
from autograd_tiny.views.mathml import PLACE, converted, place_of, template

_SHARED = {"mfrac", "msub", "msup", "msqrt", "mi", "mn", "mo", "mtext"}

Piece = tuple[Union[str, int, "Piece"], ...]
"""Markup in pieces: as it is, the number of a place in the template, or, in pieces of its own, what is shared."""


class WrittenFormula(NamedTuple):
    """One explanation.

    Attributes:
        lines: of MathML, each as what stands left of the equals sign and the rest; the left of a further line is empty.
            ``&12;`` stands for part 12.
        latex: the same, to be copied.
    """

    lines: list[tuple[str, str]]
    latex: str


class FormulaWriter:
    """Writes formulas that share their parts.

    The chain rule repeats itself: the same derivative stands in the formula of a step and in the sums of many nodes.
    So each fraction, name and sign is a part, written once.  In well-formed markup no text looks like ``&12;``.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    @property
    def parts(self) -> list[str]:
        """The markup of each part; ``&3;`` in it stands for an earlier one."""
        return list(self._numbers)

    def write(self, explanation: Explanation) -> WrittenFormula:
        """An explanation with its parts shared."""
        return WrittenFormula(
            [self._line(f"{left} {right}") for left, right in explanation.latex_lines], explanation.latex
        )

    def _line(self, latex: str) -> tuple[str, str]:
        line, texts = template(latex)
        left, right = _halves(line)
        texts = [escape(text, quote=False) for text in texts]
        return self._filled(left, texts), self._filled(right, texts)

    def _filled(self, piece: Piece, texts: list[str]) -> str:
        return "".join(
            [x if isinstance(x, str) else texts[x] if isinstance(x, int) else self._part(x, texts) for x in piece]
        )

    def _part(self, piece: Piece, texts: list[str]) -> str:
        return f"&{self._numbers.setdefault(self._filled(piece, texts), len(self._numbers))};"


@lru_cache(maxsize=4096)
def _halves(line: str) -> tuple[Piece, Piece]:
    """What stands left of the equals sign of a template, and the rest."""
    (row,) = fromstring(converted(line))  # whatever stands in the line
    _simplify(row)
    terms = list(row)
    middle = next((i for i, term in enumerate(terms) if (term.tag, term.text) == ("mo", "=")), 0)
    if terms[middle].tag == "mo":
        terms[middle].set("form", "infix")  # though it comes first in its half of the line
    return _pieces(terms[:middle]), _pieces(terms[middle:])


def _pieces(elements: Iterable[Element]) -> Piece:
    pieces: list[str | int | Piece] = []
    for element in elements:
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in element.items())
        content = _text(element), *_pieces(element)
        whole = f"<{element.tag}{attributes}>", *content, f"</{element.tag}>"
        pieces += [whole] if element.tag in _SHARED else whole
    return tuple(pieces)


def _text(element: Element) -> str | int:
    text = escape(element.text or "", quote=False)
    found = PLACE.search(f"<{element.tag}>{text}</{element.tag}>")
    return place_of(found) if found else text


def _simplify(element: Element) -> None:
    """Drop namespaces and what a browser knows by itself, and say where a minus is a sign and not a difference."""
    element.tag = element.tag.rpartition("}")[2]
    previous: Element | None = None
    for i, child in enumerate(list(element)):
        _simplify(child)
        if child.tag == "mrow" and len(child) == 1:
            element[i] = child = child[0]
        if child.tag == "mo":
            is_fixed = child.get("stretchy") == "false"
            child.attrib.clear()
            if is_fixed and child.text in ("(", ")"):
                child.set("stretchy", "false")
            if child.text == "−" and (previous is None or (previous.tag == "mo" and previous.text != ")")):
                child.set("form", "prefix")
        previous = child
