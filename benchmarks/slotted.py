"""The baseline of `scalar_gpt`: a plain Value, as one would write it with slots and without closures.

Each operation builds a node with a tuple of operands and a tuple of local derivatives; backward sorts recursively.  After
Karpathy's microgpt (2026), with subtraction and division as operations of their own, so that both engines build the same graph.
"""

from __future__ import annotations

import math


class Value:
    """A number that remembers its operands and its derivatives by them."""

    __slots__ = ("data", "grad", "local_derivatives", "operands")

    def __init__(self, data: float, operands: tuple[Value, ...] = (), local_derivatives: tuple[float, ...] = ()) -> None:
        self.data = data
        self.grad = 0.0
        self.operands = operands
        self.local_derivatives = local_derivatives

    def __add__(self, other: Value | float) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __sub__(self, other: Value | float) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data - other.data, (self, other), (1.0, -1.0))

    def __mul__(self, other: Value | float) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __truediv__(self, other: Value | float) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        quotient = self.data / other.data
        return Value(quotient, (self, other), (1.0 / other.data, -quotient / other.data))

    def __pow__(self, exponent: float) -> Value:
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1.0),))

    def exp(self) -> Value:
        """e to the power of this."""
        power = math.exp(self.data)
        return Value(power, (self,), (power,))

    def log(self) -> Value:
        """The natural logarithm."""
        return Value(math.log(self.data), (self,), (1.0 / self.data,))

    def relu(self) -> Value:
        """This where it is positive, else 0."""
        return Value(max(0.0, self.data), (self,), (float(self.data > 0.0),))

    def backward(self) -> None:
        """Add the derivative of this by every node to the node's ``grad``.  Recursive: as deep as the graph."""
        order: list[Value] = []
        seen: set[Value] = set()

        def visit(node: Value) -> None:
            if node not in seen:
                seen.add(node)
                for operand in node.operands:
                    visit(operand)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for operand, derivative in zip(node.operands, node.local_derivatives):
                operand.grad += derivative * node.grad
