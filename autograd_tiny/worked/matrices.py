"""Networks written with matrices, as slides write them: whole matrices of Values, and of derivatives, by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from autograd_tiny.engine.graph import adjoints
from autograd_tiny.engine.value import Value
from autograd_tiny.nn import MLP

T = TypeVar("T")
Matrix = list[list[Value]]
Numbers = list[list[float]]


class Record(NamedTuple):
    """A network recorded on a batch of samples.

    Attributes:
        model: the network.
        matrices: its inputs, weights, biases, weighted sums and outputs, by the names that the formulas use.
        loss: the root of the graph.
    """

    model: MLP
    matrices: dict[str, Matrix]
    loss: Value

    def data(self) -> dict[str, Numbers]:
        """The numbers in every matrix."""
        return {name: [[v.data for v in row] for row in matrix] for name, matrix in self.matrices.items()}

    def gradients(self) -> dict[str, Numbers]:
        """The derivative of the loss by every matrix: entry by entry, so each has the shape of its matrix."""
        derivatives = adjoints(self.loss)
        return {name: [[derivatives.get(v, 0.0) for v in row] for row in matrix] for name, matrix in self.matrices.items()}


def forward(model: MLP, samples: Sequence[Sequence[float]]) -> dict[str, Matrix]:
    """Run ``samples`` through a network, one row per sample, and keep every matrix on the way.

    X holds the inputs.  Layer n has the weights Wn, the biases bn (one row), the weighted sums Zn and the outputs An.
    Every entry is labelled by its place.

    >>> from random import Random
    >>> matrices = forward(MLP([2, 4, 3], ["relu", "softmax"], rng=Random(0)), [[0.5, -1.0]] * 6)
    >>> {name: shape(matrix) for name, matrix in matrices.items()}
    {'X': (6, 2), 'W1': (2, 4), 'b1': (1, 4), 'Z1': (6, 4), 'A1': (6, 4), 'W2': (4, 3), 'b2': (1, 3), 'Z2': (6, 3), 'A2': (6, 3)}
    """
    rows = [[Value(x) for x in sample] for sample in samples]
    matrices = {"X": rows}
    for n, layer in enumerate(model.layers, 1):
        sums = [layer.weighted_sums(row) for row in rows]
        rows = [layer.activate(row) for row in sums]
        matrices |= {f"W{n}": [list(row) for row in layer.weights], f"b{n}": [list(layer.biases)], f"Z{n}": sums, f"A{n}": rows}
    label(matrices)
    return matrices


def label(matrices: Mapping[str, Matrix]) -> None:
    """Label every entry by its matrix and its place, as ``W1[0][2]``."""
    for name, matrix in matrices.items():
        for i, row in enumerate(matrix):
            for j, value in enumerate(row):
                value.label = f"{name}[{i}][{j}]"


def shape(matrix: Sequence[Sequence[object]]) -> tuple[int, int]:
    """The numbers of rows and columns."""
    return len(matrix), len(matrix[0])


def transposed(matrix: Sequence[Sequence[T]]) -> list[list[T]]:
    """Rows as columns."""
    return [list(column) for column in zip(*matrix)]
