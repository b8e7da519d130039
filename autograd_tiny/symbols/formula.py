"""The formula reader: ``y = sigmoid(w*x + b)`` as text, for people who write no Python.

A text becomes a list of steps, operands before operators, and running them on a stack records Values or Expressions.
The grammar and the order of operations are Python's, and a formula records the nodes that the same line of Python
would; but nothing of Python can be reached from it: a name is an input, a constant or a node named before, and a call
is a row of the table.  Nothing recurses, so brackets and sums may be as deep and as long as they like.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from keyword import iskeyword
from typing import Any, Generic, NamedTuple, TypeVar

from autograd_tiny.engine import table as primitives
from autograd_tiny.engine.graph import Node, all_nodes
from autograd_tiny.engine.refusals import call_text
from autograd_tiny.engine.row import Family, MultiPrimitive
from autograd_tiny.engine.table import TABLE
from autograd_tiny.engine.value import Value
from autograd_tiny.symbols.expression import Expression, at_least, at_most
from autograd_tiny.text.names import near
from autograd_tiny.text.words import brief, did_you_mean, listed

NodeT = TypeVar("NodeT", bound=Node)

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **TABLE,
    "pow": primitives.power,  # as `**`: a number as exponent is no operand
    "absolute": primitives.absolute,
    "ln": primitives.log,
    "max": primitives.maximum,
    "min": primitives.minimum,
    "sum": primitives.total,
}
CONSTANTS = {"e": math.e, "pi": math.pi, "π": math.pi}

BRACKET, COMPARISON, SUM, PRODUCT, SIGN, POWER = range(6)  # how tightly an operator binds

OPERATORS: Mapping[str, tuple[int, Callable[..., Any]]] = {
    "<": (COMPARISON, primitives.less),
    ">": (COMPARISON, primitives.greater),
    "==": (COMPARISON, primitives.equal),
    "<=": (COMPARISON, at_most),
    ">=": (COMPARISON, at_least),
    "!=": (COMPARISON, lambda x, y: primitives.sub(1.0, primitives.equal(x, y))),
    "+": (SUM, primitives.add),
    "-": (SUM, primitives.sub),
    "*": (PRODUCT, primitives.mul),
    "/": (PRODUCT, primitives.div),
    "**": (POWER, primitives.power),
}
CLOSING = {"(": ")", "[": "]"}

COMMA = "; write decimals with a point, 1.5"
LONGEST_NAME = 200
LONGEST_SHOWN = 40  # of what a message quotes
MOST_OPERANDS = 1_000_000  # in all: a list may be used again and again, and softmax of n operands has n * n derivatives

# What people write from other languages, from books and from pictures, and what to write here.
INSTEAD = {
    "^": "**", "²": "**2", "³": "**3", "−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "∙": "*", "÷": "/",
    "∗": "*", "‐": "-", "—": "-", "＋": "+", "⁻": "**-", "⁴": "**4", "½": "1/2", ":": "=",
    "≤": "<=", "≥": ">=", "≠": "!=", "{": "(", "}": ")", "√": "sqrt(...)", "∑": "sum(...)",
    "|": "abs(x)` for the size of x, `max(a < b, b < c)` for or", "&": "(a < b) * (b < c)` for and",
    "if": "where(condition, x, y)", "else": "where(condition, x, y)", "not": "1 - condition",
    "and": "(a < b) * (b < c)", "or": "max(a < b, b < c)",
}  # fmt: skip


SIGNS = {"σ": "sigmoid", "Σ": "sum"}  # functions by the signs of books


class FormulaError(ValueError):
    """What is wrong with a formula, and where.

    Attributes:
        message: what is wrong, in one line.
        line: where, counted from 1; None if it is nowhere in the text.
        column: where in that line, in characters, counted from 1.
        text: the line.

    >>> read_formula("y = sigmod(w*x)")
    Traceback (most recent call last):
    autograd_tiny.symbols.formula.FormulaError: unknown function `sigmod`: did you mean `sigmoid`?
        y = sigmod(w*x)
            ^
    """

    def __init__(self, message: str, source: str = "", at: int | None = None) -> None:
        super().__init__(message, source, at)
        self.message = message
        self.line: int | None = None
        self.column: int | None = None
        self.text = ""
        self._shown = message
        if at is not None:
            before = _LINE_END.split(source[:at])
            lines = _LINE_END.split(source)
            self.line, self.column = len(before), len(before[-1]) + 1
            self.text = lines[self.line - 1]
            place = f"line {self.line}: " if len(lines) > 1 else ""
            self._shown = f"{place}{message}\n{with_caret(self.text, self.column - 1)}"

    def __str__(self) -> str:
        return self._shown


def with_caret(line: str, column: int, *, width: int = 100) -> str:
    """The line, or the part of it around the column, with a caret under the column."""
    start = max(0, column - width // 2) if len(line) > width else 0
    head, tail = line[start:column], line[column : start + width]
    shown = "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in head + tail)
    dots = "..." if start else ""
    cells = sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in head)
    return f"    {dots}{shown}{'...' if start + width < len(line) else ''}\n    {' ' * (len(dots) + cells)}^"


@dataclass(frozen=True, eq=False)
class Recorded(Generic[NodeT]):
    """A formula that was recorded.

    Attributes:
        output: the node of the last assignment, or of the formula without a name that comes last.
        nodes: every input and every assigned name with its node, in this order.  Two names may name the same node; the
            items of a named list ``p`` are ``p[0]``, ``p[1]``, ...

    >>> recorded = read_formula("y = w*x").record({"w": 2, "x": 3})
    >>> recorded.output, list(recorded.nodes)
    (Value(6.0, 'y', op=mul), ['w', 'x', 'y'])
    """

    output: NodeT
    nodes: dict[str, NodeT]
    _statements: list[Sequence[str]] = field(default_factory=list, repr=False)

    @property
    def unused(self) -> tuple[str, ...]:
        """The names whose formulas the output does not depend on.  Of outputs that one formula names, one that is used is enough.

        >>> read_formula("f = max(x, 0); g = min(x, y)").record({"x": 1, "y": 2}).unused
        ('f',)
        """
        used = set(all_nodes(self.output))
        in_use = {name.partition("[")[0] for name, node in self.nodes.items() if node in used}
        return tuple([name for names in self._statements if in_use.isdisjoint(names) for name in names])


class _Step(NamedTuple):
    """One step: ``number`` and ``load`` push one thing, the others replace things on the stack by what they make of them."""

    kind: str  # number, load, apply, list, item or assign
    at: int
    name: str = ""
    argument: Any = None
    operands: int = 0


@dataclass(frozen=True)
class Formula:
    """A formula that was read: what it needs and what it names.  `read_formula` makes it.

    Attributes:
        source: the text.
        inputs: the names that need a value, in the order of their first use.
        names: the names that the formula assigns, in order.

    >>> formula = read_formula("s = w*x + b; y = sigmoid(s)")
    >>> formula.inputs, formula.names
    (('w', 'x', 'b'), ('s', 'y'))
    >>> print(formula.express().output)
    s = w * x + b; sigmoid(s)
    """

    source: str
    inputs: tuple[str, ...]
    names: tuple[str, ...]
    _used: dict[str, int] = field(repr=False, compare=False)
    _steps: list[_Step] = field(repr=False, compare=False)

    def record(self, values: Mapping[str, float]) -> Recorded[Value]:
        """Record the formula at a point.

        Every input becomes a Value labelled with its name, and every assigned name labels its node.  A name assigned to
        a number (``w = -3``) is such a Value too; a number inside a formula is a Constant.

        Args:
            values: a finite number for every input, and if they are to be something else for ``e`` and ``pi``.

        Raises:
            FormulaError: a value that is missing or not wanted, an operation outside its domain, a result that is not
                finite.

        >>> y = read_formula("y = sigmoid(w*x + b)").record({"w": -3, "x": 2, "b": 6.5}).output
        >>> y.backward()
        >>> round(y.data, 4)
        0.6225
        """
        if not isinstance(values, Mapping):
            raise TypeError(f"the values of a formula are a dictionary, as {{'w': -3, 'x': 2}}, got {values!r}")
        given = {_normal(name): number for name, number in values.items()}
        self._check(given)
        nodes = {}
        for name, at in self._used.items():
            if name in given:
                try:
                    nodes[name] = Value(given[name], name)
                except (TypeError, ValueError, OverflowError) as error:
                    raise FormulaError(str(error), self.source, at) from None
        return self._run(nodes, Value)

    def express(self) -> Recorded[Expression]:
        """The formula as Expressions: to print, to differentiate, to compile.

        >>> read_formula("(a + b) * c ** 2").express().output.latex()
        '\\\\left(a + b\\\\right) \\\\cdot c^{2}'
        """
        return self._run({name: Expression(name) for name in self.inputs}, Expression.constant)

    def _check(self, given: Mapping[str, object]) -> None:
        extra = [name for name in given if name not in self._used]
        missing = [name for name in self.inputs if name not in given]
        if missing:
            text = f"no value for {_listed(missing)}" + "".join(f": `{x}` has one, but does not occur" for x in near(missing[0], extra)[:1])
            if re.match(r"\s*==", self.source[(at := self._used[missing[0]]) + len(missing[0]) :]):
                text += f"; to name a result, write one `=`: {_brief(missing[0])} = ..."
            raise FormulaError(text, self.source, at)
        if extra:
            name = extra[0]
            if name in self.names:
                raise FormulaError(f"`{_brief(name)}` is computed by the formula, so it takes no value")
            hint = did_you_mean(name, self._used, 1)
            raise FormulaError(f"`{_brief(name)}` does not occur in the formula{hint and ': '}{hint}")

    def _run(self, nodes: dict[str, NodeT], leaf: Callable[[float], NodeT]) -> Recorded[NodeT]:
        """The steps, with the inputs as ``nodes`` and ``leaf`` to make a node of a number that needs one."""
        known: dict[str, Any] = dict(nodes)
        stack: list[Any] = []
        operands_so_far = 0

        def count(more: int) -> None:
            nonlocal operands_so_far
            operands_so_far += more
            if operands_so_far > MOST_OPERANDS:
                raise ValueError(f"the formula is too large: more than {MOST_OPERANDS:,} operands in all")

        def labelled(thing: Any, name: str) -> Any:
            if isinstance(thing, tuple):
                count(len(thing))
                return tuple([labelled(item, f"{name}[{i}]") for i, item in enumerate(thing)])
            node: NodeT = leaf(thing) if isinstance(thing, float) else thing
            node.label = node.label or name
            if name:
                nodes[name] = node
            return node

        try:
            for step in self._steps:
                if step.kind == "number":
                    stack.append(step.argument)
                elif step.kind == "load":
                    stack.append(known[step.name] if step.name in known else CONSTANTS[step.name])
                elif step.kind == "list":
                    stack.append(_list(_popped(stack, step.operands)))
                elif step.kind == "item":
                    stack.append(_item(stack.pop(), step.argument))
                elif step.kind == "apply":
                    operands = _popped(stack, step.operands)
                    count(_operand_count(step.name, step.argument, operands))
                    stack.append(_finite(step.name, step.argument(*operands)))
                else:
                    for name, thing in zip(step.argument, _parts(stack.pop(), step.argument)):
                        known[name] = last = labelled(thing, name)
            if isinstance(last, tuple):
                raise ValueError(f"the last formula gives a list of {len(last)}; it must give one number: take an item, as in p[0]")
        except (TypeError, ValueError, ArithmeticError) as error:
            comma = isinstance(error, TypeError) and re.match(r"\w+\([^;\r\n]*?\d,\d", self.source[step.at :])
            raise FormulaError(f"{error}{COMMA if comma else ''}", self.source, step.at) from None
        return Recorded(last, nodes, [step.argument for step in self._steps if step.kind == "assign" and step.argument != [""]])


def _popped(stack: list[Any], count: int) -> tuple[Any, ...]:
    things = tuple(stack[-count:])
    del stack[-count:]
    return things


def _list(items: tuple[Any, ...]) -> tuple[Any, ...]:
    if any(isinstance(x, tuple) for x in items):
        raise ValueError("a list stands in a list, where a number belongs")
    return items


def _parts(thing: Any, names: Sequence[str]) -> Sequence[Any]:
    """What was computed, in one part for each name that it is to be given."""
    if len(names) == 1:
        return (thing,)
    parts = thing if isinstance(thing, tuple) else (thing,)
    if len(parts) != len(names):
        raise ValueError(f"{_listed(names)}: {len(names)} names for {len(parts)} number{'s' * (len(parts) != 1)}")
    return parts


def _item(thing: Any, index: int) -> Any:
    if not isinstance(thing, tuple):
        raise ValueError("only a list, or an operation with several outputs, has items: softmax([a, b])[0]")
    if index >= len(thing):
        raise ValueError(f"there is no item {index}: the {len(thing)} items are counted from 0")
    return thing[index]


def _operand_count(name: str, function: Any, operands: Sequence[Any]) -> int:
    """How many operands an operation takes, all its outputs together.  Refuses operands of the wrong kind."""
    if arrange := getattr(function, "arrange", None):
        try:
            operands = arrange(*operands)
        except TypeError:
            raise TypeError(f"{name} does not take these operands: {function.doc}") from None
    if any(isinstance(x, tuple) for x in operands):
        raise TypeError(f"{name}: a list stands where a number belongs")
    if isinstance(function, Family):
        if len(operands) > 2:
            raise TypeError(f"{name} takes an operand and a constant, got {len(operands)} operands")
        if function is not primitives.power and isinstance(operands[-1], Node) and len(operands) == 2:
            raise TypeError(f"{name}: the constant must be a plain number, as in {name}(x, 0.2)")
    return len(operands) * (len(operands) if isinstance(function, MultiPrimitive) else 1)


def _finite(name: str, result: Any) -> Any:
    """The result of an operation, unless it or a derivative is larger than any float: the engine's hot paths let that pass."""
    for x in result if isinstance(result, tuple) else (result,):
        if isinstance(x, float) and not math.isfinite(x):
            raise OverflowError(f"{name}: the result is larger than any float")
        if isinstance(x, Value):
            if not math.isfinite(x.data):
                raise OverflowError(f"{call_text(x.op, x.operands)}: the result is larger than any float")
            if not all(map(math.isfinite, x.local_derivatives)):
                raise OverflowError(f"{call_text(x.op, x.operands)} is {x.data!r}, but its derivative there is not finite")
    return result


