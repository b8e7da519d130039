"""What ``import autograd_tiny`` adds to the start of Python."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.measure import Measurement, Requirement, seconds_per_call

ROOT = Path(__file__).resolve().parents[1]


def python(code: str) -> Callable[[], object]:
    """A fresh interpreter that runs ``code``."""
    return lambda: subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def run(repeats: int) -> list[Measurement]:
    """The difference between an interpreter that imports the package and one that does nothing."""
    with_import, without = seconds_per_call([python("import autograd_tiny"), python("pass")], repeats)
    added = median(a - b for a, b in zip(with_import, without))
    return [Measurement("import autograd_tiny, added to", "s", added, "python -c pass", median(without), None, Requirement("ours", "at most", 0.060))]
