"""The formula reader: ``y = sigmoid(w*x + b)`` as text, for people who write no Python.

A text becomes a list of steps, operands before operators, and running them on a stack records Values or Expressions.
The grammar and the order of operations are Python's, and a formula records the nodes that the same line of Python
would; but nothing of Python can be reached from it: a name is an input, a constant or a node named before, and a call
is a row of the table.  Nothing recurses, so brackets and sums may be as deep and as long as they like.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from autograd_tiny.arrays.node import ArrayNode, Shape
from autograd_tiny.arrays.recorded import Array, array
from autograd_tiny.arrays.shapes import entry_places, is_list
from autograd_tiny.engine.graph import Node, all_nodes
from autograd_tiny.engine.value import Value
from autograd_tiny.formulas.errors import FormulaError, names_shown, shown
from autograd_tiny.formulas.reader import Reader, Step
from autograd_tiny.formulas.running import MOST_OPERANDS, Run, Trial
from autograd_tiny.formulas.tokens import normal
from autograd_tiny.formulas.vocabulary import CONSTANTS
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.text.names import near
from autograd_tiny.text.words import did_you_mean

NodeT = TypeVar("NodeT", bound=Node)
Numbers = Any
"""A finite number, a list of them for a vector, a list of lists for a matrix, or a NumPy array."""


@dataclass(frozen=True, eq=False)
class Recorded(Generic[NodeT]):
    """A formula that was recorded.

    Attributes:
        output: the node of the last assignment, or of the formula without a name that comes last.
        nodes: every input and every assigned name with its node, in this order.  Two names may name the same node; the
            entries of an array ``p`` are ``p[0]``, ``p[1]``, ..., those of a matrix ``W[0][0]``, ``W[0][1]``, ...
        arrays: every input and every assigned name that is an array.

    >>> recorded = read_formula("y = w*x").record({"w": 2, "x": 3})
    >>> recorded.output, list(recorded.nodes)
    (Value(6.0, 'y', op=mul), ['w', 'x', 'y'])
    """

    output: NodeT
    nodes: dict[str, NodeT]
    arrays: dict[str, Array] = field(default_factory=dict)
    _statements: list[Sequence[str]] = field(default_factory=list, repr=False)

    @property
    def unused(self) -> tuple[str, ...]:
        """The names whose formulas the output does not depend on.

        Of outputs that one formula names, one that is used is enough.

        >>> read_formula("f = max(x, 0); g = min(x, y)").record({"x": 1, "y": 2}).unused
        ('f',)
        """
        used = set(all_nodes(self.output))
        in_use = {name.partition("[")[0] for name, node in self.nodes.items() if node in used}
        return tuple([name for names in self._statements if in_use.isdisjoint(names) for name in names])


_NO_SHAPES: Mapping[str, Shape] = MappingProxyType({})


@dataclass(frozen=True)
class Formula:
    """A formula that was read: what it needs and what it names.  `read_formula` makes it.

    Attributes:
        source: the text.
        inputs: the names that need a value, in the order of their first use.
        names: the names that the formula assigns, in order.
        places: where in the text each name from outside is used first, those of constants, too.
        steps: what is done, operands before operators.

    >>> formula = read_formula("s = w*x + b; y = sigmoid(s)")
    >>> formula.inputs, formula.names
    (('w', 'x', 'b'), ('s', 'y'))
    >>> print(formula.express().output)
    s = w * x + b; sigmoid(s)
    """

    source: str
    inputs: tuple[str, ...]
    names: tuple[str, ...]
    places: dict[str, int] = field(repr=False, compare=False)
    steps: list[Step] = field(repr=False, compare=False)

    def record(self, values: Mapping[str, Numbers]) -> Recorded[Value]:
        """Record the formula at a point.

        Every input becomes a Value labelled with its name, or an Array of Values, and every assigned name labels its
        node.  A name assigned to a number (``w = -3``) is such a Value too; a number inside a formula is a Constant.

        Args:
            values: finite numbers, or nested lists of them, for every input, and if they are to be something else for
                ``e`` and ``pi``.

        Raises:
            FormulaError: a value that is missing or not wanted, an operation outside its domain, shapes that do not
                fit, a result that is not finite.

        >>> y = read_formula("y = sigmoid(w*x + b)").record({"w": -3, "x": 2, "b": 6.5}).output
        >>> y.backward()
        >>> round(y.data, 4)
        0.6225
        >>> read_formula("y = sum((X @ w - t)**2)").record({"X": [[1, 2], [3, 4]], "w": [0.5, 1], "t": [2, 5]}).output
        Value(0.5, 'y', op=total)
        """
        if not isinstance(values, Mapping):
            raise TypeError(f"the values of a formula are a dictionary, as {{'w': -3, 'x': 2}}, got {values!r}")
        given = {normal(name): number for name, number in values.items()}
        self._check(given)
        inputs: dict[str, Any] = {}
        for name, at in self.places.items():
            if name in given:
                numbers = given[name]
                try:
                    inputs[name] = array(numbers, name) if is_list(numbers) else Value(numbers, name)
                except (TypeError, ValueError, OverflowError) as error:
                    raise FormulaError(str(error), self.source, at) from None
        return self._recorded(Run(self.source, inputs, Value))

    def express(self, shapes: Mapping[str, Shape] = _NO_SHAPES) -> Recorded[Expression]:
        """The formula as Expressions: to print, to differentiate, to compile.

        Args:
            shapes: for inputs that are arrays (rows, columns), or (entries,).

        Raises:
            FormulaError: something in it only arrays have, and no shape is given for them; shapes that do not fit.

        >>> read_formula("(a + b) * c ** 2").express().output.latex()
        '\\\\left(a + b\\\\right) \\\\cdot c^{2}'
        >>> print(read_formula("sum(W @ x)").express({"W": (1, 2), "x": (2,)}).output)
        total(dot([W[0][0], W[0][1]], [x[0], x[1]]))
        """
        if sum([prod(shape) for shape in shapes.values()]) > MOST_OPERANDS:
            raise FormulaError(f"arrays of these shapes have more than {MOST_OPERANDS:,} entries")
        return self._recorded(
            Run(self.source, {name: _symbols(name, shapes.get(name, ())) for name in self.inputs}, Expression)
        )

    def _recorded(self, run: Run) -> Recorded[Any]:
        run.all(self.steps)
        statements = [step.argument for step in self.steps if step.kind == "assign" and step.argument != [""]]
        return Recorded(run.output, run.nodes, run.arrays, statements)

    def _check(self, given: Mapping[str, object]) -> None:
        extra = [name for name in given if name not in self.places]
        missing = [name for name in self.inputs if name not in given]
        if missing:
            hint = "".join([f": `{x}` has one, but does not occur" for x in near(missing[0], extra)[:1]])
            text = f"no value for {names_shown(missing)}{hint}"
            if re.match(r"\s*==", self.source[(at := self.places[missing[0]]) + len(missing[0]) :]):
                text += f"; to name a result, write one `=`: {shown(missing[0])} = ..."
            raise FormulaError(text, self.source, at)
        if extra:
            name = extra[0]
            if name in self.names:
                raise FormulaError(f"`{shown(name)}` is computed by the formula, so it takes no value")
            hint = did_you_mean(name, self.places, 1)
            raise FormulaError(f"`{shown(name)}` does not occur in the formula{hint and ': '}{hint}")


def _symbols(name: str, shape: Shape) -> Any:
    """A variable, or an Array of them."""
    if not shape:
        return Expression(name)
    return Array(ArrayNode(shape, [Expression(name + place) for place in entry_places(shape)], label=name))


def read_formula(text: str) -> Formula:
    """Read assignments, separated by ``;`` or line ends; the last may be a formula without a name.

    Numbers, names, ``+ - * / **``, comparisons, brackets, ``# comments``, every operation of the table by its name,
    lists for operations that take many operands, ``softmax([a, b])[0]`` or ``p, q = softmax([a, b])`` for those that
    give many, and the constants ``pi`` and ``e``.  Each name is assigned once.  Arithmetic on plain numbers is done at
    once, in floats.

    Vectors and matrices: ``[[1, 2], [3, 4]]``, ``W @ x + b`` with NumPy's broadcasting, ``W.T``, ``W[0][1]``,
    ``W[:, 1]``; functions work entry by entry, ``softmax`` and ``logsumexp`` by row, ``sum(X)``, ``sum(X, axis=0)``,
    ``mean(X, axis=1)``.  Which inputs are arrays is known when they get their values.

    Raises:
        FormulaError: the text is no such formula.

    >>> read_formula("p, q = softmax([a, b]); loss = -log(p)  # of two classes").inputs
    ('a', 'b')
    >>> read_formula("y = 2x")
    Traceback (most recent call last):
    autograd_tiny.formulas.errors.FormulaError: an operator is missing: to multiply, write `2*x`
        y = 2x
             ^
    """
    if not isinstance(text, str):
        raise TypeError(f"a formula is a string, as 'y = sigmoid(w*x + b)', got {text!r}")
    formula = parsed(text)
    Trial(text, {name: Expression(name) for name in formula.inputs}, Expression).all(formula.steps)
    return formula


def parsed(text: str) -> Formula:
    """A text in steps, of which nothing was run: they may give an array."""
    reader = Reader(text)
    reader.read()
    inputs = tuple([name for name in reader.used if name not in CONSTANTS])
    return Formula(text, inputs, tuple(reader.assigned), reader.used, reader.steps)