def read_formula(text: str) -> Formula:
    """Read assignments, separated by ``;`` or line ends; the last may be a formula without a name.

    Numbers, names, ``+ - * / **``, comparisons, brackets, ``# comments``, every operation of the table by its name,
    lists for operations that take many operands, ``softmax([a, b])[0]`` or ``p, q = softmax([a, b])`` for those that
    give many, and the constants ``pi`` and ``e``.  Each name is assigned once.  Arithmetic on plain numbers is done at
    once, in floats.

    Raises:
        FormulaError: the text is no such formula.

    >>> read_formula("p, q = softmax([a, b]); loss = -log(p)  # of two classes").inputs
    ('a', 'b')
    >>> read_formula("y = 2x")
    Traceback (most recent call last):
    autograd_tiny.symbols.formula.FormulaError: an operator is missing: to multiply, write `2*x`
        y = 2x
             ^
    """
    if not isinstance(text, str):
        raise TypeError(f"a formula is a string, as 'y = sigmoid(w*x + b)', got {text!r}")
    reader = _Reader(text)
    reader.read()
    inputs = tuple([name for name in reader.used if name not in CONSTANTS])
    formula = Formula(text, inputs, tuple(reader.assigned), reader.used, reader.steps)
    formula.express()  # whatever is wrong with the text and not with the values is said now
    return formula


