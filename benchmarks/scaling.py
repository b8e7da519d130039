"""Time per node on chains of ten thousand to a million nodes, recorded, differentiated and freed.

A chain is the deepest graph there is: it also shows that nothing recurses.
"""

from __future__ import annotations

import gc
import sys
from itertools import pairwise
from statistics import median

from autograd_tiny import Value
from benchmarks.measure import Measurement, Requirement, processor_time

SIZES = (10_000, 100_000, 1_000_000)
PHASES = ("forward", "backward", "free")
REQUIREMENTS = {"forward": Requirement("ratio", "at most", 3.0), "backward": Requirement("ratio", "at most", 2.0)}


def seconds_per_node(nodes: int) -> dict[str, float]:
    """For each of `PHASES`, on chains of ``nodes`` products and sums; short chains are repeated."""
    chains = max(1, SIZES[1] // nodes)
    seconds = dict.fromkeys(PHASES, 0.0)
    for _ in range(chains):
        gc.collect()
        for phase, time in zip(PHASES, chain_times(nodes)):
            seconds[phase] += time / (chains * nodes)
    return seconds


def chain_times(nodes: int) -> list[float]:
    """Seconds to record, differentiate and free one chain."""
    x, slope, shift = Value(1.0), Value(0.97), Value(0.13)
    marks = [processor_time()]
    for _ in range(nodes // 2):
        x = x * slope + shift
    marks.append(processor_time())
    x.backward()
    marks.append(processor_time())
    del x
    marks.append(processor_time())
    return [end - start for start, end in pairwise(marks)]


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
