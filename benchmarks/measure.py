"""How a benchmark measures, and what it reports.

A time alone says more about the machine than about the code, so times are compared: the candidates run in turn in one
process, and the result is the median of the ratios of neighbours.  The clock is the process's own processor time, which
other programs disturb least.  The cyclic garbage collector stays on, since it is on for everybody who runs the code.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, NamedTuple

# Seconds.  A sample is long enough for full collections, the expensive ones, to come as often as in a long run: in a single training
# step there may be one or none.
SHORTEST_SAMPLE = 0.4
# On Windows processor time advances in steps of 15 ms, too coarse for a sample.
processor_time = time.process_time if time.get_clock_info("process_time").resolution < 1e-3 else time.perf_counter


class Requirement(NamedTuple):
    """A bound on one quantity of a `Measurement`."""

    quantity: Literal["ours", "ratio"]
    relation: Literal["at least", "at most"]
    limit: float


@dataclass(frozen=True)
class Measurement:
    """One row of the table.

    Attributes:
        what: what was measured.
        unit: of ``ours`` and ``peer``: "s" for seconds or "B" for bytes.
        ratio: peer / ours, so that more is better, unless ``what`` says otherwise.
        requirement: what is asked for; None where a row only informs.
    """

    what: str
    unit: Literal["s", "B"]
    ours: float
    peer_name: str = ""
    peer: float | None = None
    ratio: float | None = None
    requirement: Requirement | None = None

    @property
    def reached(self) -> bool | None:
        """Whether the requirement is met; None without one."""
        if self.requirement is None:
            return None
        value = self.ours if self.requirement.quantity == "ours" else self.ratio
        if value is None:
            return False
        return value >= self.requirement.limit if self.requirement.relation == "at least" else value <= self.requirement.limit


def seconds_per_call(
    candidates: Sequence[Callable[[], object]], repeats: int, clock: Callable[[], float] = processor_time
) -> list[list[float]]:
    """Seconds per call of each candidate, ``repeats`` samples each, taken in turn: A B A B ...

    Before every sample the collector empties the heap, off the clock: otherwise the cyclic garbage that one candidate
    leaves behind would be paid for by the next.  During the sample it runs as usual.
    """

    def sample(candidate: Callable[[], object], calls: int) -> float:
        gc.collect()
        start = clock()
        for _ in range(calls):
            candidate()
        return clock() - start

    calls = [1] * len(candidates)
    for i, candidate in enumerate(candidates):  # this is also the warm-up
        while sample(candidate, calls[i]) < SHORTEST_SAMPLE:
            calls[i] *= 2
    samples: list[list[float]] = [[] for _ in candidates]
    for _ in range(repeats):
        for candidate, n, seconds in zip(candidates, calls, samples):
            seconds.append(sample(candidate, n) / n)
    return samples


def versus(
    what: str,
    ours: Callable[[], object],
    peer_name: str,
    peer: Callable[[], object],
    repeats: int,
    requirement: Requirement | None = None,
) -> Measurement:
    """How many times as fast ``ours`` is as ``peer``."""
    our_seconds, peer_seconds = seconds_per_call([ours, peer], repeats)
    ratio = median(b / a for a, b in zip(our_seconds, peer_seconds))
    return Measurement(what, "s", median(our_seconds), peer_name, median(peer_seconds), ratio, requirement)


def check_agreement(ours: Sequence[float], theirs: Sequence[float], tolerance: float = 1e-9) -> None:
    """Refuse to compare the speed of two things that do not compute the same."""
    worst = max(abs(a - b) / max(1.0, abs(b)) for a, b in zip(ours, theirs, strict=True))
    if not worst <= tolerance:
        raise ArithmeticError(f"the two engines disagree by {worst:.1e}, more than {tolerance:.0e}: their times are not comparable")