def read_assignments(words: Iterable[str]) -> dict[str, float]:
    """The values in words such as ``x=2``, ``b=1e-3`` or ``a=1/3``.

    Raises:
        FormulaError: a word that is no such assignment, a name that is given twice, a number that is not finite.

    >>> read_assignments(["x=2", "w=-3", "b=1/2"])
    {'x': 2.0, 'w': -3.0, 'b': 0.5}
    """
    if isinstance(words, str):
        raise TypeError(f"values are given as a list of words, as ['w=-3', 'x=2'], got {words!r}")
    values: dict[str, float] = {}
    for word in words:
        if not word.strip():
            raise FormulaError("an empty word where a value belongs: write x=2")
        if another := re.search(r"(?<=\S)\s*,\s*$|(?<=\S)[,;\s]\s*\w+\s*=(?!=)", word):
            raise FormulaError("each value is a word of its own, with a space between two: w=-3 x=2", word, another.start())
        if (unit := _UNIT.fullmatch(word)) and unit["unit"] not in CONSTANTS:
            raise FormulaError(f"numbers have no units: write {unit['number'].strip()}", word, unit.start("unit"))
        formula = read_formula(word)
        if len(formula.names) != 1:
            raise FormulaError("a value is given as x=2: one name, `=`, one number, and no space between them", word, 0)
        (name,) = formula.names
        if formula.inputs:
            what = formula.inputs[0]
            finite = what.lower() in ("nan", "inf", "infinity")
            raise FormulaError(f"`{_brief(what)}` is {'not finite' if finite else 'no number'}", word, formula._used[what])
        if name in values:
            raise FormulaError(f"`{_brief(name)}` is given twice", word, 0)
        values[name] = formula.record({}).output.data
    return values


