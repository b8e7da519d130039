"""The price of arrays: a layer on a batch, recorded through Arrays and sample by sample through `nn.Layer`; compiled from both.

The scalars cost the same in both, apart from the bias: in a layer it belongs to the weighted sum, in ``X @ W + b`` it is an
addition of its own.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy

from autograd_tiny import Value, array, compile_loss, compile_model
from autograd_tiny.losses import half_squared_error
from autograd_tiny.lowering.api import CompiledLoss
from autograd_tiny.nn import MLP, Layer
from benchmarks.measure import Measurement, Requirement, check_agreement, versus

SAMPLES, INPUTS, NEURONS = 32, 64, 32


def numbers(rows: int, columns: int) -> list[list[float]]:
    rng = Random(0)
    return [[rng.uniform(-1.0, 1.0) for _ in range(columns)] for _ in range(rows)]


LAYER = Layer(INPUTS, NEURONS, "relu", rng=Random(0))
X = array(numbers(SAMPLES, INPUTS), "X")
ROWS = [list(row) for row in X]


def through_arrays() -> Any:
    """``relu(X @ W + b)``, operation by operation."""
    return (X @ LAYER.weights + LAYER.biases).relu()


def through_a_layer_of_arrays() -> Any:
    """The layer itself on the batch: the bias is part of the weighted sum."""
    return LAYER(X)


def through_the_layer() -> list[list[Value]]:
    """Sample by sample."""
    return [LAYER(row) for row in ROWS]


def bytes_of(record: Callable[[], Any]) -> int:
    """What is allocated for a record, as counted by the allocator."""
    record()
    gc.collect()
    tracemalloc.start()
    kept = record()
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return size


def compiled() -> tuple[CompiledLoss, CompiledLoss]:
    """One layer and a squared error: the model, and the same function written with arrays."""
    width = INPUTS * NEURONS

    def loss(theta: Sequence[Any], sample: Sequence[Any]) -> Any:
        weights = array([theta[i : i + NEURONS] for i in range(0, width, NEURONS)])
        return half_squared_error((array(sample[:INPUTS]) @ weights + array(theta[width:])).relu(), sample[INPUTS:])

    model = MLP([INPUTS, NEURONS], ["relu"], rng=Random(0))
    return compile_loss(loss, model.parameters(), INPUTS + NEURONS), compile_model(model, half_squared_error, n_targets=NEURONS)


def scalars_alone() -> list[Value]:
    """The entries that `through_arrays` records, without the arrays."""
    return list(through_arrays().node.entries)


def run(repeats: int) -> list[Measurement]:
    """Time against the layer; memory against the scalars alone, which one count tells."""
    check_agreement([x for row in through_arrays().data for x in row], [v.data for row in through_the_layer() for v in row])
    what = f"layer {INPUTS}-{NEURONS} with ReLU on {SAMPLES} samples,"
    rows = [
        versus(f"{what} recorded as {name}", candidate, "sample by sample", through_the_layer, repeats, limit)
        for name, candidate, limit in [
            ("relu(X @ W + b)", through_arrays, Requirement("ratio", "at least", 1 / 1.2)),
            ("layer(X)", through_a_layer_of_arrays, Requirement("ratio", "at least", 1 / 1.2)),
        ]
    ]
    whole, alone = bytes_of(through_arrays), bytes_of(scalars_alone)
    limit = Requirement("ratio", "at least", 1 / 1.05)
    rows.append(Measurement(f"{what} memory", "B", whole, "the scalars alone", alone, alone / whole, limit))
    of_arrays, of_model = compiled()
    theta, batch = [p.data for p in LAYER.parameters()], numbers(2000, INPUTS + NEURONS)
    arguments = numpy.array(theta), numpy.array(batch)
    check_agreement(list(of_arrays.value_and_grad(*arguments)[1]), list(of_model.value_and_grad(*arguments)[1]))
    native = f"layer {INPUTS}-{NEURONS} on 2000 samples, gradient, compiled from x @ W + b"
    peers = lambda: of_arrays.value_and_grad(*arguments), "compile_model", lambda: of_model.value_and_grad(*arguments)
    return [*rows, versus(native, *peers, repeats, Requirement("ratio", "at least", 1 / 1.1))]
