"""Value: a number that records how it was computed, and `backward`, which walks that record.

A node computes its local derivatives together with its data, by the float form of its row's rule.  Every method is
built once from its row; what differs is only how many operands they take and whether their derivatives are constant.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from autograd_tiny.engine import floats, refusals
from autograd_tiny.engine.graph import Node
from autograd_tiny.engine.operators import Operators, described, float_form, float_value
from autograd_tiny.engine.refusals import compared, exact_float, finite_float, is_number, refusal
from autograd_tiny.engine.row import MultiPrimitive, Primitive
from autograd_tiny.engine.table import power
from autograd_tiny.text.numbers import loses_as_float

_new = object.__new__
_formulas_only = refusals.FORMULAS_ONLY.get
_REFUSED = (ArithmeticError, ValueError, TypeError)
OWN = float("1.0")  # the grad that its own backward gives a root; a sum that comes to 1.0 is another object


def _comparison(compare: Callable[[float, Any], bool]) -> Callable[[Value, Value | float], bool]:
    def method(self: Value, other: Value | float) -> bool:
        if _formulas_only():
            refusals.refuse_comparison(self)
        if other.__class__ is float:
            return compare(self.number, other)
        if isinstance(other, Value):
            return compare(self.number, other.number)
        if loses_as_float(other):
            raise refusals.no_operand(other)
        return compare(self.number, compared(other)) if is_number(other) else NotImplemented

    return method


class Value(refusals.NoPlainNumber, Operators, Node):
    """A number in a computation that is being recorded.

    Args:
        data: a finite number.
        label: the name shown in pictures, steps and errors.

    Attributes:
        data: the number, a float.
        grad: after ``backward()``, the derivative of the root by this node, a float.
        label: a name; may be set at any time.
        op: the row of the table that made this node; None for a leaf.

    ``<``, ``<=``, ``>``, ``>=`` compare data, as do ``==`` and ``!=`` with a plain number.  Two Values are equal only
    if they are the same node, so that sets and dictionaries hold nodes.

    >>> a, b = Value(2.0, "a"), Value(-3.0, "b")
    >>> y = a * b + a
    >>> y.backward()
    >>> y.data, a.grad, b.grad
    (-4.0, -2.0, 2.0)
    """

    __slots__ = ("d_first", "d_second", "grad", "number")  # a slot is read in a fifth of the time that ``data`` takes
    is_constant: ClassVar[bool] = False
    grad: float
    number: float
    d_first: Any
    d_second: float

    def __init__(self, data: float, label: str = "") -> None:
        if label.__class__ is not str and not isinstance(label, str):
            raise TypeError(f"a label is a string, got {label!r}; Value({data!r}, label=...)")
        self.number = data if data.__class__ is float and data - data == 0.0 else finite_float(data, label)
        self.grad = 0.0
        self.op = None
        self.label = label

    @property
    def data(self) -> float:
        """The number; another one is made a float, since arithmetic of NumPy's numbers may be single precision."""
        return self.number

    @data.setter
    def data(self, x: float) -> None:
        self.number = x if x.__class__ is float else exact_float(x, self.label)

    @property
    def local_derivatives(self) -> tuple[float, ...]:
        """The derivative of this node by each of its operands, as computed when it was recorded."""
        if self.op is None:
            return ()
        if self.first.__class__ is tuple:
            return tuple(self.d_first)
        return (self.d_first,) if self.second is None else (self.d_first, self.d_second)

    def backward(self) -> None:
        """Add the derivative of this node by every leaf to the leaf's ``grad``.

        Nodes in reverse topological order, each handing ``local derivative * its own grad`` to its operands, so that a
        grad is complete before it is passed on.  Interior nodes start from 0 at each call; leaves accumulate from call
        to call, as in PyTorch, until their grad is set to 0.  A run that doubles what the last has left warns.
        """
        if self.op is None:
            self.grad += 1.0
            return
        if self.grad is OWN:
            refusals.warn_doubled(self)
        order = self._order_cleared()
        self.grad = OWN
        for node in reversed(order):
            g = node.grad
            x = node.first
            if (y := node.second) is not None:
                x.grad += node.d_first * g
                y.grad += node.d_second * g
            elif x.__class__ is tuple:
                for x, d in zip(x, node.d_first):  # noqa: B020
                    x.grad += d * g
            else:
                x.grad += node.d_first * g

    def _order_cleared(self) -> list[Value]:
        """`topological_order` of this node, with every grad set to 0: the same search, whose mark is a zero."""
        order: list[Value] = []
        path: list[Value] = []  # nodes to be completed
        rest: list[Iterator[Value]] = []  # of those with many operands, the operands not looked at yet
        completed = floats.Mark()
        push, pop, append = path.append, path.pop, order.append
        node = self
        while True:
            while node.grad is not completed:  # down along first operands
                push(node)
                x = node.first
                if x.__class__ is tuple:
                    rest.append(iter(x))
                    break
                if x.op is None:
                    break
                node = x
            while path:  # and up, as far as all operands are completed
                node = pop()
                if (y := node.second) is not None:
                    if y.op is not None and y.grad is not completed:
                        break
                elif node.first.__class__ is tuple:
                    for y in rest[-1]:
                        if y.op is not None and y.grad is not completed:
                            break
                    else:
                        y = None
                        rest.pop()
                    if y is not None:
                        break
                node.grad = completed
                append(node)
            else:
                return order
            push(node)
            node = y

    @classmethod
    def constant(cls, x: float) -> Constant:
        """A leaf for a number written in a formula."""
        return Constant(x)

    @staticmethod
    def record(primitive: Primitive, operands: tuple[Any, ...]) -> Value:
        """A new node: ``primitive`` applied to operands that are Values or plain numbers."""
        return recorder(primitive)(*lifted(operands))

    @staticmethod
    def record_outputs(
        primitive: MultiPrimitive, operands: tuple[Any, ...], wanted: Sequence[int] | None = None
    ) -> list[Value]:
        """New nodes, one per output of an operation that has several, or for those ``wanted``; it is computed once."""
        operands = lifted(operands)
        data = [v.number for v in operands]
        try:
            outputs = float_value(primitive)(*data)
            rule = float_form(primitive)
            indices = range(primitive.count(operands)) if wanted is None else wanted
            derivatives = [rule(outputs, i, *data) for i in indices]
        except _REFUSED as error:
            raise refusal(primitive, operands, error) from None
        primitive.check_form(operands, outputs, derivatives)
        return [_node(primitive[i], outputs[i], operands, d) for i, d in zip(indices, derivatives)]

    @classmethod
    def takes(cls, other: object) -> bool:
        """Whether ``other`` may stand beside a Value in an operation."""
        return _lift(other) is not NotImplemented

    def __pow__(self, exponent: Value | float) -> Value:
        """x to a power: a plain number is the constant of a row, a Value an operand of `pow`."""
        if exponent.__class__ is float or exponent.__class__ is int:
            return _power_recorder(exponent)(self)
        return super().__pow__(exponent)

    # What is neither a number nor a Value may know Values itself, as an array, or must refuse them, as an Expression.

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not float:
            if isinstance(other, Value):
                return self is other
            if loses_as_float(other):
                return False
            if not is_number(other):
                return NotImplemented
        if _formulas_only():
            refusals.refuse_comparison(self)
        return self.number == compared(other)

    __hash__ = Node.__hash__

    __lt__ = _comparison(operator.lt)
    __le__ = _comparison(operator.le)
    __gt__ = _comparison(operator.gt)
    __ge__ = _comparison(operator.ge)

    def __repr__(self) -> str:
        parts = [repr(self.number)]
        parts += [repr(self.label)] if self.label else []
        parts += [f"op={self.op.name}"] if self.op is not None else []
        parts += [f"grad={self.grad!r}"] if self.grad else []
        return f"{type(self).__name__}({', '.join(parts)})"

    def __format__(self, spec: str) -> str:
        return format(self.number, spec) if spec else str(self)