_UNIT = re.compile(r"(?P<number>[^=]*=\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)[*\s]*(?P<unit>[^\W\d_]+(?:[/·*^²³⁻]\S*)?)\s*")
"""A value with a unit, as ``L=1m`` or ``v=3.5 m/s``."""


class _Token(NamedTuple):
    kind: str  # number, name, sign, end
    text: str
    at: int


_LINE_END = re.compile(r"\r\n|\r|\n")
_TOKEN = re.compile(
    r"""(?P<blank> (?: [^\S\r\n] | \ufeff | \#[^\r\n]* )+ )
      | (?P<end>   \r\n | [\r\n;] )
      | (?P<number> (?: [0-9]+(?:_[0-9]+)* (?:\.[0-9]*)? | \.[0-9]+ ) (?: [eE][+-]?[0-9]+ )? )
      | (?P<name>  [^\W\d] (?: \w | [^\x00-\x7f\s] )* )
      | (?P<sign>  \*\* | [<>=!]= | [-+*/<>=()\[\],] )
      | (?P<other> . )""",
    re.VERBOSE,
)


def _tokens(source: str) -> list[_Token]:
    """The words and signs of a text; line ends inside brackets do not count, and the last token is an end."""
    tokens: list[_Token] = []
    depth = last = 0
    for match in _TOKEN.finditer(source):
        kind, text, at = str(match.lastgroup), match[0], match.start()
        if kind == "blank" or (kind == "end" and text != ";" and depth):
            continue
        if kind == "name":
            text = _checked_name(text, source, at)
        elif kind == "other" or (kind == "sign" and source.startswith("//", at)):
            raise FormulaError(_refusal(source[at : at + 2] if kind == "sign" else text), source, at)
        elif kind == "sign":
            depth = max(0, depth + (text in CLOSING) - (text in CLOSING.values()))
        tokens.append(_Token(kind, text, at))
        last = match.end()
    tokens.append(_Token("end", "", last))
    return tokens


