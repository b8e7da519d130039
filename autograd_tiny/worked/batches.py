"""Networks run on a batch as slides write them: whole matrices by their names, and the derivatives by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd_tiny.arrays import Array, array
from autograd_tiny.engine.graph import adjoints
from autograd_tiny.engine.value import Value
from autograd_tiny.nn import MLP

Numbers = list[list[float]]


class Record(NamedTuple):
    """A network recorded on a batch of samples.

    Attributes:
        arrays: its inputs, weights, biases, weighted sums and outputs, matrices all of them, by the names that the
            formulas use.
        loss: the root of the graph.
    """

    arrays: dict[str, Array]
    loss: Value

    def data(self) -> dict[str, Numbers]:
        """The numbers in every matrix."""
        return {name: matrix.data for name, matrix in self.arrays.items()}

    def gradients(self) -> dict[str, Numbers]:
        """The derivative of the loss by every matrix: entry by entry, so each has the shape of its matrix."""
        derivatives = adjoints(self.loss)
        return {
            name: [[derivatives.get(v, 0.0) for v in row] for row in matrix] for name, matrix in self.arrays.items()
        }


def forward(model: MLP, samples: Sequence[Sequence[float]]) -> dict[str, Array]:
    """Run ``samples`` through a network, one row per sample, and keep every matrix on the way.

    X holds the inputs.  Layer n has the weights Wn, the biases bn (one row), the weighted sums Zn = A(n-1) @ Wn + bn,
    and the outputs An.

    >>> from random import Random
    >>> arrays = forward(MLP([2, 4, 3], ["relu", "softmax"], rng=Random(0)), [[0.5, -1.0]] * 6)
    >>> {name: matrix.shape for name, matrix in arrays.items()}
    {'X': (6, 2), 'W1': (2, 4), 'b1': (1, 4), 'Z1': (6, 4), 'A1': (6, 4), \
'W2': (4, 3), 'b2': (1, 3), 'Z2': (6, 3), 'A2': (6, 3)}
    """
    outputs = array([list(sample) for sample in samples], "X")
    arrays = {"X": outputs}
    for n, layer in enumerate(model.layers, 1):
        weights, biases = array(layer.weights, f"W{n}"), array([list(layer.biases)], f"b{n}")
        sums = named(f"Z{n}", outputs @ weights + biases)
        outputs = named(f"A{n}", layer.activate(sums))
        arrays |= {f"W{n}": weights, f"b{n}": biases, f"Z{n}": sums, f"A{n}": outputs}
    return arrays


def named(name: str, x: Any) -> Any:
    """An array or a Value with its label."""
    x.label = name
    return x
