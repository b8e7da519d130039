"""Equations as they are written: each way of writing in a style, in lines that are not too wide."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Container, Iterable, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from autograd_tiny.engine.graph import Node, all_nodes
from autograd_tiny.engine.row import PRODUCT, Notation, Primitive
from autograd_tiny.engine.table import mul
from autograd_tiny.symbols.expression import LATEX, READABLE, Expression, Style, Term, python_number, term
from autograd_tiny.symbols.latex import GREEK, latex_name, latex_number
from autograd_tiny.text.numbers import short_number
from autograd_tiny.views.mathml import hidden, revealed, shortened_places


def _never(*operands: float) -> float:
    raise TypeError("a derivative in symbols has no number")


partial_derivative = Primitive(
    "derivative", _never, (0.0, 0.0), symbol="∂/∂", doc="the derivative of x by y, as a symbol",
    text=Notation("∂{0:atom}/∂{1:atom}"), latex=Notation(r"\frac{{\partial {0}}}{{\partial {1}}}", PRODUCT),
)


def written_product(name: str, text: str, latex: str, doc: str) -> Primitive:
    """A product that is only written, in its own way."""
    return Primitive(name, mul.forward, mul.rule, text=Notation(text, PRODUCT), latex=Notation(latex, PRODUCT), doc=doc)


chain = written_product(
    "chain", "{0:product} · {1:product}", r"{0:product} \cdot {1:product}",
    "the product of two factors of the chain rule",
)
of_rate = written_product(
    "of_rate", "{0:product} {1:product}", r"{0:product} \, {1:product}",
    "a learning rate and a derivative, side by side",
)


def rate_name(taken: Container[str]) -> str:
    """What the learning rate is called, unlike everything whose name is ``taken``."""
    names = itertools.chain(["η", "rate"], (f"rate {number}" for number in itertools.count(2)))
    return next(name for name in names if name not in taken)


_BLANK = "____"
blank = Primitive(
    "blank", lambda x: x, (1.0,), doc="where a number is to be written",
    text=Notation(_BLANK), latex=Notation(hidden(_BLANK).replace("{", "{{").replace("}", "}}")),
)
beside = written_product("beside", "{0:product} {1:power}", r"{0:product} \, {1:power}", "a product inside of a factor")

Terms = tuple[Expression, ...]


class Equation(NamedTuple):
    """``left = rights[0] = rights[1] = ... = result``; right sides are sums of terms; shapes stand last, as a note."""

    left: Expression
    rights: tuple[Terms, ...]
    note: Expression | None = None
    result: Expression | None = None

    def blanked(self) -> Equation:
        """The equation with a blank in place of every number on the sides that are made of numbers alone."""
        rights = tuple(terms if any(map(_has_names, terms)) else tuple(map(_blanked, terms)) for terms in self.rights)
        return self._replace(rights=rights, result=self.result and _blanked(self.result))

    def lines(self, style: Style, width: int, written: dict[Node, Term] | None = None) -> list[tuple[str, str]]:
        """The left side and what stands right of it, one line each: ``("∂y/∂x", "= 3 · 2"), ("", "= 6")``.

        A sum that is longer than ``width`` has a line for each of its terms.  What was ``written`` before in the same
        style is taken from there, and what is written now is added.
        """
        left, sides = self.sides(style, {} if written is None else written)
        rights = [line for texts in sides for line in _fitted(texts, width)]
        return list(zip([left] + [""] * (len(rights) - 1), rights))

    def sides(self, style: Style, written: dict[Node, Term]) -> tuple[str, list[list[str]]]:
        """The left side, and the terms of each right side, without those that say again what stands before them."""
        sides: list[list[str]] = []
        for terms in self.rights:
            texts = [format(term(e, style, written), "product" if i else "") for i, e in enumerate(terms)]
            if not sides or texts != sides[-1]:
                sides.append(texts)
        if self.note is not None:
            sides[-1][-1] += term(self.note, style, written).text
        if self.result is not None:
            sides.append([term(self.result, style, written).text])
        return term(self.left, style, written).text, sides


def _has_names(e: Expression) -> bool:
    return any(x.op is None and (x.label or x.constant_value is None) for x in all_nodes(e))


def _blanked(e: Expression) -> Expression:
    """A blank for each factor of a product of numbers; one for any other number, in which a formula may stand."""
    if e.op in (chain, mul):
        return Expression.record(e.op, tuple(map(_blanked, e.operands)))
    return Expression.record(blank, (e,))


def _fitted(terms: Sequence[str], width: int) -> list[str]:
    if sum(len(shortened_places(term)) + 3 for term in terms) <= width:
        return ["= " + " + ".join(terms)]
    return ["= " + terms[0], *["+ " + term for term in terms[1:]]]


def lines_of(
    equations: Sequence[Equation],
    style: Style,
    written: dict[Node, Term],
    measure: Callable[[str], float],
    width: float,
) -> list[tuple[str, str]]:
    """What stands left and right of the first equals sign in each line.

    An equation has one line if it fits, or else one for each of its right sides, broken where that is longer.
    """
    every = [equation.sides(style, written) for equation in equations]
    room = width - 1 - max(measure(left) for left, _ in every)
    lines: list[tuple[str, str]] = []
    for left, sides in every:
        rights = ["= " + " + ".join(terms) for terms in sides]
        whole = " ".join(rights)
        fits = measure(whole) <= room
        fitted = [whole] if fits else [line for right in rights for line in _broken(right, measure, room)]
        lines += zip([left] + [""] * (len(fitted) - 1), fitted)
    return lines


def _broken(text: str, measure: Callable[[str], float], width: float) -> list[str]:
    """A formula in lines, broken before signs of sums; a longer term begins a line, broken at signs of products."""
    lines: list[str] = []
    for summand in _split(text, "sum"):
        is_long = measure(summand) > width
        for place, piece in enumerate(_split(summand, "product") if is_long else [summand]):
            if lines and measure(lines[-1] + piece) <= width and not (is_long and place == 0):
                lines[-1] += piece
            else:
                lines.append(piece.lstrip())
    return lines


def _split(text: str, kind: str) -> list[str]:
    """A formula cut before each sign of a kind that stands in no bracket."""
    depth, starts = 0, [0]
    for match in _SIGN.finditer(text):
        depth += (match.lastgroup == "opening") - (match.lastgroup == "closing")
        if depth == 0 and match.lastgroup == kind:
            starts.append(match.start())
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)])]


_SIGN = re.compile(
    r"""(?P<opening> \\left(?:\\.|.) | \\begin | [(\[{] )
      | (?P<closing> \\right(?:\\.|.) | \\end | [)\]}] )
      | (?P<sum> [ ][+-][ ] )
      | (?P<product> [ ](?:·|\\cdot)[ ](?!10\^) )""",
    re.VERBOSE,
)


def environment(name: str, lines: Iterable[tuple[str, str]]) -> str:
    """Lines of LaTeX, aligned at what stands right, in an environment of amsmath."""
    rows = [f"{left} &{right}" for left, right in lines]
    return "\n".join([rf"\begin{{{name}}}", revealed(" \\\\\n".join(rows)), rf"\end{{{name}}}"])


def text_style(digits: int) -> Style:
    """Plain text, numbers with so many significant digits."""
    return READABLE._replace(number=partial(python_number, written=partial(short_number, digits=digits)))


def latex_style(called: Iterable[str], digits: int) -> Style:
    """LaTeX in which each name that is ``called`` looks like no other; its words are hidden, as `mathml` takes them."""
    names = _latex_names(tuple(called))
    number = partial(latex_number, written=partial(short_number, digits=digits))
    return LATEX._replace(name=lambda x: names.get(x) or _latex_name(x), number=number)


@lru_cache(maxsize=16)
def _latex_names(called: tuple[str, ...]) -> dict[str, str]:
    """How each name is written; remembered, since all explanations of a graph ask for the same."""
    return LATEX._replace(name=_latex_name, verbatim=hidden).names(called)


_latex_name = partial(latex_name, upright=hidden)


def set_width(latex: str) -> float:
    r"""How wide a line of LaTeX is when it is set, in points, as far as one can tell from its characters.

    >>> set_width(r"\frac{\partial E}{\partial w_{5}}") == set_width("xxx")
    True
    """
    text = re.sub(r"\\[{}]", "x", revealed(latex)).replace(r"\cdot", "·")
    while (simpler := _GROUP.sub(_flat, text)) != text:
        text = simpler
    text = _COMMAND.sub(lambda match: "x" if match[1] in _LETTERS else match[1] or "", text)
    return sum(_POINTS.get(c, 5.4) for c in text)


_LETTERS = {*GREEK, "partial", "infty"}
_POINTS = {" ": 2.3, "(": 5.0, ")": 5.0} | dict.fromkeys("·.,", 2.8) | dict.fromkeys("+-=<>", 7.8)
"""The widths of signs in Computer Modern at 10 points, brackets with the room around them; letters have some 5.4."""


def _flat(match: re.Match[str]) -> str:
    """A group without its braces: of a fraction the longer part, of an index as many letters as have its width."""
    sign, inside, over, under = match.groups(default="")
    if sign in ("_", "^"):
        return "x" * math.ceil(0.7 * len(_COMMAND.sub("x", inside)))
    return inside or max(_COMMAND.sub("x", over), _COMMAND.sub("x", under), key=len)


_GROUP = re.compile(r"(?:([_^])|\\mathrm|\\text|(?<!\\frac)(?<!\}))\{([^{}]*)\}|\\frac\{([^{}]*)\}\{([^{}]*)\}")
_COMMAND = re.compile(r"\\(?:left|right|begin|end|[^a-zA-Z]|([a-zA-Z]+) ?)")