class Constant(Value):
    """A number written in a formula, as the 2 in ``2 * x``: a leaf that no gradient is wanted for."""

    __slots__ = ()
    is_constant = True


def _lift(x: Any) -> Any:
    """``x`` as an operand: Values as they are, numbers as constants, NotImplemented for what may know Values itself."""
    kind = x.__class__
    if kind is float and x - x == 0.0:
        data = x
    elif kind is int and -9007199254740992 <= x <= 9007199254740992:  # 2 ** 53: up to here floats hold every integer
        data = x + 0.0
    elif isinstance(x, Value):
        return x
    elif is_number(x):
        data = finite_float(x)
    elif isinstance(x, Node) or kind.__module__ == "builtins" or loses_as_float(x):
        raise refusals.no_operand(x)  # NumPy would go on with a time as a whole number, without its unit
    else:
        return NotImplemented
    v = _new(Constant)
    v.number = data
    v.grad = 0.0
    v.op = None
    v.label = ""
    return v


def lifted(operands: Sequence[Any]) -> tuple[Value, ...]:
    """The operands of an operation as Values, numbers becoming constants."""
    return tuple([x if x.__class__ is Value else _operand(x) for x in operands])


def _operand(x: Any) -> Value:
    if (operand := _lift(x)) is NotImplemented:
        raise refusals.no_operand(x)
    return operand  # type: ignore[no-any-return]


