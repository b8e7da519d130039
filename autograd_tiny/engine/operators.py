"""The operators and methods of a recorded scalar, named once, taken from the table.

`Operators` serves every kind of node: each method asks the node's own kind to ``record`` the row.  A kind for which that
is too slow (`Value`) replaces them by methods built for one row each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from autograd_tiny.engine import table as primitives
from autograd_tiny.engine.table import Primitive

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

    __add__ = binary(primitives.add)
    _added_to = reflected(primitives.add)
    __sub__ = binary(primitives.sub)
    __rsub__ = reflected(primitives.sub)
    __mul__ = binary(primitives.mul)
    __rmul__ = reflected(primitives.mul)
    __truediv__ = binary(primitives.div)
    __rtruediv__ = reflected(primitives.div)
    __rpow__ = reflected(primitives.pow_)
    __neg__ = unary(primitives.neg)

    def __radd__(self: S, other: S | float) -> S:
        """A sum with a number on the left."""
        if other.__class__ is int and other == 0:
            return self  # sum() starts from the integer 0, which is no part of the formula
        return self._added_to(other)

    def __xor__(self, other: object) -> Any:
        raise TypeError("^ is no power in Python; write x ** 2")

    __rxor__ = __xor__
    __abs__ = unary(primitives.absolute)

    abs = unary(primitives.absolute)
    acos = unary(primitives.acos)
    asin = unary(primitives.asin)
    atan = unary(primitives.atan)
    cos = unary(primitives.cos)
    cosh = unary(primitives.cosh)
    erf = unary(primitives.erf)
    erfc = unary(primitives.erfc)
    exp = unary(primitives.exp)
    expm1 = unary(primitives.expm1)
    gelu = unary(primitives.gelu)
    log = unary(primitives.log)
    log1p = unary(primitives.log1p)
    relu = unary(primitives.relu)
    sigmoid = unary(primitives.sigmoid)
    sign = unary(primitives.sign)
    silu = unary(primitives.silu)
    sin = unary(primitives.sin)
    sinh = unary(primitives.sinh)
    softplus = unary(primitives.softplus)
    sqrt = unary(primitives.sqrt)
    step = unary(primitives.step)
    tan = unary(primitives.tan)
    tanh = unary(primitives.tanh)

    # The same by NumPy's names: np.arcsin calls this method on every element of an object array.
    arccos = unary(primitives.acos)
    arcsin = unary(primitives.asin)
    arctan = unary(primitives.atan)
    arctan2 = binary(primitives.atan2)
    hypot = binary(primitives.hypot)

    def conjugate(self: S) -> S:
        """Itself, being real; np.var and np.vdot ask for it."""
        return self

    def __pos__(self: S) -> S:
        return self

    def __pow__(self: S, exponent: S | float) -> S:
        """x to a power: a plain number is the constant of a row, a node an operand of `pow`."""
        if not self.takes(exponent):
            return NotImplemented
        return primitives.power(self, exponent if isinstance(exponent, Operators) else float(exponent))  # type: ignore[no-any-return]

    def leaky_relu(self: S, slope: float = 0.01) -> S:
        """x where x > 0, else slope * x."""
        return primitives.leaky_relu(self, slope)  # type: ignore[no-any-return]

    @classmethod
    def record(cls: type[S], primitive: Primitive, operands: tuple[Any, ...]) -> S:
        """A node of this kind for ``primitive`` applied to ``operands``, of which some may be plain numbers."""
        raise NotImplementedError

    @classmethod
    def takes(cls, other: object) -> bool:
        """Whether ``other`` may stand beside a node of this kind in an operation."""
        raise NotImplementedError
