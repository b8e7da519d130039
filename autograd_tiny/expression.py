"""Expression: a formula that records how it was written; evaluates on floats, prints as Python or LaTeX.

The same operators from the same table as `Value`, so every derivative rule of the table also gives a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd_tiny.graph import Node, all_nodes, topological_order
from autograd_tiny.operators import Operators, binary
from autograd_tiny.primitives import ATOM, LEVELS, SIGN, MultiPrimitive, Notation, Primitive, equal, greater, less


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
        """A number in a formula."""
        e = object.__new__(cls)
        e.op = e.first = e.second = None
        e.label = ""
        e.constant_value = float(x)
        return e

    @classmethod
    def record(cls, primitive: Primitive, operands: tuple[Any, ...]) -> Expression:
        """A new node: ``primitive`` applied to operands that are Expressions or plain numbers."""
        e = object.__new__(cls)
        e.op = primitive
        e.label = ""
        e.first = tuple([cls._lift(x) for x in operands])
        e.second = e.constant_value = None
        return e

    @classmethod
    def record_outputs(cls, primitive: MultiPrimitive, operands: tuple[Any, ...]) -> list[Expression]:
        """New nodes, one per output, that share their operands."""
        shared = tuple([cls._lift(x) for x in operands])
        outputs = [cls.record(row, shared) for row in primitive.rows(shared)]
        for e in outputs:
            e.first = shared
        return outputs

    @classmethod
    def takes(cls, other: object) -> bool:
        """Whether ``other`` may stand beside an Expression in an operation."""
        return isinstance(other, (Expression, float, int)) or hasattr(other, "__float__")

    @classmethod
    def _lift(cls, x: Any) -> Expression:
        if isinstance(x, Expression):
            return x
        if isinstance(x, Node) or not cls.takes(x):
            raise TypeError(f"an Expression combines with numbers and Expressions, not with the {type(x).__name__} {x!r}")
        return cls.constant(x)

    def evaluate(self, values: Mapping[Expression, float]) -> float:
        """The number that the formula has where each variable has the value given for it."""
        return evaluate([self], values)[0]

    def latex(self) -> str:
        """The formula in LaTeX, without dollar signs."""
        return write(self, lambda row: row.latex)

    def __str__(self) -> str:
        return write(self, lambda row: row.text)

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
        raise TypeError(f"the formula {_brief(self)} is neither true nor false yet; record the choice instead: where(condition, x, y)")


def evaluate(outputs: Sequence[Expression], values: Mapping[Expression, float]) -> list[float]:
    """The numbers of several formulas at once; what they share is computed once."""
    numbers: dict[Expression, float] = {}
    for output in outputs:
        for e in all_nodes(output):
            if e in numbers:
                continue
            if e in values:
                numbers[e] = float(values[e])
            elif e.op is not None:
                numbers[e] = e.op.evaluate([numbers[x] for x in e.operands])
            elif e.constant_value is not None:
                numbers[e] = e.constant_value
            else:
                raise KeyError(f"no value given for {e.label}; evaluate needs a number for every variable")
    return [numbers[output] for output in outputs]


class Term:
    """A written operand; ``format(term, "product")`` puts it in parentheses if it binds less tightly than a product."""

    __slots__ = ("level", "text")

    def __init__(self, text: str, level: int) -> None:
        self.text, self.level = text, level

    def __format__(self, least: str) -> str:
        return f"({self.text})" if least and self.level < LEVELS[least] else self.text


def write(root: Node, notation: Callable[[Primitive], Notation], *, longest: int = 2000) -> str:
    """A node as a formula, in the notation taken from each row.

    Iterative.  A part that is used more than once and is longer than a name is written once, as ``t1 = ...``, and named
    where it is used; so is every labelled part, and the formula says what it is.
    """
    uses: dict[Node, int] = {}
    order = topological_order(root)
    for node in order:
        for x in node.operands:
            uses[x] = uses.get(x, 0) + 1
    written: dict[Node, Term] = {}
    definitions: list[str] = []

    def term(node: Any) -> Term:
        if node.op is None:
            return _leaf(node)
        return written[node]

    for node in order:
        operands = [term(x) for x in node.operands]
        template, level = notation(node.op)
        text = template.format(*operands, args=", ".join(x.text for x in operands))
        shared = uses.get(node, 0) > 1 and len(text) > 12
        if node is not root and (node.label or shared or len(text) > longest):
            name = node.label or f"t{len(definitions) + 1}"
            definitions.append(f"{name} = {text}")
            written[node] = Term(name, ATOM)
        else:
            written[node] = Term(text, level)
    body = term(root).text
    return "; ".join([*definitions, body])


def _leaf(node: Any) -> Term:
    number = getattr(node, "constant_value", None)
    if node.label:
        return Term(node.label, ATOM)
    if number is None:
        number = node.data
    return Term(f"{number:.15g}", SIGN if number < 0 else ATOM)


def _brief(e: Expression) -> str:
    shown = str(e)
    return shown if len(shown) <= 60 else shown[:57] + "..."
