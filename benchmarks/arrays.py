"""The price of the record of whole arrays: a layer on a batch, recorded through Arrays and sample by sample through `nn.Layer`.

The scalars cost the same in both, apart from the bias: in a layer it belongs to the weighted sum, in ``X @ W + b`` it is an
addition of its own.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from random import Random
from typing import Any

from autograd_tiny import Value, array
from autograd_tiny.nn import Layer
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
    return [*rows, Measurement(f"{what} memory", "B", whole, "the scalars alone", alone, alone / whole, limit)]