def _checked_name(text: str, source: str, at: int) -> str:
    if len(text) > LONGEST_NAME:
        raise FormulaError(f"a name has at most {LONGEST_NAME} characters", source, at)
    for i, c in enumerate(text):
        accent = unicodedata.category(c).startswith("M")
        if not (c == "_" or c.isalnum() or accent) or not (text[0] + c).isidentifier():
            raise FormulaError(_refusal(c), source, at + i)
    name = _normal(text)
    if iskeyword(name):
        why = "" if name in INSTEAD else "; it is a word of the Python language, and cannot be a name either"
        raise FormulaError(_refusal(name) + why, source, at)
    return name


def _normal(name: str) -> str:
    """A name in the form that Python gives it: of the ways to write é in Unicode, one."""
    return unicodedata.normalize("NFKC", name) if len(name) <= LONGEST_NAME else name  # its time grows with the square


def _refusal(text: str) -> str:
    instead = f"; write `{INSTEAD[text]}" if text in INSTEAD else ""
    instead += "`" * (instead.count("`") % 2)
    what = "strings" if text in "'\"" else "attributes: write `sin(x)`, not `math.sin(x)`" if text == "." else f"`{text}`"
    return f"formulas have no {what if text.isprintable() else f'U+{ord(text):04X}'}{instead}"


@dataclass
class _Waiting:
    """An operator, or a bracket that is still open, whose operands are being read."""

    level: int
    token: _Token
    name: str
    function: Callable[..., Any] | None
    operands: int


