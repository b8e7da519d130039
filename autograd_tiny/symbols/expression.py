"""Expression: a formula that records how it was written; evaluates on floats, prints as Python or LaTeX.

The same operators from the same table as `Value`, so every derivative rule of the table also gives a formula.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from functools import partial
from itertools import chain, count
from typing import Any, NamedTuple

from autograd_tiny.engine.graph import Node, all_nodes, mapped, operands_first
from autograd_tiny.engine.operators import Operators, binary
from autograd_tiny.engine.refusals import (
    FORMULAS_ONLY,
    ChoiceRefusedError,
    FormulaRefusedError,
    finite_number,
    in_floats,
    is_number,
    no_operand,
)
from autograd_tiny.engine.row import ATOM, LEVELS, POWER, PRODUCT, RELATION, SIGN, MultiPrimitive, Notation, Primitive
from autograd_tiny.engine.table import add, equal, greater, less, mul, neg, power, where
from autograd_tiny.symbols.branches import with_safe_branches
from autograd_tiny.symbols.latex import GREEK, SUPERSCRIPTS, latex_name, latex_number, latex_upright
from autograd_tiny.symbols.naming import Naming
from autograd_tiny.text.numbers import loses_as_float, plain_number, short_number
from autograd_tiny.text.words import brief, quoted, visible

TO_BE_RUN: ContextVar[bool] = ContextVar("to_be_run", default=False)
"""Whether formulas are differentiated for a program, and not for people."""
COMBINES = "an Expression combines with numbers and Expressions"


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
            raise TypeError(
                f"an Expression needs a name, got {label!r}; for a number use Expression.constant({label!r})"
            )
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
        """A computed number as it is, infinities and nan included; for formulas that are shown with their results.

        One that has a way of its own to be written (`Style.number`) is kept as it is.
        """
        e = object.__new__(cls)
        e.op = e.first = e.second = None
        e.label = ""
        e.constant_value = x if hasattr(x, "as_term") else float(x)
        return e

    @classmethod
    def record(cls, primitive: Primitive, operands: tuple[Any, ...]) -> Expression:
        """A new node: ``primitive`` applied to operands that are Expressions or plain numbers.

        A tuple of Expressions is kept as it is, so that the outputs of a call that are recorded with one tuple are
        siblings.
        """
        is_kept = operands.__class__ is tuple and all(x.__class__ is cls for x in operands)
        return cls._node(primitive, operands if is_kept else tuple([cls._lift(x) for x in operands]))

    @classmethod
    def _node(cls, primitive: Primitive, operands: tuple[Expression, ...]) -> Expression:
        e = object.__new__(cls)
        e.op = primitive
        e.label = ""
        e.first = operands
        e.second = e.constant_value = None
        return e

    @classmethod
    def record_outputs(
        cls, primitive: MultiPrimitive, operands: tuple[Any, ...], wanted: Sequence[int] | None = None
    ) -> list[Expression]:
        """New nodes, one per output, or for the outputs ``wanted``, that share their operands."""
        shared = tuple([cls._lift(x) for x in operands])
        rows = primitive.rows(shared) if wanted is None else [primitive[i] for i in wanted]
        return [cls._node(row, shared) for row in rows]

    @classmethod
    def takes(cls, other: object) -> bool:
        """Whether ``other`` may stand beside an Expression in an operation."""
        if loses_as_float(other):
            raise no_operand(other, COMBINES)  # NumPy would go on with a time as a whole number, without its unit
        return isinstance(other, Node) or is_number(other)

    @classmethod
    def _lift(cls, x: Any) -> Expression:
        if isinstance(x, Expression):
            return x
        if isinstance(x, Node) or not cls.takes(x):
            raise no_operand(x, COMBINES)
        return cls.constant(x)

    @classmethod
    def differentiable(cls, output: Expression, inputs: list[Expression]) -> tuple[Expression, list[Expression]]:
        """The same formula; while a function is recorded to be compiled, one whose branches not taken do no harm."""
        if not FORMULAS_ONLY.get():
            return output, inputs
        equal_to = with_safe_branches(output)
        return equal_to.get(output, output), [equal_to.get(x, x) for x in inputs]

    def on(self, adjoint: Any) -> Any:
        """This local derivative times what the chain rule multiplies it by.

        In what is run, a choice between 0 and something else chooses the product: 0 for the branch that is not taken,
        where 0 times an adjoint that is infinite or nan would be nan.  In what is read, the product stays one.
        """
        if self.op is not where or not (TO_BE_RUN.get() or FORMULAS_ONLY.get()):
            return self * adjoint
        condition, *branches = self.operands
        if all(x.constant_value != 0.0 for x in branches):
            return self * adjoint
        known = {0.0: 0.0, 1.0: adjoint}
        products = [known[x.constant_value] if x.constant_value in known else x * adjoint for x in branches]
        return where(condition, *products)

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
        return at_most(self, other) if self.takes(other) else NotImplemented

    def __ge__(self, other: Expression | float) -> Expression:
        return at_least(self, other) if self.takes(other) else NotImplemented

    def __ne__(self, other: object) -> Expression:  # type: ignore[override]
        return 1.0 - equal(self, other) if self.takes(other) else NotImplemented

    def __bool__(self) -> bool:
        raise ChoiceRefusedError(
            f"the formula {brief(str(self))} is neither true nor false yet; "
            "record the choice instead: where(condition, x, y)"
        )

    def _no_number(self, *_: object) -> Any:
        raise FormulaRefusedError(f"a number is needed, and the formula {brief(str(self))} has none yet")

    __float__ = __int__ = __index__ = __round__ = __floor__ = __ceil__ = __trunc__ = __complex__ = _no_number


def at_most(x: Any, y: Any) -> Any:
    """1 where x <= y, else 0: also where one of them is nan, which 1 - (x > y) would take for at most anything.

    >>> at_most(1.0, 1.0), at_most(float("nan"), 1.0)
    (1.0, 0.0)
    """
    return add(less(x, y), equal(x, y))


def at_least(x: Any, y: Any) -> Any:
    """1 where x >= y, else 0, as `at_most`."""
    return add(greater(x, y), equal(x, y))


def evaluate(outputs: Sequence[Expression], values: Mapping[Expression, float]) -> list[float]:
    """The numbers of several formulas at once; what they share is computed once.

    Raises:
        KeyError: a variable has no value.
        TypeError: a value is no real number.
    """

    def number(e: Expression, operands: tuple[float, ...]) -> float:
        if e in values:
            (given,) = in_floats((values[e],), lambda _: f"the value of {e.label}")
            return given
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
        number: how a number is written, and how tightly that binds; one with a method ``as_term`` gives its own Term.
        verbatim: how a name is written that looks like another one, as ``x1`` and ``x_1`` do with an index.
        constant: how the name of a number is written, as pi.
    """

    notation: Callable[[Primitive], Notation]
    brackets: tuple[str, str]
    name: Callable[[str], str]
    number: Callable[[float], tuple[str, int]]
    verbatim: Callable[[str], str] = str
    constant: Callable[[str], str] = str

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


