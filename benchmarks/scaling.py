"""Time per node on chains of ten thousand to a million nodes, recorded, differentiated and freed.

A chain is the deepest graph there is: it also shows that nothing recurses.
"""

from __future__ import annotations

import gc
import sys
from statistics import median
from time import perf_counter

from autograd_tiny import Value
from benchmarks.measure import Measurement, Requirement

SIZES = (10_000, 100_000, 1_000_000)
PHASES = ("forward", "backward", "free")
REQUIREMENTS = {"forward": Requirement("ratio", "at most", 3.0), "backward": Requirement("ratio", "at most", 2.0)}


def seconds_per_node(nodes: int) -> dict[str, float]:
    """For each of `PHASES`, on a chain of ``nodes`` products and sums."""
    x, slope, shift = Value(1.0), Value(0.97), Value(0.13)
    gc.collect()
    times = [perf_counter()]
    for _ in range(nodes // 2):
        x = x * slope + shift
    times.append(perf_counter())
    x.backward()
    times.append(perf_counter())
    del x
    times.append(perf_counter())
    return {phase: (end - start) / nodes for phase, start, end in zip(PHASES, times, times[1:])}


def run(repeats: int) -> list[Measurement]:
    """Each size against the smallest, in turn."""
    limit = sys.getrecursionlimit()
    samples: dict[int, list[dict[str, float]]] = {size: [] for size in SIZES}
    for _ in range(1 + repeats):
        for size in SIZES:
            samples[size].append(seconds_per_node(size))
    if sys.getrecursionlimit() != limit:
        raise RuntimeError("the recursion limit was changed while a chain was differentiated or freed")
    small, *larger = ([*rounds[1:]] for rounds in samples.values())  # the first round is the warm-up
    rows = []
    for phase in PHASES:
        for size, rounds in zip(SIZES[1:], larger):
            growth = median(b[phase] / a[phase] for a, b in zip(small, rounds))
            ours, smallest = median(b[phase] for b in rounds), median(a[phase] for a in small)
            required = REQUIREMENTS.get(phase) if size == SIZES[-1] else None
            rows.append(Measurement(f"{phase} a node in {size:,}, growth", "s", ours, f"in {SIZES[0]:,}", smallest, growth, required))
    return rows
