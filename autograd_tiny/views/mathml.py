"""Lines of LaTeX as MathML.

Lines that differ in nothing but words and numbers are one template, which is converted once.

Words are labels, and so anybody's text: in LaTeX that is to be converted they are hidden as hexadecimal digits.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from typing import Literal

from autograd_tiny.engine.row import ATOM, LEVELS
from autograd_tiny.symbols.expression import Term
from autograd_tiny.symbols.latex import latex_upright


def hidden(word: str) -> str:
    """A word as it stands in LaTeX until that is converted."""
    shown = _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", " ".join(word.split()))
    return rf"\text{{hex{shown.encode().hex()}hex}}"


class Place(float):
    """A number that is written as a place, to be filled in by whoever shows it: a page whose numbers move.

    It computes as the float it is, and counts as true even where it is 0 now.

    Attributes:
        called: what stands for it, a letter and numbers.

    >>> x = Place(0.5, "d3")
    >>> x + 1.0, x.place() == "\x7fd3\x7f", bool(Place(0.0, "d3"))
    (1.5, True, True)
    """

    called: str

    def __new__(cls, x: float, called: str) -> Place:
        place = super().__new__(cls, x)
        place.called = called
        return place

    def __bool__(self) -> bool:
        return True

    def place(self, least: int | str = "") -> str:
        """The place in a text; in a formula with the least level at which it needs no brackets."""
        return f"{_MARK}{self.called}{least and ','}{least}{_MARK}"

    def as_term(self) -> Term:
        """How it stands in LaTeX."""
        return _PlaceTerm(self)


class _PlaceTerm(Term):
    """A place, which leaves brackets to whoever fills it in: only then is it known whether the number is negative."""

    def __init__(self, place: Place) -> None:
        super().__init__(hidden(place.place()), ATOM, ("", ""))
        self._place = place

    def __format__(self, least: str) -> str:
        return hidden(self._place.place(LEVELS[least] if least else ""))


def revealed(latex: str) -> str:
    """LaTeX for people, its words in upright letters; places stay places.

    >>> revealed(hidden("50 %") + " + 1")
    '\\\\mathrm{50\\\\ \\\\%} + 1'
    """

    def shown(match: re.Match[str]) -> str:
        word = _word(match[1])
        return word if _WHOLE_PLACE.fullmatch(word) else latex_upright(word)

    return _WORD.sub(shown, latex)


def shortened_places(latex: str) -> str:
    """A line with its places as long as the numbers that they stand for, about."""
    return _HIDDEN_PLACE.sub("0.0000", latex)


def template(latex: str) -> tuple[str, list[str]]:
    """A line with a place for each word and number, and what stands in the places.

    >>> template("x_{2} = 0.5")
    ('x_{0000} = 0001', ['2', '0.5'])
    """
    texts: list[str] = []

    def place(match: re.Match[str]) -> str:
        number = len(texts)
        texts.append(match[0] if match[1] is None else _word(match[1]))
        return f"{_NUMBER}{number}" if match[1] is None else rf"\text{{hex{number}hex}}"

    return _WORD_OR_NUMBER.sub(place, latex), texts


@lru_cache(maxsize=4096)
def converted(latex: str, display: Literal["block", "inline"] = "block") -> str:
    """LaTeX in MathML; of a template, in which `PLACE` finds the places.  ``aligned`` lines are the rows of a table."""
    from latex2mathml.converter import convert

    if "{aligned}" not in latex:  # a branch has cells too, and stands on pages whose policy refuses styles of elements
        return str(convert(latex, display=display))
    written = latex.replace("{aligned}", "{align*}")  # the name by which it knows them
    return _CELL.sub(lambda match: f'{match[0]} style="{_ALIGNED[match[1]]}"', str(convert(written, display=display)))


def mathml(latex: str) -> str:
    """A line as a ``<math>`` element."""
    line, texts = template(latex)
    return PLACE.sub(lambda match: escape(texts[place_of(match)]), converted(line))


def place_of(match: re.Match[str]) -> int:
    """The number of a place that `PLACE` found."""
    return int(match[1] or match[2])


_NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARK = "\x7f"
"""Around a place.  On a page no label has it: as a control character it is made visible before."""

_WHOLE_PLACE = re.compile(rf"{_MARK}\w+(,\w+)?{_MARK}")
_HIDDEN_PLACE = re.compile(r"\\text\{hex7f[0-9a-f]*7fhex\}")
_CELL = re.compile(r'<mtd columnalign="(right|left)"')
_ALIGNED = {"right": "text-align: right; padding-right: 0", "left": "text-align: left; padding-left: 0"}
"""Browsers take from styles how a cell is aligned, and no longer from its attribute."""
_NUMBER = "000"
"""How a number begins that stands for another one."""
_WORD = re.compile(r"\\text\{hex([0-9a-f]*)hex\}")
_WORD_OR_NUMBER = re.compile(_WORD.pattern + r"|(?<![\w.^_\\])(?<!frac )\d+(?:\.\d+)?(?![\w.])")
PLACE = re.compile(rf"(?<=<mtext>)hex(\d+)hex(?=</mtext>)|(?<=<mn>){_NUMBER}(\d+)(?=</mn>)")


def _word(digits: str) -> str:
    return bytes.fromhex(digits).decode()