TEXT = Style(lambda row: row.text, ("(", ")"), str, python_number)
LATEX = Style(lambda row: row.latex, (r"\left(", r"\right)"), latex_name, latex_number, latex_upright, latex_name)


def readable_notation(row: Primitive) -> Notation:
    """How people write an operation in plain text: a dot for a product, a raised exponent."""
    if row is mul:
        return Notation("{0:product} · {1:power}", PRODUCT)
    if row is neg:
        return Notation("-{0:product}", SIGN)
    if row.family is power and float(row.parameter or 0.5).is_integer():
        return Notation(f"{{0:atom}}{plain_number(row.parameter or 0.0).translate(SUPERSCRIPTS)}", POWER)
    return row.text


READABLE = Style(
    readable_notation,
    ("(", ")"),
    visible,
    partial(python_number, written=short_number),
    constant=lambda name: GREEK.get(name, name),
)


_READS_AS_FORMULA, _NO_FORMULA = re.compile(r"[-+*/^=<>,;·×÷−]"), re.compile(r"\[[^][]*\]|^∂[^∂/]+/∂[^∂/]+$")
"""What makes a name read as an operation; and where that is none: in indices, in the sign of a derivative."""


class Term:
    """A written operand; ``format(term, "product")`` puts it in brackets if it binds less tightly than a product."""

    __slots__ = ("brackets", "level", "text")

    def __init__(self, text: str, level: int, brackets: tuple[str, str]) -> None:
        self.text, self.level, self.brackets = text, level, brackets

    @classmethod
    def of_name(cls, name: str, brackets: tuple[str, str], text: str | None = None) -> Term:
        """A name, written as ``text``: one that reads as an operation stands in brackets in formulas.

        >>> [f"{Term.of_name(name, ('(', ')')):product} * y" for name in ("w[0, 1]", "a + b", "E/w", "∂E/∂w")]
        ['w[0, 1] * y', '(a + b) * y', '(E/w) * y', '∂E/∂w * y']
        """
        level = RELATION if _READS_AS_FORMULA.search(_NO_FORMULA.sub("", name)) else ATOM
        return cls(name if text is None else text, level, brackets)

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
        return Term.of_name(name, style.brackets, texts[name] if name in texts else style.name(name))

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


def term(root: Expression, style: Style, known: dict[Node, Term]) -> Term:
    """A node as a term of a larger formula, all of it written in one.

    Args:
        root: what is written.
        style: how; what has a label is called by that.
        known: terms that were written before in the same style; those that are written now are added.
    """
    for node in operands_first([root], known.__contains__):
        if node.op is None:
            name, written = node.label, style.name if node.constant_value is None else style.constant
            known[node] = Term.of_name(name, style.brackets, written(name)) if name else _number(node, style)
        else:
            notation = style.notation(node.op)
            known[node] = Term(notation.write([known[x] for x in node.operands]), notation.level, style.brackets)
    return known[root]


def _number(node: Any, style: Style) -> Term:
    number = getattr(node, "constant_value", None)
    if number is None:
        number = node.data
    if hasattr(number, "as_term"):
        written: Term = number.as_term()
        return written
    return Term(*style.number(number), style.brackets)