class _Reader:
    """The text's steps, by operator precedence: an operator waits until what stands to its right binds less tightly."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = _tokens(source)
        self.place = 0
        self.steps: list[_Step] = []
        self.used: dict[str, int] = {}  # names from outside, and where each is used first
        self.assigned: dict[str, int] = {}

    def read(self) -> None:
        """Read the whole text."""
        unnamed: _Token | None = None
        while self.place < len(self.tokens):
            first = self.tokens[self.place]
            if first.kind == "end":
                self.place += 1
                continue
            if unnamed:
                raise self.error("only the last formula may go without a name: write `name = ...`", unnamed)
            targets = self.targets()
            self.expression(targets)
            if targets:
                self.assign(targets)
            else:
                unnamed = first
                self.steps.append(_Step("assign", first.at, argument=[""]))
        if not self.steps:
            raise FormulaError("the formula is empty: write, for example, y = sigmoid(w*x + b)")

    def targets(self) -> list[_Token]:
        """The names left of ``=``; none if the statement is no assignment."""
        names: list[_Token] = []
        place = self.place
        while self.tokens[place].kind == "name":
            names.append(self.tokens[place])
            sign = self.tokens[place + 1].text
            place += 2
            if sign == "=":
                self.place = place
                return names
            if sign != ",":
                break
        return []

    def assign(self, targets: list[_Token]) -> None:
        """Name what was just computed."""
        for token in targets:
            name = token.text
            if name in FUNCTIONS:
                raise self.error(f"`{name}` is a function and cannot be a name", token)
            if name in self.used:
                why = "is used before it is assigned: each name stands for one thing, so give the new value another name"
                raise FormulaError(f"`{_brief(name)}` {why}", self.source, self.used[name])
            if name in self.assigned:
                raise self.error(f"`{_brief(name)}` is assigned twice: give the new value another name", token)
            self.assigned[name] = token.at
        self.steps.append(_Step("assign", targets[0].at, argument=[token.text for token in targets]))

    def expression(self, targets: list[_Token]) -> None:
        """Read up to the end of the statement."""
        waiting: list[_Waiting] = []
        self.operand(waiting)
        while self.operator(waiting, targets):
            self.operand(waiting)

    def operand(self, waiting: list[_Waiting]) -> None:
        """Read a number or a name, with the signs and opening brackets before it."""
        while True:
            token = self.take()
            if token.text == "-":
                waiting.append(_Waiting(SIGN, token, "neg", primitives.neg, 1))
            elif token.text in CLOSING:
                waiting.append(_Waiting(BRACKET, token, "", None, 1))
            elif token.kind == "number":
                self.steps.append(_Step("number", token.at, argument=self.number(token)))
                return
            elif token.kind == "name" and self.tokens[self.place].text == "(":
                waiting.append(_Waiting(BRACKET, token, token.text, self.function(token), 1))
                self.place += 1
            elif token.kind == "name":
                if token.text in FUNCTIONS:
                    raise self.error(f"`{token.text}` is a function: write {token.text}(...)", token)
                if token.text not in self.assigned:
                    self.used.setdefault(token.text, token.at)
                self.steps.append(_Step("load", token.at, token.text))
                return
            elif token.text != "+":
                raise self.error(f"a number, a name or `(` belongs here, not {_found(token)}", token)

    def operator(self, waiting: list[_Waiting], targets: list[_Token]) -> bool:
        """Read what follows an operand, up to where the next operand must stand; False at the end of the statement."""
        while True:
            token = self.take()
            if token.text in OPERATORS:
                level, function = OPERATORS[token.text]
                self.apply(waiting, level + (level in (COMPARISON, POWER)))  # of a ** b ** c the right one goes first
                if level == COMPARISON and waiting and waiting[-1].level == COMPARISON:
                    raise self.error("compare two at a time: (a < b) * (b < c)", token)
                waiting.append(_Waiting(level, token, token.text, function, 2))
                return True
            if token.text == "[":
                self.item()
                continue
            if token.text not in ",)]" and token.kind != "end":
                raise self.misplaced(token, waiting, targets)
            self.apply(waiting, COMPARISON)
            if token.kind == "end":
                if waiting:
                    raise self.never_closed(waiting)
                return False
            if not waiting:
                around = self.tokens[self.place - 2].kind, self.tokens[self.place].kind
                hint = COMMA if token.text == "," and around == ("number", "number") else ""
                raise self.error(f"`{token.text}` without a `(` or `[` before it{hint}", token)
            if token.text == ",":
                waiting[-1].operands += 1
                return True
            self.close(waiting.pop(), token)

    def apply(self, waiting: list[_Waiting], level: int) -> None:
        """Have the operators that bind at least this tightly take their operands."""
        while waiting and waiting[-1].level >= level:
            w = waiting.pop()
            self.steps.append(_Step("apply", w.token.at, f"`{w.name}`" if w.name in OPERATORS else w.name, w.function, w.operands))

    def close(self, bracket: _Waiting, token: _Token) -> None:
        """Make a call, a list, or nothing of what stands in a pair of brackets."""
        opening = "(" if bracket.function else bracket.token.text
        if token.text != CLOSING[opening]:
            raise self.error(f"`{opening}` is closed by `{CLOSING[opening]}`, not by `{token.text}`", token)
        if bracket.function:
            self.steps.append(_Step("apply", bracket.token.at, bracket.name, bracket.function, bracket.operands))
        elif opening == "[" or bracket.operands > 1:
            self.steps.append(_Step("list", bracket.token.at, operands=bracket.operands))

    def item(self) -> None:
        """Read ``0]`` of ``p[0]``."""
        index, closing = self.take(), self.take()
        if not index.text.isdecimal() or len(index.text) > 9 or closing.text != "]":
            raise self.error("an item is taken by a whole number: p[0] is the first", index)
        self.steps.append(_Step("item", index.at, argument=int(index.text)))

    def number(self, token: _Token) -> float:
        number = float(token.text)
        if math.isinf(number):
            raise self.error("the number is larger than any float", token)
        whole = "." not in token.text and "e" not in token.text.lower()
        if whole and len(token.text) < 1000 and int(token.text) != number:
            raise self.error(f"no float equals this number; the nearest is {number!r}", token)
        return number

    def function(self, token: _Token) -> Callable[..., Any]:
        if token.text in FUNCTIONS:
            return FUNCTIONS[token.text]
        name, meant = _brief(token.text), SIGNS.get(token.text, token.text)
        hint = did_you_mean(meant, FUNCTIONS, 1)
        if self.defines():
            raise self.error(f"only a name can stand left of `=`: {name} = ...", token)
        if token.text in self.used or token.text in self.assigned or not hint:
            raise self.error(f"unknown function `{name}`; to multiply, write `{name}*(...)`", token)
        raise self.error(f"unknown function `{name}`: {hint}", token)

    def defines(self) -> bool:
        """Whether a call that was just begun is the left side of an assignment, as in ``f(x) = 2*x``."""
        depth = 0
        for before, token in pairwise(self.tokens[self.place :]):
            depth += (before.text in CLOSING) - (before.text in CLOSING.values())
            if depth <= 0:
                return token.text == "="
        return False

    def take(self) -> _Token:
        token = self.tokens[self.place]
        self.place += token.text != ""  # the last token stays
        return token

    def error(self, message: str, token: _Token) -> FormulaError:
        return FormulaError(message, self.source, token.at)

    def never_closed(self, waiting: list[_Waiting]) -> FormulaError:
        bracket = next(w for w in reversed(waiting) if w.level == BRACKET)
        return self.error(f"`{'(' if bracket.function else bracket.token.text}` is never closed", bracket.token)

    def misplaced(self, token: _Token, waiting: list[_Waiting], targets: list[_Token]) -> FormulaError:
        """What is wrong with a token that stands where an operator belongs."""
        before = self.tokens[self.place - 2]
        bracket = next((w for w in reversed(waiting) if w.level == BRACKET), None)
        touches = before.at + len(before.text) == token.at
        if token.text == "=" and bracket and bracket.function:
            if bracket.name == "where":
                return self.error("to compare, write `==` (or `<`, `>`): where(a == b, x, y)", token)
            return self.error("operands have no names: write leaky_relu(x, 0.2); to compare, write `==`", token)
        if bracket and _LINE_END.search(self.source, bracket.token.at if token.text == "=" else before.at, token.at):
            return self.never_closed(waiting)
        if token.text == "=" and bracket:
            return self.error("to compare, write `==` (or `<`, `>`)", token)
        if token.text == "=" and targets:
            return self.error("a second `=`; to compare, write `==`", token)
        if token.text == "=":
            return self.error("only a name can stand left of `=`: y = 2*x", token)
        if before.kind == "number" and touches and token.kind != "number":
            second = "(...)" if token.text == "(" else _brief(token.text)
            return self.error(f"an operator is missing: to multiply, write `{_brief(before.text)}*{second}`", token)
        return self.error(f"an operator is missing before {_found(token)}; to multiply, write `*`", token)


def _found(token: _Token) -> str:
    if token.kind != "end" or token.text == ";":
        return f"`{_brief(token.text)}`"
    return "the end of the line" if token.text else "the end of the formula"


def _brief(text: str) -> str:
    return brief(text, LONGEST_SHOWN)


def _listed(names: Sequence[str]) -> str:
    return listed([f"`{_brief(name)}`" for name in names], 5)
