"""Losses of arrays: each sample's loss as without arrays, their mean or sum, and the same in matrix form beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from autograd_tiny.arrays import shapes
from autograd_tiny.arrays.node import ArrayNode, reduced
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


def loss_of(outputs: Array, targets: Targets, loss: Callable[..., Any], form: Structure, batch: str) -> Any:
    """The loss of an Array: of a vector, one sample; of a matrix, the mean or the sum over its rows.

    Args:
        outputs: what the loss is of.
        targets: what it is compared with.
        loss: of one sample, from its entries and its target.
        form: the sum over all samples in matrix form.
        batch: "mean" or "sum", over the samples.
    """
    if batch not in BATCHES:
        raise ValueError(f"batch is 'mean' or 'sum', over the rows of the Array; got {quoted(batch)}")
    rows = [loss(row, target) for row, target in zip(outputs.node.rows, targets.of_rows)]
    is_batch = len(outputs.shape) == 2
    whole = BATCHES[batch](rows) if is_batch else rows[0]
    return reduced(whole, _mean_of(form) if is_batch and batch == "mean" else form, outputs.node, targets.node)


@lru_cache(maxsize=64)
def _mean_of(form: Structure) -> Structure:
    """A sum over the samples, divided by how many there are."""
    return Structure(f"mean {form.name}", expansion=lambda o, t: o.apply(form, t).per(o.shape[0]))


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

    Of a vector, the number of its class, or one such row: a list of numbers is a class for each only in a batch.

    Raises:
        ValueError: too few or too many, no class, or a row with anything else than one 1 among 0s.
    """
    classes = outputs.shape[-1]
    if outputs.ndim == 1 and (number := as_whole(targets)) is not None:
        return _as_classes([number], outputs, "Y")  # whether there is such a class, the loss of the row looks itself
    if not hasattr(targets, "__len__"):
        raise TypeError(f"the classes of a batch are a list, one number per row, got {quoted(targets)}")
    numbers = [number for x in targets if not hasattr(x, "__len__") and (number := as_whole(x)) is not None]
    if outputs.ndim == 1 or len(numbers) != len(targets) or len(numbers) != len(outputs):
        node = _targets_node(outputs, targets)
        if node.shape != outputs.shape:
            have = f"the outputs have shape {shapes.written(outputs.shape)}, the classes {shapes.written(node.shape)}"
            raise ValueError(f"a cross-entropy needs one class per row, or a row with one 1 for each: {have}")
        return _as_classes([_place_of_one(row, i) for i, row in enumerate(node.rows)], outputs, shapes.name(node, "Y"))
    for i, number in enumerate(numbers):
        if not 0 <= number < classes:
            raise ValueError(f"the class of row {i} is a number from 0 to {classes - 1}, got {targets[i]!r}")
    return _as_classes(numbers, outputs, "Y")


def as_column(outputs: Array) -> Array:
    """One output per sample, as a column.

    Raises:
        ValueError: there are several per sample.
    """
    if outputs.ndim == 2 and outputs.shape[1] != 1:
        raise ValueError(f"this loss is of one output per sample, got shape {shapes.written(outputs.shape)}")
    return (
        Array(ArrayNode((*outputs.shape, 1), outputs.node.entries, column, (outputs.node,)))
        if outputs.ndim == 1
        else outputs
    )


def _targets_node(outputs: Array, targets: Any) -> ArrayNode:
    node = as_node(targets, kind_of(outputs.node.entries[0]))
    if not isinstance(targets, Array):
        node.label = "Y"
    return node


def _as_classes(classes: Sequence[int], outputs: Array, label: str) -> Targets:
    """Numbers of classes with their rows of one 1 among 0s, which are constants: a class has no derivative."""
    constant = kind_of(outputs.node.entries[0]).constant
    entries = [constant(float(j == k)) for k in classes for j in range(outputs.shape[-1])]
    return Targets(classes, ArrayNode(outputs.shape, entries, label=label))


def _place_of_one(row: Sequence[Any], number: int) -> int:
    """Where the one 1 of a row is."""
    data = [getattr(x, "data", None) for x in row]
    if sorted(data, key=str) != [0.0] * (len(row) - 1) + [1.0]:
        raise ValueError(f"the class of row {number} is a number, or a row with one 1 among 0s; got {quoted(data)}")
    return data.index(1.0)
