"""Array: a vector or a matrix of Values.

What is done to an Array is recorded twice: for every entry by the ordinary Values, whose data and gradients are the
truth, and once for the whole (`arrays.node`), so that it can be told in matrix form.  NumPy is not needed, and never
imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from autograd_tiny.arrays import shapes, shown
from autograd_tiny.arrays.node import ArrayNode, Shape, reduced
from autograd_tiny.arrays.operands import entries_of, kind_of, nodes_of, recorder_on
from autograd_tiny.arrays.structure import (
    COLUMNS,
    ROWS,
    SUMS,
    Part,
    Structure,
    by_row,
    mean_over,
    of_all,
    product_of,
    transpose,
)
from autograd_tiny.engine.contents import Indexed, is_array
from autograd_tiny.engine.graph import Node
from autograd_tiny.engine.operators import Operators
from autograd_tiny.engine.refusals import ValueRefusedError, is_number
from autograd_tiny.engine.row import MultiPrimitive, Primitive
from autograd_tiny.engine.table import (
    add,
    dot,
    equal,
    greater,
    less,
    logsumexp,
    maximum,
    mean,
    minimum,
    pow_,
    power,
    softmax,
    total,
)
from autograd_tiny.symbols.expression import at_least, at_most
from autograd_tiny.text.numbers import as_whole
from autograd_tiny.text.words import quoted


def array(data: Any, label: str = "") -> Array:
    """A vector or a matrix of Values, from numbers or from what was recorded.

    Args:
        data: a list of numbers, or a list of rows; a NumPy array of one or two dimensions; an Array.  Where all entries
            are numbers, each becomes a leaf; numbers beside Values or Expressions become constants, and these stay what
            they are.
        label: the name of the whole; entries without a label are called by it and their place, ``W[0][1]``.

    Raises:
        ValueError: the list is empty, ragged, or has three dimensions; a number is not finite.
        TypeError: something in it is no number, Value or Expression; Values and Expressions are mixed.

    >>> X = array([[1, 2], [3, 4]], "X")
    >>> X.shape, X[1][0]
    ((2, 2), Value(3.0, 'X[1][0]'))
    >>> loss = (X @ X.T).sum()
    >>> loss.backward()
    >>> X.grad
    [[8.0, 12.0], [8.0, 12.0]]
    """
    if label.__class__ is not str:
        raise TypeError(f"a label is a string, got {label!r}; array(numbers, label)")
    what = f"array {label!r}" if label else "an array"
    shape = shapes.nested_shape(data, what)
    made = Array(ArrayNode(shape, entries_of(data, shape, what)))
    if label:
        made.label = label
    return made


class Array(Operators, Indexed):
    """A vector or a matrix of Values; `array` makes it.

    ``+ - * / **`` and every function of the table work entry by entry, with NumPy's broadcasting; ``@`` is the matrix
    product; `softmax` and `logsumexp` work row by row.  ``<``, ``>`` and so on record 1 or 0 for each entry, to be used
    in ``where``.

    Operations keep the arrays they were made from, so that what is computed can be told in matrix form.  Entries are
    never replaced:  a number is changed through its Value, ``W[0][1].data = 0.5``.

    Attributes:
        node: the record of the whole array.

    >>> W, x = array([[1.0, -2.0], [0.5, 1.0]], "W"), array([2.0, 1.0], "x")
    >>> z = W @ x
    >>> z.relu().data, (z > 0).data
    ([0.0, 2.0], [0.0, 1.0])
    """

    __slots__ = ("node",)
    __array_ufunc__ = None  # type: ignore[assignment]  # NumPy leaves operators between its arrays and ours to us

    node: ArrayNode

    def __init__(self, node: ArrayNode) -> None:
        self.node = node

    # What it is.

    @property
    def shape(self) -> Shape:
        """The numbers of rows and columns of a matrix, the number of entries of a vector."""
        return self.node.shape

    @property
    def ndim(self) -> int:
        """2 for a matrix, 1 for a vector."""
        return len(self.node.shape)

    @property
    def label(self) -> str:
        """The name of the whole array.  Setting it also calls entries without a label by it and their place."""
        return self.node.label

    @label.setter
    def label(self, label: str) -> None:
        before = self.node.label
        self.node.label = label
        for entry, place in zip(self.node.entries, shapes.entry_places(self.shape)):
            if not entry.label or (before and entry.label == before + place):
                entry.label = label and label + place

    @property
    def data(self) -> Any:
        """The numbers, as a list or as a list of rows."""
        return self._nested([x.data for x in self.node.entries])

    @property
    def grad(self) -> Any:
        """What ``backward`` left in the entries, as a list or as a list of rows."""
        return self._nested([x.grad for x in self.node.entries])

    def _nested(self, flat: list[Any]) -> Any:
        if self.ndim == 1:
            return flat
        width = self.shape[1]
        return [flat[i : i + width] for i in range(0, len(flat), width)]

    # Its parts.

    def __len__(self) -> int:
        return self.node.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.node.entries) if self.ndim == 1 else (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        """A row, an entry, or with slices a part: ``W[0]``, ``W[0][1]``, ``W[0, 1]``, ``W[:, 1]``, ``W[1:]``."""
        if self.ndim == 1 and key.__class__ is int:
            return self.node.entries[self._index(key, 0)]
        keys = key if isinstance(key, tuple) else (key,)
        if len(keys) > self.ndim:
            raise IndexError(f"{self._called_with_shape()} and takes no more than {self.ndim} indices, got {key!r}")
        chosen = [self._chosen(k, axis) for axis, k in enumerate(keys)] + [range(n) for n in self.shape[len(keys) :]]
        shape = tuple(len(c) for c in chosen if not isinstance(c, int))
        spans = [[c] if isinstance(c, int) else c for c in chosen]
        if self.ndim == 1:
            places: Sequence[int] = spans[0]
        elif len(spans[0]) == 1:
            start = spans[0][0] * self.shape[1]
            places = (
                range(start + spans[1][0], start + spans[1][-1] + 1)
                if _is_run(spans[1])
                else [start + j for j in spans[1]]
            )
        else:
            places = [i * self.shape[1] + j for i in spans[0] for j in spans[1]]
        entries = self.node.entries
        if not shape:
            return entries[places[0]]
        if not places:
            raise IndexError(f"{self._called()}[{_key_text(keys)}] holds no entry; an Array has at least one")
        part = Part(f"[{_key_text(keys)}]", places, shape)
        return Array(ArrayNode(shape, [entries[k] for k in places], part, (self.node,)))

    def _chosen(self, key: Any, axis: int) -> int | range:
        """The numbers of the rows, or of the columns, that an index or a slice means."""
        return range(self.shape[axis])[key] if isinstance(key, slice) else self._index(key, axis)

    def _index(self, key: Any, axis: int) -> int:
        size, index = self.shape[axis], as_whole(key)
        if index is None:
            raise TypeError(f"an index of {self._called()} is a whole number or a slice, got {quoted(key)}")
        if not -size <= index < size:
            raise IndexError(f"{self._called_with_shape()}; there is no {'column' if axis else 'row'} {index}")
        return index % size

    def __setitem__(self, key: Any, item: Any) -> None:
        raise TypeError(
            f"the entries of {self._called()} are not replaced, since what was computed from them keeps the old ones; "
            "change a number, W[0][1].data = 0.5, and compute again, or make a new Array of the Values that you want"
        )

    def with_items(self, items: Sequence[Any]) -> Any:
        """The same with other rows or entries; plain lists where these are no recorded scalars."""
        if all(isinstance(x, (Array, Node)) for x in items):
            made = array(items)
            made.node.label = self.node.label
            return made
        return list(items)

    @property
    def T(self) -> Array:  # noqa: N802
        """Rows as columns; a vector is its own transpose, as in NumPy."""
        if self.ndim == 1:
            return self
        entries = [x for column in self.node.columns for x in column]
        return Array(ArrayNode(self.shape[::-1], entries, transpose, (self.node,)))

    # What is done to it.

    @classmethod
    def takes(cls, other: object) -> bool:
        """Whether ``other`` may stand beside an Array in an operation."""
        return isinstance(other, (Array, Node, list, tuple)) or is_number(other) or is_array(other)

    @classmethod
    def record(cls, primitive: Primitive, operands: tuple[Any, ...]) -> Array:
        """``primitive`` entry by entry, on Arrays, Values, numbers and nested lists, brought to one shape.

        Raises:
            ValueError: the shapes do not fit.
        """
        if primitive is pow_ and isinstance(operands[1], Array):
            raise TypeError(
                f"{operands[1]._called()} is an exponent; a power has a number or a Value as exponent; "
                "entry by entry write exp(B * log(A))"
            )
        nodes = nodes_of(operands)
        shape = (
            nodes[0].shape
            if all(node.shape == nodes[0].shape for node in nodes)
            else shapes.broadcast(*[node.shape for node in nodes])
        )
        if shape is None:
            raise shapes.broadcast_refusal(primitive.name, nodes)
        make = recorder_on(primitive, nodes)
        columns = [shapes.spread(node.entries, node.shape, shape) for node in nodes]
        return Array(ArrayNode(shape, [make(*xs) for xs in zip(*columns)], primitive, tuple(nodes)))

    @classmethod
    def record_outputs(cls, operation: Any, operands: Sequence[Any], wanted: Any = None) -> NoReturn:
        """Refused: several outputs are those of a row."""
        raise TypeError(
            f"{operation.name} works on the rows of one Array, got {len(operands)} arguments; stack them: array([a, b])"
        )

    @classmethod
    def applied(cls, operation: Primitive | MultiPrimitive, arguments: tuple[Any, ...]) -> Any:
        """A row of the table called with an Array among its arguments.

        What takes any number of operands takes the entries of a single Array: `total`, `mean`, `maximum` and `minimum`
        all of them, others those of each row.  Everything else works entry by entry.
        """
        if operation is dot:
            return _dot(*arguments)
        if isinstance(operation, Primitive) and (operation.arity is not None or len(arguments) > 1):
            return cls.record(operation, arguments)
        if len(arguments) > 1:
            cls.record_outputs(operation, arguments)
        (whole,) = arguments
        if operation is total or operation is mean:
            return whole.sum() if operation is total else whole.mean()
        if operation is maximum or operation is minimum:
            return reduced(recorder_on(operation, [whole.node])(*whole.node.entries), of_all(operation), whole.node)
        return whole.by_row(operation)

    def __pow__(self, exponent: Any) -> Array:
        """Every entry to a power, a number or a Value."""
        if is_number(exponent):
            return type(self).record(power[exponent], (self,))
        return super().__pow__(exponent)

    def __matmul__(self, other: Any) -> Any:
        """The matrix product; of two vectors a Value."""
        return matrix_product(self, other) if self.takes(other) else NotImplemented

    def __rmatmul__(self, other: Any) -> Any:
        return matrix_product(other, self) if self.takes(other) else NotImplemented

    def sum(self, axis: int | None = None) -> Any:
        """The sum of all entries, a Value; with ``axis=0`` of each column, with ``axis=1`` of each row.

        As in NumPy, the axis is the one summed over: 0 the rows, 1 the columns.

        >>> X = array([[1, 2], [3, 4]])
        >>> X.sum().data, X.sum(axis=0).data, X.sum(axis=1).data
        (10.0, [4.0, 6.0], [3.0, 7.0])
        """
        return self._reduced(total, SUMS[self._axis(axis)], axis)

    def mean(self, axis: int | None = None) -> Any:
        """The mean of all entries, a Value; over rows (``axis=0``) or columns (``axis=1``) as `sum`."""
        return self._reduced(mean, mean_over(self._axis(axis)), axis)

    def _axis(self, axis: Any) -> int | None:
        if axis is None or (self.ndim == 1 and axis in (0, -1)):
            return None
        if as_whole(axis) is None or self.ndim == 1 or axis not in (0, 1, -1, -2):
            meant = "0 (over rows), 1 (over columns) or None (over all)" if self.ndim == 2 else "None or 0"
            raise ValueError(f"{self._called_with_shape()}; its axis is {meant}, got {axis!r}")
        return (ROWS, COLUMNS)[axis]

    def _reduced(self, row: Primitive, structure: Structure, axis: int | None) -> Any:
        make, node, axis = recorder_on(row, [self.node]), self.node, self._axis(axis)
        if axis is None:
            return reduced(make(*node.entries), structure, node)
        lines = node.columns if axis == ROWS else node.rows
        return Array(ArrayNode((len(lines),), [make(*line) for line in lines], structure, (node,)))

    def softmax(self) -> Array:
        """The softmax of each row; of a vector, of all of it."""
        return self.by_row(softmax)  # type: ignore[no-any-return]

    def logsumexp(self) -> Any:
        """log(exp(x1) + ... + exp(xn)) of each row, a vector; of a vector a Value."""
        return self.by_row(logsumexp)

    def by_row(self, operation: Primitive | MultiPrimitive) -> Any:
        """A function of many operands, applied to each row; with as many outputs it gives one of the same shape."""
        node = self.node
        if isinstance(operation, MultiPrimitive):
            rows = [kind_of(row[0]).record_outputs(operation, row) for row in node.rows]
            shape = (*node.shape[:-1], len(rows[0]))
            return Array(ArrayNode(shape, [x for row in rows for x in row], by_row(operation), (node,)))
        make = recorder_on(operation, [node])
        results = [make(*row) for row in node.rows]
        if self.ndim == 1:
            return reduced(results[0], by_row(operation), node)
        return Array(ArrayNode((len(results),), results, by_row(operation), (node,)))

    # Comparisons record 1 or 0 entry by entry, as those of Expressions do.

    def __lt__(self, other: Any) -> Any:
        return type(self).record(less, (self, other))

    def __gt__(self, other: Any) -> Any:
        return type(self).record(greater, (self, other))

    def __le__(self, other: Any) -> Any:
        return at_most(self, other)

    def __ge__(self, other: Any) -> Any:
        return at_least(self, other)

    def __eq__(self, other: Any) -> Any:
        return type(self).record(equal, (self, other))

    def __ne__(self, other: Any) -> Any:
        return 1.0 - (self == other)

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise ValueRefusedError(
            f"{self._called_with_shape()} and is neither true nor false; ask one entry, W[0][1].data > 0, "
            "or record the choice entry by entry: where(W > 0, x, y)"
        )

    def _no_number(self, *_: object) -> Any:
        raise ValueRefusedError(
            f"{self._called()} is no single number; its numbers are its data, an entry is W[0][1], a sum W.sum()"
        )

    __float__ = __int__ = __index__ = __round__ = _no_number

    def backward(self) -> None:
        """Refused: what is differentiated is one number."""
        raise TypeError(f"{self._called_with_shape()}; backward starts at one number, as W.sum() or a loss")

    # How it is shown, and turned into other things.

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """A NumPy array of the entries, of dtype object; floats are ``numpy.array(W.data)``."""
        import numpy

        if dtype is not None and numpy.dtype(dtype) != object:
            kind = numpy.dtype(dtype)
            raise ValueRefusedError(
                f"{self._called()} as an array of {kind} would lose the derivatives; take its numbers, W.data"
            )
        made = numpy.empty(len(self.node.entries), dtype=object)
        made[:] = self.node.entries
        return made.reshape(self.shape)

    def _called(self) -> str:
        return f"the Array {shapes.name(self.node)!r}" if shapes.name(self.node, "") else "this Array"

    def _called_with_shape(self) -> str:
        return f"{self._called()} has shape {shapes.written(self.shape)}"

    def __repr__(self) -> str:
        return shown.text(self.node)

    def _repr_html_(self) -> str:
        return shown.html(self.node)


def _is_run(span: Sequence[int]) -> bool:
    """Whether numbers follow each other one by one; there is at least one."""
    return isinstance(span, range) and span.step == 1 and len(span) > 0


def _key_text(keys: Sequence[Any]) -> str:
    def text(key: Any) -> str:
        if not isinstance(key, slice):
            return str(key)
        ends = ["" if x is None else str(x) for x in (key.start, key.stop)]
        return ":".join(ends) + (f":{key.step}" if key.step is not None else "")

    return ", ".join(map(text, keys))


def matrix_product(a: Any, b: Any) -> Any:
    """``a @ b`` of vectors, matrices and nested lists: one ``dot`` for each entry.

    Raises:
        ValueError: the shapes do not fit; the message says which transpose would.
    """
    left, right = nodes_of((a, b))
    if not left.shape or not right.shape:
        raise TypeError(f"@ is the product of two Arrays, got {quoted(b if left.shape else a)}; times a number is *")
    if left.shape[-1] != right.shape[0]:
        raise shapes.product_refusal(left, right)
    make = recorder_on(dot, [left, right])
    entries = [make(*row, *column) for row in left.rows for column in right.columns]
    structure = product_of(left.shape, right.shape)
    shape = left.shape[:-1] + right.shape[1:]
    return (
        Array(ArrayNode(shape, entries, structure, (left, right)))
        if shape
        else reduced(entries[0], structure, left, right)
    )


def _dot(weights: Any, inputs: Any, bias: Any = None) -> Any:
    result = matrix_product(weights, inputs)
    if isinstance(result, Array):
        left, right = [shapes.written(node.shape) for node in nodes_of((weights, inputs))]
        raise TypeError(f"dot takes two vectors, got shapes {left} and {right}; of matrices write W @ x")
    if bias is None:
        return result
    nodes = nodes_of((weights, inputs, bias))
    if nodes[2].shape:
        raise TypeError(f"the bias of dot is one number, got shape {shapes.written(nodes[2].shape)}")
    product = ArrayNode((), (), product_of(nodes[0].shape, nodes[1].shape), tuple(nodes[:2]))
    whole = recorder_on(dot, nodes)(*[x for node in nodes for x in node.entries])
    return reduced(whole, add, product, nodes[2])


def weighted_sums(x: Any, weights: Any, biases: Any, *, expanded: bool = False) -> Array:
    """``x @ weights + biases``, each entry a weighted sum with its bias: what a layer computes of a sample or a batch.

    Args:
        x: one sample, or a batch with a row per sample.
        weights: a row per input, a column per neuron.
        biases: one per neuron.
        expanded: record every product and sum as a node of its own.
    """
    nodes = nodes_of((x, weights, biases))
    rows, shape = nodes[0].rows, (*nodes[0].shape[:-1], len(nodes[2].entries))
    make = dot.expansion if expanded and dot.expansion else recorder_on(dot, nodes)
    columns = list(zip(nodes[1].columns, nodes[2].entries))
    entries = [make(*column, *row, bias) for row in rows for column, bias in columns]
    product = ArrayNode(shape, (), product_of(nodes[0].shape, nodes[1].shape), tuple(nodes[:2]))
    return Array(ArrayNode(shape, entries, add, (product, nodes[2])))
