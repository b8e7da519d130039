"""Which benchmarks there are, and how they are run."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context

from benchmarks.measure import Measurement

MODULES = {
    "readme": "benchmarks.readme",
    "mlp": "benchmarks.mlp",
    "scalar_gpt": "benchmarks.scalar_gpt",
    "memory": "benchmarks.memory",
    "arrays": "benchmarks.arrays",
    "scaling": "benchmarks.scaling",
    "import": "benchmarks.startup",
    "native": "benchmarks.native",
    "char_gpt": "benchmarks.char_gpt",
    "c_files": "benchmarks.c_files",
    "jax_program": "benchmarks.jax_program",
    "gradbench": "benchmarks.gradbench",
}


def run_all(names: Sequence[str], repeats: int) -> dict[str, list[Measurement]]:
    """The rows of each benchmark; one whose peers are not installed is left out with a message.

    Each runs in a process of its own, so that the collector never walks the modules and objects of another.
    """
    results = {}
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            try:
                results[name] = process.submit(run, name, repeats).result()
            except ModuleNotFoundError as error:
                print(f"{name} left out: {error}; pip install -r benchmarks/requirements.txt", file=sys.stderr)
    return results


def run(name: str, repeats: int) -> list[Measurement]:
    """The rows of one benchmark, on one core where the system lets a process choose."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.environ["AUTOGRAD_TINY_CACHE"] = "off"  # compiling is measured, too
    rows: list[Measurement] = import_module(MODULES[name]).run(repeats)
    return rows
