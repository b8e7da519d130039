"""Losses of arrays: the loss of each sample as without arrays, their mean or sum, and the same in matrix form beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd_tiny.arrays import shapes
from autograd_tiny.arrays.node import ArrayNode, Shape, reduced
from autograd_tiny.arrays.operands import as_node, kind_of
from autograd_tiny.arrays.recorded import Array
from autograd_tiny.arrays.structure import Structure, column
from autograd_tiny.engine.table import mean, total
from autograd_tiny.engine.value import Constant
from autograd_tiny.text.numbers import as_whole
from autograd_tiny.text.words import quoted

BATCHES = {"mean": mean, "sum": total}


class Targets(NamedTuple):
    """The targets of a batch.

    Attributes:
        of_rows: what the loss of each sample is given.
        node: all of them, with a row per sample, as the matrix form needs them.
    """

    of_rows: Sequence[Any]
    node: ArrayNode


def loss_of(outputs: Array, targets: Targets, loss: Callable[..., Any], form: Callable[[Any, Any], Any], batch: str) -> Any:
    """The loss of an Array: of a vector, one sample; of a matrix, the mean or the sum over its rows.

    Args:
        outputs: what the loss is of.
        targets: what it is compared with.
        loss: of one sample, from its entries and its target.
        form: the sum over all samples, in arithmetic with whole arrays.
        batch: "mean" or "sum", over the samples.
    """
    if batch not in BATCHES:
        raise ValueError(f"batch is 'mean' or 'sum', over the rows of the Array; got {quoted(batch)}")
    rows = [loss(row, target) for row, target in zip(outputs.node.rows, targets.of_rows)]
    if len(outputs.shape) == 1:
        (whole,) = rows
        expansion = form
    else:
        whole = BATCHES[batch](rows)
        expansion = form if batch == "sum" else lambda o, t: form(o, t).per(o.shape[0])
    return reduced(whole, Structure(loss.__name__.strip("_"), expansion=expansion), outputs.node, targets.node)


def targets_of(outputs: Array, targets: Any) -> Targets:
    """A target for each output, checked to have the shape of these; of a single column, also a plain list.

    Raises:
        ValueError: another shape.
    """
    node = _targets_node(outputs, targets)
    if node.shape != outputs.shape and outputs.shape[1:] == (1,) and node.shape == outputs.shape[:1]:
        node = ArrayNode(outputs.shape, node.entries, label=node.label)
    if node.shape != outputs.shape:
        turned = "; its transpose would fit" if node.shape[::-1] == outputs.shape else ""
        have = f"the outputs have shape {shapes.written(outputs.shape)}, the targets {shapes.written(node.shape)}"
        raise ValueError(f"a loss needs one target per output: {have}{turned}")
    return Targets([[x.data if isinstance(x, Constant) else x for x in row] for row in node.rows], node)


def classes_of(outputs: Array, targets: Any) -> Targets:
    """The number of the right class of each row; in matrix form, rows with one 1 among 0s.

    Raises:
        ValueError: too few or too many, no class, or a row with anything else than one 1 among 0s.
    """
    classes = outputs.shape[-1]
    if outputs.ndim == 1 and (number := as_whole(targets)) is not None:
        if not 0 <= number < classes:
            raise ValueError(f"the target is a class number from 0 to {classes - 1}, got {targets!r}")
        return Targets([targets], _one_hot([number], outputs.shape, outputs))
    if not hasattr(targets, "__len__"):
        raise TypeError(f"the classes of a batch are a list, one number per row, got {quoted(targets)}")
    numbers = [number for x in targets if not hasattr(x, "__len__") and (number := as_whole(x)) is not None]
    if len(numbers) != len(targets) or len(numbers) != len(outputs):
        node = _targets_node(outputs, targets)
        if node.shape != outputs.shape:
            have = f"the outputs have shape {shapes.written(outputs.shape)}, the classes {shapes.written(node.shape)}"
            raise ValueError(f"a cross-entropy needs one class per row, or a row with one 1 for each: {have}")
        return Targets([_place_of_one(row, i) for i, row in enumerate(node.rows)], node)
    for i, number in enumerate(numbers):
        if not 0 <= number < classes:
            raise ValueError(f"the class of row {i} is a number from 0 to {classes - 1}, got {targets[i]!r}")
    return Targets(numbers, _one_hot(numbers, outputs.shape, outputs))


def as_column(outputs: Array) -> Array:
    """One output per sample, as a column.

    Raises:
        ValueError: there are several per sample.
    """
    if outputs.ndim == 2 and outputs.shape[1] != 1:
        raise ValueError(f"this loss is of one output per sample, got shape {shapes.written(outputs.shape)}")
    return Array(ArrayNode((*outputs.shape, 1), outputs.node.entries, column, (outputs.node,))) if outputs.ndim == 1 else outputs


def _targets_node(outputs: Array, targets: Any) -> ArrayNode:
    node = as_node(targets, kind_of(outputs.node.entries[0]))
    if not isinstance(targets, Array):
        node.label = "Y"
    return node


def _one_hot(classes: Sequence[int], shape: Shape, outputs: Array) -> ArrayNode:
    constant = kind_of(outputs.node.entries[0]).constant
    entries = [constant(float(j == k)) for k in classes for j in range(shape[-1])]
    return ArrayNode(shape, entries, label="Y")


def _place_of_one(row: Sequence[Any], number: int) -> int:
    """Where the one 1 of a row is."""
    data = [getattr(x, "data", None) for x in row]
    if sorted(data, key=str) != [0.0] * (len(row) - 1) + [1.0]:
        raise ValueError(f"the class of row {number} is a number, or a row with one 1 among 0s; got {quoted(data)}")
    return data.index(1.0)
