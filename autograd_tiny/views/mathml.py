"""Lines of LaTeX as MathML.  Lines that differ in nothing but words and numbers are one template, which is converted once.

Words are labels, and so anybody's text: in LaTeX that is to be converted they are hidden as hexadecimal digits.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from typing import Literal

from autograd_tiny.symbols.latex import latex_upright


def hidden(word: str) -> str:
    """A word as it stands in LaTeX until that is converted."""
    shown = _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", " ".join(word.split()))
    return rf"\text{{hex{shown.encode().hex()}hex}}"


def revealed(latex: str) -> str:
    """LaTeX for people, its words in upright letters.

    >>> revealed(hidden("50 %") + " + 1")
    '\\\\mathrm{50\\\\ \\\\%} + 1'
    """
    return _WORD.sub(lambda match: latex_upright(_word(match[1])), latex)


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
    """LaTeX in MathML; of a template, in which `PLACE` finds the places.  Lines that are ``aligned`` are the rows of a table."""
    from latex2mathml.converter import convert

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
