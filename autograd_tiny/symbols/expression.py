"""Expression: a formula that records how it was written; evaluates on floats, prints as Python or LaTeX.

The same operators from the same table as `Value`, so every derivative rule of the table also gives a formula.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain, count
from typing import Any, NamedTuple

from autograd_tiny.engine.graph import Node, all_nodes, mapped, operands_first
from autograd_tiny.engine.operators import Operators, binary
from autograd_tiny.engine.refusals import (
    FORMULAS_ONLY,
    ChoiceRefusedError,
    FormulaRefusedError,
    ValueRefusedError,
    finite_number,
    is_number,
)
from autograd_tiny.engine.row import ATOM, LEVELS, POWER, PRODUCT, SIGN, MultiPrimitive, Notation, Primitive
from autograd_tiny.engine.table import equal, greater, less, mul, neg, power
from autograd_tiny.symbols.branches import with_safe_branches
from autograd_tiny.symbols.naming import Naming
from autograd_tiny.text.numbers import latex_digits, plain_number, short_number
from autograd_tiny.text.words import brief, quoted


class Expression(Operators, Node):
    """A variable, a constant, or an operation on Expressions.

    Comparisons build condition nodes for ``where``, ``==`` included; only asking whether one is true raises.

    Args:
        label: the variable's name.

    >>> x, y = Expression("x"), Expression("y")
    >>> f = (x + y) * x**2
    >>> str(f), f.latex()
    ('(x + y) * x ** 2', '\\\\left(x + y\\\\right) \\\\cdot x^{2}')
    >>> f.evaluate({x: 2.0, y: 1.0})
    12.0
    """

    __slots__ = ("constant_value",)

    constant_value: float | None

    def __init__(self, label: str) -> None:
        if not isinstance(label, str) or not label:
            raise TypeError(f"an Expression needs a name, got {label!r}; for a number use Expression.constant({label!r})")
        self.op = self.first = self.second = self.constant_value = None
        self.label = label

    @classmethod
    def constant(cls, x: float) -> Expression:
        """A finite number in a formula."""
        if not is_number(x):
            raise TypeError(f"a constant of a formula is a real number, got the {type(x).__name__} {quoted(x)}")
        return cls.literal(finite_number(x, "a constant of a formula"))

    @classmethod
    def literal(cls, x: float) -> Expression:
        """A number that was computed, as it is, infinities and nan included; for formulas that are shown, with their results."""
        e = object.__new__(cls)
        e.op = e.first = e.second = None
        e.label = ""
        e.constant_value = float(x)
        return e

    @classmethod
    def record(cls, primitive: Primitive, operands: tuple[Any, ...]) -> Expression:
        """A new node: ``primitive`` applied to operands that are Expressions or plain numbers.

        A tuple of Expressions is kept as it is, so that the outputs of a call that are recorded with one tuple are
        siblings.
        """
        e = object.__new__(cls)
        e.op = primitive
        e.label = ""
        is_kept = operands.__class__ is tuple and all(x.__class__ is cls for x in operands)
        e.first = operands if is_kept else tuple([cls._lift(x) for x in operands])
        e.second = e.constant_value = None
        return e

    @classmethod
    def record_outputs(
        cls, primitive: MultiPrimitive, operands: tuple[Any, ...], wanted: Sequence[int] | None = None
    ) -> list[Expression]:
        """New nodes, one per output, or for the outputs ``wanted``, that share their operands."""
        shared = tuple([cls._lift(x) for x in operands])
        return [cls.record(row, shared) for row in (primitive.rows(shared) if wanted is None else [primitive[i] for i in wanted])]

    @classmethod
    def takes(cls, other: object) -> bool:
        """Whether ``other`` may stand beside an Expression in an operation."""
        return isinstance(other, Node) or is_number(other)

    @classmethod
    def _lift(cls, x: Any) -> Expression:
        if isinstance(x, Expression):
            return x
        if isinstance(x, Node) or not cls.takes(x):
            kind = ValueRefusedError if isinstance(x, Node) else TypeError
            raise kind(f"an Expression combines with numbers and Expressions, not with the {type(x).__name__} {x!r}")
        return cls.constant(x)

    @classmethod
    def differentiable(cls, output: Expression, inputs: list[Expression]) -> tuple[Expression, list[Expression]]:
        """The same formula; while a function is recorded to be compiled, one in which branches that are not taken do no harm."""
        if not FORMULAS_ONLY.get():
            return output, inputs
        equal_to = with_safe_branches(output)
        return equal_to.get(output, output), [equal_to.get(x, x) for x in inputs]

    def evaluate(self, values: Mapping[Expression, float]) -> float:
        """The number that the formula has where each variable has the value given for it."""
        return evaluate([self], values)[0]

    def latex(self) -> str:
        """The formula in LaTeX, without dollar signs."""
        return write(self, LATEX)

    def __str__(self) -> str:
        return write(self, TEXT)

    def __repr__(self) -> str:
        return f"Expression({str(self)!r})"

    __lt__ = binary(less)
    __gt__ = binary(greater)
    __eq__ = binary(equal)  # type: ignore[assignment]
    __hash__ = object.__hash__

    def __le__(self, other: Expression | float) -> Expression:
        return 1.0 - (self > other)

    def __ge__(self, other: Expression | float) -> Expression:
        return 1.0 - (self < other)

    def __ne__(self, other: object) -> Expression:  # type: ignore[override]
        return 1.0 - equal(self, other)  # type: ignore[no-any-return]

    def __bool__(self) -> bool:
        raise ChoiceRefusedError(
            f"the formula {brief(str(self))} is neither true nor false yet; "
            "record the choice instead: where(condition, x, y)"
        )

    def _no_number(self, *_: object) -> Any:
        raise FormulaRefusedError(f"a number is needed, and the formula {brief(str(self))} has none yet")

    __float__ = __int__ = __index__ = __round__ = __floor__ = __ceil__ = __trunc__ = __complex__ = _no_number


def evaluate(outputs: Sequence[Expression], values: Mapping[Expression, float]) -> list[float]:
    """The numbers of several formulas at once; what they share is computed once."""

    def number(e: Expression, operands: tuple[float, ...]) -> float:
        if e in values:
            return float(values[e])
        if e.op is not None:
            return e.op.evaluate(operands)  # type: ignore[no-any-return]
        if e.constant_value is not None:
            return e.constant_value
        raise KeyError(f"no value given for {e.label}; evaluate needs a number for every variable")

    numbers = mapped(outputs, number)
    return [numbers[output] for output in outputs]


WORTH_A_NAME, LONG = 12, 2000
"""A part of more characters is written once where it is used more than once, and one of even more in any case."""


class Style(NamedTuple):
    """A way of writing formulas.

    Attributes:
        notation: of a row.
        brackets: the opening and the closing one.
        name: how a name is written.
        number: how a number is written, and how tightly that binds.
        verbatim: how a name is written that looks like another one, as ``x1`` and ``x_1`` do with an index.
    """

    notation: Callable[[Primitive], Notation]
    brackets: tuple[str, str]
    name: Callable[[str], str]
    number: Callable[[float], tuple[str, int]]
    verbatim: Callable[[str], str] = str

    def names(self, called: Iterable[str]) -> dict[str, str]:
        """How each of several names is written, no two of them alike.

        >>> LATEX.names(["x1", "x_1", "y1"])
        {'x1': '\\\\mathrm{x1}', 'x_1': '\\\\mathrm{x\\\\_1}', 'y1': 'y_{1}'}
        """
        texts = {name: self.name(name) for name in called}
        taken = Counter(texts.values())
        for name, text in texts.items():
            if taken[text] > 1:
                ways = (self.verbatim(x) for x in chain([name], (f"{name}#{i}" for i in count(2))))
                texts[name] = text = next(way for way in ways if way not in taken)
                taken[text] = 1
        return texts


def python_number(x: float, written: Callable[[float], str] = plain_number) -> tuple[str, int]:
    """A number as Python reads it, its digits as ``written`` gives them, and how tightly its written form binds."""
    text = written(x)
    return text, SIGN if text.startswith("-") else ATOM


def latex_number(x: float, written: Callable[[float], str] = plain_number) -> tuple[str, int]:
    """A number as LaTeX, its digits as ``written`` gives them, and how tightly its written form binds.

    >>> latex_number(-2.5e-07)
    ('-2.5 \\\\cdot 10^{-7}', 2)
    """
    text = written(x)
    level = SIGN if text.startswith("-") else PRODUCT if "e" in text else ATOM
    return latex_digits(text), level


SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_DIGITS = {ord(raised): digit for raised, digit in zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")}

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "upsilon": "υ", "phi": "ϕ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ",
    "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
"""The letters that LaTeX has a command for, by its name; the others look like Latin ones."""

_LATEX_LETTERS = {spelled: rf"\{name}" for name, letter in GREEK.items() for spelled in (name, letter)} | {"µ": r"\mu"}  # the micro sign
_LETTER = "|".join([*GREEK, r"[^\W\d_]"])


def latex_upright(word: str) -> str:
    """A word in upright letters, special characters escaped; letters that are not ASCII as text, or TeX refuses their accents."""
    escaped = "".join(_LATEX_ESCAPES.get(c, c) for c in ("\\ " if c.isspace() else c for c in word))
    return rf"\mathrm{{{_OTHER_LETTERS.sub(_as_text, escaped)}}}"


def latex_text(text: str) -> str:
    """What stands in a table or a picture as LaTeX: a number as mathematics writes it, anything else in upright letters.

    >>> latex_text("-2.5e-07"), latex_text("1,234"), latex_text("12.5%"), latex_text("nan")
    ('-2.5 \\\\cdot 10^{-7}', '1{,}234', '\\\\mathrm{12.5\\\\%}', '\\\\mathrm{nan}')
    """
    return latex_digits(text).replace(",", "{,}") if _WRITTEN_NUMBER.fullmatch(text) else latex_upright(text)


def latex_name(label: str, upright: Callable[[str], str] = latex_upright) -> str:
    """A label as LaTeX: a letter or a word, with its indices as subscripts and its primes; anything else as ``upright`` writes it.

    A Greek letter may be typed or called by its name.  What has a superscript stands in braces, so that it can be
    squared.

    >>> latex_name("x"), latex_name("t1"), latex_name("W_ij"), latex_name("W[0][1]"), latex_name("w5'")
    ('x', 't_{1}', 'W_{ij}', 'W_{0,1}', "{w_{5}'}")
    >>> latex_name("omega"), latex_name("λ_max"), latex_name("net_h1"), latex_name("50%")
    ('\\\\omega', '\\\\lambda_{\\\\mathrm{max}}', '\\\\mathrm{net}_{h1}', '\\\\mathrm{50\\\\%}')
    """
    if match := re.fullmatch(r"(.+)⁽([⁰¹²³⁴⁵⁶⁷⁸⁹]+)⁾('*)", label, re.DOTALL):
        raised = f"{{{latex_name(match[1], upright)}^{{({match[2].translate(_DIGITS)})}}}}"
        return f"{{{raised}{match[3]}}}" if match[3] else raised
    if (match := _NAME.fullmatch(label)) is None:
        return label if len(label) == 1 and label.isalnum() else upright(label)
    base, digits, index, items, primes = match.groups(default="")
    indices = index.split("_") if index else re.findall(r"\d+", items)
    if not indices and digits:
        indices, digits = [digits], ""
    letter = base in _LATEX_LETTERS or len(base) == 1
    name = f"{_latex_letter(base)}{digits}" if letter else upright(base + digits)
    if indices:
        name += f"_{{{','.join(_latex_letter(x) if _SHORT_INDEX.fullmatch(x) else upright(x) for x in indices)}}}"
    return f"{{{name}{primes}}}" if primes else name


def _latex_letter(letter: str) -> str:
    return _LATEX_LETTERS.get(letter) or _OTHER_LETTERS.sub(_as_text, letter)


def _as_text(match: re.Match[str]) -> str:
    return rf"\text{{{match[0]}}}"


_WRITTEN_NUMBER = re.compile(r"[-+]?(\d[\d,]*(\.\d+)?(e[-+]?\d+)?|inf)", re.ASCII)
_OTHER_LETTERS = re.compile(r"[^\W\d_\x00-\x7f]+")
_NAME = re.compile(rf"({_LETTER}|[^\W\d_]+)(\d*)(?:_([^\W_]+(?:_[^\W_]+)*)|((?:\[\d+\])+))?('*)")
_SHORT_INDEX = re.compile(rf"\d+|{_LETTER}|[^\W\d_]\d+|[i-n]{{2}}")
"""An index in italics: a number, a letter, a numbered letter as o1, a row and a column as ij; anything else is a word."""

_LATEX_ESCAPES = {c: "\\" + c for c in "#$%&_{}"} | {"\\": r"\backslash ", "~": r"\sim ", "^": r"\wedge ", " ": r"\ "}
_LATEX_ESCAPES |= {letter: rf"\{name} " for name, letter in GREEK.items()}

TEXT = Style(lambda row: row.text, ("(", ")"), str, python_number)
LATEX = Style(lambda row: row.latex, (r"\left(", r"\right)"), latex_name, latex_number, latex_upright)


def readable_notation(row: Primitive) -> Notation:
    """How people write an operation in plain text: a dot for a product, a raised exponent."""
    if row is mul:
        return Notation("{0:product} · {1:power}", PRODUCT)
    if row is neg:
        return Notation("-{0:product}", SIGN)
    if row.family is power and float(row.parameter or 0.5).is_integer():
        return Notation(f"{{0:atom}}{plain_number(row.parameter or 0.0).translate(SUPERSCRIPTS)}", POWER)
    return row.text


READABLE = Style(readable_notation, ("(", ")"), str, partial(python_number, written=short_number))


class Term:
    """A written operand; ``format(term, "product")`` puts it in brackets if it binds less tightly than a product."""

    __slots__ = ("brackets", "level", "text")

    def __init__(self, text: str, level: int, brackets: tuple[str, str]) -> None:
        self.text, self.level, self.brackets = text, level, brackets

    def __format__(self, least: str) -> str:
        return self.text.join(self.brackets) if least and self.level < LEVELS[least] else self.text


def write(root: Node, style: Style) -> str:
    """A node as a formula.

    A part that is used more than once and is longer than a name is written once, as ``t1 = ...``, and named where it is
    used; so is every labelled part, and the formula says what it is.  Iterative, so that a deep formula can be written.
    """
    nodes = all_nodes(root)
    order = [node for node in nodes if node.op is not None]
    uses = Counter(x for node in order for x in node.operands)
    naming = Naming(nodes)
    texts = style.names(naming.known.values())
    terms: dict[Node, Term] = {}
    parts: list[str] = []

    def named(node: Node) -> Term:
        name = naming.of(node)
        return Term(texts[name] if name in texts else style.name(name), ATOM, style.brackets)

    for node in nodes:
        if node.op is None:
            terms[node] = named(node) if node.label else _number(node, style)
            continue
        notation = style.notation(node.op)
        text = notation.write([terms[x] for x in node.operands])
        shared = uses[node] > 1 and len(text) > WORTH_A_NAME
        if node is not root and (node.label or shared or len(text) > LONG):
            terms[node] = named(node)
            parts.append(f"{terms[node].text} = {text}")
        else:
            terms[node] = Term(text, notation.level, style.brackets)
    return "; ".join([*parts, terms[root].text])


def term(root: Node, style: Style, known: dict[Node, Term]) -> Term:
    """A node as a term of a larger formula, all of it written in one.

    Args:
        root: what is written.
        style: how; what has a label is called by that.
        known: terms that were written before in the same style; those that are written now are added.
    """
    for node in operands_first([root], known.__contains__):
        if node.op is None:
            known[node] = Term(style.name(node.label), ATOM, style.brackets) if node.label else _number(node, style)
        else:
            notation = style.notation(node.op)
            known[node] = Term(notation.write([known[x] for x in node.operands]), notation.level, style.brackets)
    return known[root]


def _number(node: Any, style: Style) -> Term:
    number = getattr(node, "constant_value", None)
    if number is None:
        number = node.data
    return Term(*style.number(number), style.brackets)