def _node(primitive: Primitive, data: float, operands: tuple[Value, ...], derivatives: Sequence[float]) -> Value:
    v = _new(Value)
    v.number = data
    v.grad = 0.0
    v.op = primitive
    v.label = ""
    v.first = operands
    v.second = None
    v.d_first = derivatives
    return v


# One method per row.  Each repeats the lines that fill a node's slots: a call would cost a quarter of the time.


def _unary(primitive: Primitive) -> Callable[[Value], Value]:
    forward, rule = float_value(primitive), float_form(primitive)

    def method(self: Value) -> Value:
        v = _new(Value)
        x = self.number
        try:
            v.number = out = forward(x)
            (v.d_first,) = rule(out, x)
        except _REFUSED as error:
            raise refusal(primitive, (self,), error) from None
        v.grad = 0.0
        v.op = primitive
        v.label = ""
        v.first = self
        v.second = None
        return v

    return method


def _binary(primitive: Primitive) -> Callable[[Value, Any], Value]:
    forward, rule = float_value(primitive), float_form(primitive)

    def method(self: Value, other: Any) -> Any:
        if other.__class__ is not Value:
            other = _lift(other)
            if other is NotImplemented:
                return NotImplemented
        v = _new(Value)
        x = self.number
        y = other.number
        try:
            v.number = out = forward(x, y)
            v.d_first, v.d_second = rule(out, x, y)
        except _REFUSED as error:
            raise refusal(primitive, (self, other), error) from None
        v.grad = 0.0
        v.op = primitive
        v.label = ""
        v.first = self
        v.second = other
        return v

    return method


def _binary_linear(primitive: Primitive) -> Callable[[Value, Any], Value]:
    forward = float_value(primitive)
    d_first, d_second = float_form(primitive)(None)

    def method(self: Value, other: Any) -> Any:
        if other.__class__ is not Value:
            other = _lift(other)
            if other is NotImplemented:
                return NotImplemented
        v = _new(Value)
        v.number = forward(self.number, other.number)
        v.d_first = d_first
        v.d_second = d_second
        v.grad = 0.0
        v.op = primitive
        v.label = ""
        v.first = self
        v.second = other
        return v

    return method


def _nary(primitive: Primitive) -> Callable[..., Value]:
    forward, rule = float_value(primitive), float_form(primitive)

    def method(*operands: Value) -> Value:
        data = [v.number for v in operands]
        v = _new(Value)
        try:
            v.number = out = forward(*data)
            v.d_first = given = rule(out, *data)
            if len(given) != len(data):
                primitive.derivatives(out, data)  # which says so
        except _REFUSED as error:
            raise refusal(primitive, operands, error) from None
        v.grad = 0.0
        v.op = primitive
        v.label = ""
        v.first = operands
        v.second = None
        return v

    return method


@lru_cache(maxsize=4096)
def recorder(primitive: Primitive) -> Callable[..., Value]:
    """The function that records ``primitive`` applied to Values, built once per row."""
    pair = _binary_linear if isinstance(primitive.rule, tuple) else _binary
    build: Any = {1: _unary, 2: pair}.get(primitive.arity or 0, _nary)
    return described(build(primitive), primitive, reflected=False)  # type: ignore[no-any-return]


@lru_cache(maxsize=4096)
def _power_recorder(exponent: float) -> Callable[[Value], Value]:
    return recorder(power[exponent])


def _reflected(primitive: Primitive) -> Callable[[Value, Any], Any]:
    record = recorder(primitive)

    def method(self: Value, other: Any) -> Any:
        other = _lift(other)
        return other if other is NotImplemented else record(other, self)

    return described(method, primitive, reflected=True)


for _name, _method in vars(Operators).items():
    if (_row := getattr(_method, "primitive", None)) and _name not in vars(Value):
        setattr(Value, _name, _reflected(_row) if _method.reflected else recorder(_row))
