"""The operators and methods of a recorded scalar, named once, taken from the table; and rows, taken from it by name.

`Operators` serves every kind of node: each method asks the node's own kind to ``record`` the row.  A kind for which
that is too slow (`Value`) replaces them by methods built for one row each.
"""

from __future__ import annotations

import copyreg
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import CodeType, FunctionType, MappingProxyType
from typing import Any, TypeVar

from autograd_tiny.engine import table
from autograd_tiny.engine.refusals import made_float, made_floats, no_operand
from autograd_tiny.engine.row import Family, MultiPrimitive, Output, Primitive
from autograd_tiny.text.numbers import loses_as_float

OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType({
    "less": operator.lt, "less_equal": operator.le, "greater": operator.gt, "greater_equal": operator.ge,
    "equal": operator.eq, "not_equal": operator.ne,
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "power": operator.pow,
})  # fmt: skip
"""Python's own, by NumPy's names."""

S = TypeVar("S", bound="Operators")
M = TypeVar("M", bound=Callable[..., Any])


def unary(primitive: Primitive) -> Callable[[S], S]:
    """A method that applies ``primitive`` to the node itself."""

    def method(self: S) -> S:
        return type(self).record(primitive, (self,))

    return described(method, primitive, reflected=False)


def binary(primitive: Primitive) -> Callable[[S, S | float], S]:
    """A method that applies ``primitive`` to the node and another operand."""

    def method(self: S, other: S | float) -> Any:
        if not self.takes(other):
            return NotImplemented
        return type(self).record(primitive, (self, other))

    return described(method, primitive, reflected=False)


def reflected(primitive: Primitive) -> Callable[[S, S | float], S]:
    """The same with the other operand first, for a number on the left of an operator."""

    def method(self: S, other: S | float) -> Any:
        if not self.takes(other):
            return NotImplemented
        return type(self).record(primitive, (other, self))

    return described(method, primitive, reflected=True)


def described(method: M, primitive: Primitive, *, reflected: bool) -> M:
    """``method`` with the name and the doc of the row that it applies."""
    vars(method).update(primitive=primitive, reflected=reflected)
    method.__name__ = primitive.name
    method.__doc__ = primitive.doc
    return method


class Operators:
    """Arithmetic and functions on recorded scalars, by the rows of the table."""

    __slots__ = ()

    __add__ = binary(table.add)
    _added_to = reflected(table.add)
    __sub__ = binary(table.sub)
    __rsub__ = reflected(table.sub)
    __mul__ = binary(table.mul)
    __rmul__ = reflected(table.mul)
    __truediv__ = binary(table.div)
    __rtruediv__ = reflected(table.div)
    __rpow__ = reflected(table.pow_)
    __neg__ = unary(table.neg)

    def __radd__(self: S, other: S | float) -> S:
        """A sum with a number on the left."""
        if other.__class__ is int and other == 0:
            return self  # sum() starts from the integer 0, which is no part of the formula
        return self._added_to(other)

    def __xor__(self, other: object) -> Any:
        raise TypeError("^ is no power in Python; write x ** 2")

    __rxor__ = __xor__
    __abs__ = unary(table.absolute)

    abs = unary(table.absolute)
    acos = unary(table.acos)
    asin = unary(table.asin)
    atan = unary(table.atan)
    cos = unary(table.cos)
    cosh = unary(table.cosh)
    erf = unary(table.erf)
    erfc = unary(table.erfc)
    exp = unary(table.exp)
    expm1 = unary(table.expm1)
    gelu = unary(table.gelu)
    log = unary(table.log)
    log1p = unary(table.log1p)
    relu = unary(table.relu)
    sigmoid = unary(table.sigmoid)
    sign = unary(table.sign)
    silu = unary(table.silu)
    sin = unary(table.sin)
    sinh = unary(table.sinh)
    softplus = unary(table.softplus)
    sqrt = unary(table.sqrt)
    step = unary(table.step)
    tan = unary(table.tan)
    tanh = unary(table.tanh)

    # The same by NumPy's names: np.arcsin calls this method on every element of an object array.
    arccos = unary(table.acos)
    arcsin = unary(table.asin)
    arctan = unary(table.atan)
    arctan2 = binary(table.atan2)
    hypot = binary(table.hypot)

    def conjugate(self: S) -> S:
        """Itself, being real; np.var and np.vdot ask for it."""
        return self

    def __pos__(self: S) -> S:
        return self

    def __pow__(self: S, exponent: S | float) -> S:
        """x to a power: a plain number is the constant of a row, a node an operand of `pow`."""
        if not self.takes(exponent):
            return NotImplemented
        given = exponent if isinstance(exponent, Operators) else float(exponent)
        return table.power(self, given)  # type: ignore[no-any-return]

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
        """A function of NumPy on this and others: element by element, each with the operators and methods here.

        Raises:
            TypeError: an operand is a time or complex; NumPy would go on with a whole number, without its unit.
        """
        if method == "__call__" and (plain := OPERATORS.get(ufunc.__name__)) and not any(map(_has_entries, operands)):
            return plain(*map(_scalar, operands))  # of a comparison NumPy would ask for the truth
        import numpy

        for x in operands:
            if loses_as_float(x):
                raise no_operand(x)
        given = [numpy.array(x, object) if isinstance(x, Operators) else x for x in operands]
        return getattr(ufunc, method)(*given, **options)

    def on(self: S, adjoint: S | float) -> S:
        """This local derivative times what the chain rule multiplies it by."""
        return self * adjoint

    def leaky_relu(self: S, slope: float = 0.01) -> S:
        """x where x > 0, else slope * x."""
        return table.leaky_relu(self, slope)  # type: ignore[no-any-return]

    @classmethod
    def record(cls: type[S], primitive: Primitive, operands: tuple[Any, ...]) -> S:
        """A node of this kind for ``primitive`` applied to ``operands``, of which some may be plain numbers."""
        raise NotImplementedError

    @classmethod
    def takes(cls, other: object) -> bool:
        """Whether ``other`` may stand beside a node of this kind in an operation."""
        raise NotImplementedError


