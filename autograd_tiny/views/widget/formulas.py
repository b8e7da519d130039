"""Explanations as small MathML: lines to be aligned at the equals sign, in which nothing is written twice."""

from __future__ import annotations

from html import escape
from typing import NamedTuple
from xml.etree.ElementTree import Element, fromstring

from autograd_tiny.views.explain import Explanation

_SHARED = {"mfrac", "msub", "msup", "msqrt", "mi", "mn", "mo", "mtext"}


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

    The chain rule repeats itself: the same derivative stands in the formula of a step and in the sums of many nodes.  So
    each fraction, name and sign is a part, written once.  In well-formed markup no text looks like ``&12;``.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    @property
    def parts(self) -> list[str]:
        """The markup of each part; ``&3;`` in it stands for an earlier one."""
        return list(self._numbers)

    def write(self, explanation: Explanation) -> WrittenFormula:
        """An explanation with its parts shared."""
        return WrittenFormula([self._line(line) for line in explanation.mathml.splitlines()], explanation.latex)

    def _line(self, mathml: str) -> tuple[str, str]:
        math = fromstring(mathml)
        _simplify(math)
        terms = list(math[0]) if len(math) == 1 and math[0].tag == "mrow" else list(math)
        middle = next((i for i, term in enumerate(terms) if (term.tag, term.text) == ("mo", "=")), 0)
        if terms[middle].tag == "mo":
            terms[middle].set("form", "infix")  # though it comes first in its half of the line
        return "".join(map(self._written, terms[:middle])), "".join(map(self._written, terms[middle:]))

    def _written(self, element: Element) -> str:
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in element.items())
        content = escape(element.text or "", quote=False) + "".join(map(self._written, element))
        markup = f"<{element.tag}{attributes}>{content}</{element.tag}>"
        return f"&{self._numbers.setdefault(markup, len(self._numbers))};" if element.tag in _SHARED else markup


def _simplify(element: Element) -> None:
    """Drop namespaces and what a browser knows by itself, and say where a minus is a sign and not a difference."""
    element.tag = element.tag.rpartition("}")[2]
    previous: Element | None = None
    for i, child in enumerate(list(element)):
        _simplify(child)
        if child.tag == "mrow" and len(child) == 1:
            element[i] = child = child[0]
        if child.tag == "mo":
            child.attrib.clear()
            if child.text == "−" and (previous is None or (previous.tag == "mo" and previous.text != ")")):
                child.set("form", "prefix")
        previous = child
