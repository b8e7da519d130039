"""What ``import autograd_tiny`` adds to the start of Python."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.measure import Measurement, Requirement, seconds_per_call

ROOT = Path(__file__).resolve().parents[1]


def python(code: str, bytecode: str) -> Callable[[], object]:
    """A fresh interpreter that runs ``code``, with a folder where it keeps compiled modules."""
    environment = os.environ | {"PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
    return lambda: subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)


def children_time() -> float:
    """Processor seconds of the interpreters started so far; the time of day where a system does not count them."""
    try:
        from resource import RUSAGE_CHILDREN, getrusage
    except ImportError:
        return time.perf_counter()
    usage = getrusage(RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(repeats: int) -> list[Measurement]:
    """An interpreter that imports the package, compiled as after an installation, less one that does nothing."""
    with TemporaryDirectory() as bytecode:
        candidates = python("import autograd_tiny", bytecode), python("pass", bytecode)
        with_import, without = seconds_per_call(candidates, repeats, children_time)
    added = median(a - b for a, b in zip(with_import, without))
    limit = Requirement("ours", "at most", 0.060)
    return [Measurement("import autograd_tiny, added to", "s", added, "python -c pass", median(without), None, limit)]
