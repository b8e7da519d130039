"""Containers of numbers as numbers in a row and back, and as Values.

Lists, tuples, dicts, arrays and modules are containers, nested at will.

A NumPy array of Values has dtype object, and NumPy then calls the Values' own operators and methods for every element.
NumPy is imported only by what works with its arrays: who passes an array has imported it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

from autograd_tiny.engine.contents import Holder, index_names, is_array, parts, rebuilt, walk, with_parts
from autograd_tiny.engine.graph import Node
from autograd_tiny.engine.refusals import data_of, finite_float
from autograd_tiny.engine.value import Constant, Value
from autograd_tiny.text.names import distinct
from autograd_tiny.text.numbers import loses_as_float
from autograd_tiny.text.words import quoted

Build = Callable[[Iterator[Any]], Any]


class Block(NamedTuple):
    """A number that stands alone, or an array of numbers: what a container holds.

    Attributes:
        name: where it is, as ``weights[2]['bias']``.
        numbers: floats and Values, those of an array in the order of its indices, the last one fastest.
        shape: of the array; None for a number.
    """

    name: str
    numbers: list[Any]
    shape: tuple[int, ...] | None

    def names(self) -> list[str]:
        """One name per number."""
        if self.shape is None:
            return [self.name]
        return [self.name + place for place in index_names(self.shape)]

    def rebuild(self, entries: Sequence[Any]) -> Any:
        """The same with other entries.  Arrays as entries are stacked: their axes come before those of the block."""
        if self.shape is None:
            return entries[0]
        numpy = sys.modules["numpy"]
        stacked = numpy.array(entries)
        return numpy.moveaxis(stacked, 0, -1).reshape(stacked.shape[1:] + self.shape)


class Container:
    """The numbers in nested lists, tuples, named tuples, dicts, arrays and modules, and how they are arranged.

    A dict is read in its own order; a module is a container of its parameters.  Anything else must be a number: a Value
    stays what it is, an int or another real number becomes a float.

    Args:
        thing: a number, or a container of numbers and containers.
        name: what errors call it.

    Attributes:
        blocks: the numbers that stand alone, and the arrays, in order.
        numbers: all numbers, in order.

    Raises:
        TypeError, ValueError, OverflowError: for what is no finite number, naming the place where it is.

    >>> point = Container({"x": 1, "weights": [2.0, (3.0,)]}, "point")
    >>> point.numbers, point.names()
    ([1.0, 2.0, 3.0], ["point['x']", "point['weights'][0]", "point['weights'][1][0]"])
    >>> point.rebuild("abc")
    {'x': 'a', 'weights': ['b', ('c',)]}
    """

    def __init__(self, thing: Any, name: str) -> None:
        self.name = name
        self.blocks: list[Block] = []
        self._build = _take_apart(thing, name, self.blocks)
        self.numbers = [x for block in self.blocks for x in block.numbers]

    def names(self) -> list[str]:
        """One name per number, all different, also where two keys of a dict are written alike."""
        return distinct([name for block in self.blocks for name in block.names()])

    def rebuild(self, numbers: Sequence[Any]) -> Any:
        """The same arrangement of other numbers; an array of floats where all are floats, else of objects."""
        rest = iter(numbers)
        return self.assemble([block.rebuild([next(rest) for _ in block.numbers]) for block in self.blocks])

    def assemble(self, entries: Sequence[Any]) -> Any:
        """The same arrangement with one entry in place of every number that stands alone and of every array."""
        return self._build(iter(entries))

    def numbers_as(self, other: Container) -> list[Any]:
        """The numbers, in the order of ``other``; a ValueError names a place where only one of the two has a number."""
        here, there = [dict(zip([name.removeprefix(c.name) for name in c.names()], c.numbers)) for c in (self, other)]
        for place in {**here, **there}:
            if place not in here or place not in there:
                lacking, having = (other, self) if place in here else (self, other)
                raise ValueError(
                    f"{self.name} must be arranged as {other.name}, "
                    f"but there is no {lacking.name}{place} for {having.name}{place}"
                )
        return [here[place] for place in there]


def _take_apart(thing: Any, name: str, blocks: list[Block], around: tuple[Any, ...] = ()) -> Build:
    """Append the blocks in ``thing``; the function that builds it again takes its blocks from an iterator."""
    if isinstance(thing, Holder):
        return _take_module_apart(thing, name, blocks)
    if is_array(thing):
        blocks.append(_array(thing, name))
        return next
    inside = parts(thing)
    if inside is None:
        blocks.append(Block(name, [_number(thing, name)], None))
        return next
    if any(thing is container for container in around):
        raise ValueError(f"{name} is a {type(thing).__name__} that contains itself: it holds no end of numbers")
    builds = [_take_apart(item, name + step, blocks, (*around, thing)) for step, item in inside]
    frame = with_parts(thing, [item for _, item in inside])  # the caller may change its own
    return lambda entries: with_parts(frame, [build(entries) for build in builds])


def _take_module_apart(module: Holder, name: str, blocks: list[Block]) -> Build:
    parameters = module.named_parameters()
    if not parameters:
        raise TypeError(
            f"{name}: this {type(module).__name__} has no Values as parameters; pass the model itself, "
            "not its frozen() copy"
        )
    blocks += [Block(f"{name}.{place}", [parameter], None) for place, parameter in parameters.items()]
    others = [x for _, x in walk(module) if isinstance(x, Value)]

    def build(entries: Iterator[Any]) -> Any:
        stand_ins = [next(entries) for _ in parameters]
        on_values = any(isinstance(x, Value) for x in stand_ins)
        new: dict[int, Any] = {id(x): x if on_values or not isinstance(x, Constant) else x.data for x in others}
        new.update(zip(map(id, parameters.values()), stand_ins))
        memo = dict(new)  # one for all copies: what the parts of the module have in common stays common
        copies: dict[int, Any] = {}
        result = rebuilt(
            module, lambda things: [new[id(x)] if isinstance(x, Value) else deepcopy(x, memo) for x in things], copies
        )
        for part in copies.values():
            if isinstance(part, Holder):
                part.stand_in(stand_ins)
        return result

    return build


def _array(array: Any, name: str) -> Block:
    if isinstance(array, sys.modules["numpy"].ma.MaskedArray):
        raise TypeError(f"{name} must be a plain array, got a masked one; fill in its missing entries first")
    if loses_as_float(array):
        raise TypeError(f"{name} must be an array of real numbers, got one of {array.dtype}")
    numbers = array.ravel().tolist()
    block = Block(name, numbers, array.shape)
    if array.dtype != float or not sys.modules["numpy"].isfinite(array).all():
        numbers[:] = [_number(x, place) for x, place in zip(numbers, block.names())]
    return block


def _number(x: Any, name: str) -> Any:
    if isinstance(x, Node):
        return x
    try:
        return finite_float(x)
    except TypeError:
        raise TypeError(
            f"{name} is the {type(x).__name__} {quoted(x)} where a number is needed, "
            "or a list, tuple, dict, array or module of numbers"
        ) from None
    except (ValueError, OverflowError) as error:
        raise type(error)(f"{name}: {error}") from None


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

    For what NumPy has no function for, such as ``sigmoid``, or none that records the choice, such as ``where``.  The
    result is an array of floats where all of it are floats, else of objects; from single numbers it is what ``f``
    gives.

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