def _is_of_the_table(operation: Primitive | MultiPrimitive) -> bool:
    whole: Any = getattr(operation, "family", None) or operation
    return table.TABLE.get(whole.name) is whole


def _has_entries(x: Any) -> bool:
    return getattr(x, "ndim", 0) != 0 or isinstance(x, (list, tuple))


def _scalar(x: Any) -> Any:
    """A number of NumPy, or an array of one thing, as Python's; anything else as it is."""
    if not hasattr(x, "dtype"):
        return x
    if loses_as_float(x):
        raise no_operand(x)
    item = x.item()
    return float(item) if hasattr(item, "dtype") else item  # wider than a float


@lru_cache(maxsize=4096)
def float_value(operation: Primitive | MultiPrimitive) -> Callable[..., Any]:
    """The value of an operation on floats; what one of one's own gives is made floats, or refused."""
    if _is_of_the_table(operation):
        return operation.forward
    if isinstance(operation, MultiPrimitive):
        return lambda *operands: made_floats(operation, operation.forward(*operands), "an output")
    return lambda *operands: made_float(operation, operation.forward(*operands))


@lru_cache(maxsize=4096)
def float_form(operation: Primitive | MultiPrimitive) -> Callable[..., Sequence[float]]:
    """The rule of an operation as it is run on floats.

    A rule of the table has the names of rows in it bound to their float functions: the same code, and floats pay no
    dispatch.  Only these rules are bound in advance, since no name in there ever changes.  Any other rule is called as
    it is: it sees its globals as they are at that time, and the rows in it compute on floats; what it gives is made
    floats.
    """
    rule: Any = operation.rule
    if isinstance(rule, tuple):
        numbers = made_floats(operation, rule, "a derivative")
        return lambda out, *operands: numbers
    known = rule.__globals__
    if known is not vars(table):
        return lambda *operands: made_floats(operation, rule(*operands), "a derivative")

    def names_in(code: CodeType) -> set[str]:
        inner = [names_in(c) for c in code.co_consts if isinstance(c, CodeType)]
        return set(code.co_names).union(*inner)

    used = {name: known[name] for name in names_in(rule.__code__) if name in known}
    names = {name: x.forward if isinstance(x, (Primitive, MultiPrimitive)) else x for name, x in used.items()}
    return FunctionType(rule.__code__, names, rule.__name__, rule.__defaults__, rule.__closure__)


def row_of_the_table(name: str, parameter: Any = None) -> Any:
    """A row, or the member of a family: what a pickle holds of it."""
    row: Any = table.TABLE[name]
    return row if parameter is None else row[parameter]


def _pickled(row: Any) -> Any:
    whole: Any = getattr(row, "family", None) or row
    if whole in table.TABLE.values():
        return row_of_the_table, (whole.name, getattr(row, "parameter", None))
    raise TypeError(
        f"pickle takes rows of the table, by their names, and {whole.name} is a row of your own: "
        "name the function that makes it in its place, or leave it out and put it back in afterwards"
    )


for _kind in (Primitive, Output, Family, MultiPrimitive):
    copyreg.pickle(_kind, _pickled)
