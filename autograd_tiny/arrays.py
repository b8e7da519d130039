"""Whole arrays, and other containers, of Values: made from numbers, and turned back into numbers.

A NumPy array of Values has dtype object, and NumPy then calls the Values' own operators and methods for every element.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_tiny.calculus.containers import Container
from autograd_tiny.engine.refusals import data_of
from autograd_tiny.engine.value import Value


def values(numbers: Any, label: str = "") -> Any:
    """New leaves for all numbers in an array or another container (`Container`), in the same arrangement.

    Args:
        numbers: an array of any shape becomes an array of objects of that shape.
        label: if given, every Value is called by it and its place, ``w[0, 2]``.

    >>> values([1.0, [2.0]], "w")
    [Value(1.0, 'w[0]'), [Value(2.0, 'w[1][0]')]]
    """
    container = Container(numbers, label or "numbers")
    names = container.names() if label else [""] * len(container.numbers)
    return container.rebuild([Value(x, name) for x, name in zip(container.numbers, names)])


def data(values: Any) -> Any:
    """The numbers in an array or another container of Values, in the same arrangement: for an array, one of floats.

    >>> data([Value(1.0), (Value(2.0), 3.0)])
    [1.0, (2.0, 3.0)]
    """
    container = Container(values, "values")
    return container.rebuild([data_of(v) for v in container.numbers])


def grads(values: Any) -> Any:
    """What ``backward`` left in the Values of an array or another container, in the same arrangement: floats.

    A number that is no Value has grad 0.

    >>> x = [Value(2.0), Value(3.0)]
    >>> (x[0] * x[1]).backward()
    >>> grads(x)
    [3.0, 2.0]
    """
    container = Container(values, "values")
    return container.rebuild([v.grad if isinstance(v, Value) else 0.0 for v in container.numbers])


def elementwise(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of numbers as a function of NumPy arrays, element by element, with NumPy's broadcasting.

    For what NumPy has no function for, such as ``sigmoid``, or none that records the choice, such as ``where``.  The result
    is an array of floats where all of it are floats, else of objects; from single numbers it is what ``f`` gives.

    >>> import numpy as np
    >>> from autograd_tiny import where
    >>> x = values(np.array([-2.0, 3.0]))
    >>> data(elementwise(where)(x > 0.0, x**2, 0.0))
    array([0., 9.])
    """

    def on_arrays(*operands: Any) -> Any:
        import numpy

        result = Container(numpy.frompyfunc(f, len(operands), 1)(*operands), "the result")
        return result.rebuild(result.numbers)

    return on_arrays
