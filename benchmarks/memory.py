"""The memory of a binary node: the node, its data, and after backward its gradient."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

from micrograd.engine import Value as MicrogradValue

from autograd_tiny import Value
from benchmarks.measure import Measurement, Requirement

NODES = 100_000
CHAIN = 100  # nodes of one graph; short, because micrograd's backward is recursive


def chain(scalar: Any) -> Any:
    """``a * b + c``, and the same again on the result: no two data or gradients are the same float."""
    x, slope, shift = scalar(1.0), scalar(0.97), scalar(0.13)
    for _ in range(CHAIN // 2):
        x = x * slope + shift
    return x


def bytes_per_node(scalar: Any) -> tuple[float, float]:
    """After forward and after backward, as counted by the allocator.

    The three leaves of each chain of 100 nodes are counted with the nodes.
    """
    gc.collect()
    tracemalloc.start()
    roots = [chain(scalar) for _ in range(NODES // CHAIN)]
    gc.collect()
    after_forward, _ = tracemalloc.get_traced_memory()
    for root in roots:
        root.backward()
    gc.collect()
    after_backward, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return after_forward / NODES, after_backward / NODES


def run(repeats: int) -> list[Measurement]:
    """Against micrograd.  Counting bytes has no noise, so one count does."""
    ours, theirs = bytes_per_node(Value), bytes_per_node(MicrogradValue)
    what = "memory of a binary node,"
    limit = Requirement("ours", "at most", 150.0)
    return [
        Measurement(f"{what} {when}", "B", a, "micrograd", b, b / a, limit)
        for when, a, b in zip(("recorded", "after backward"), ours, theirs)
    ]
