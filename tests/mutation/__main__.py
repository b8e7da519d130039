"""Changes that no test notices: python -m tests.mutation [FILE ...] [--sample 40] [--seed 0] [--jobs 2]; `dev.py mutate` runs it.

Each change is made in the memory of a process that is forked for it and that runs the quick tests of the changed line, the nearest
first, until one fails.  Nothing is written to the working tree.  A test that runs the package in a process of its own sees no change.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import gc
import importlib
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.mutation.changes import Change, difference, sample
from tests.mutation.processes import kill, tested
from tests.mutation.record import Project, Record

# What tests import, apart from the package: imported once, before the forks.
LIBRARIES = ["_hypothesis_pytestplugin", "hypothesis.strategies", "numpy", "scipy.optimize", "llvmlite.binding", "matplotlib.pyplot"]
LIBRARIES += ["graphviz", "rich.console", "latex2mathml.converter", "anywidget", "IPython.display", "nbformat", "playwright.sync_api"]


def unnoticed(record: Record, module: Path, tree: ast.Module, chosen: list[Change], jobs: int) -> list[Change]:
    """The changes that no test notices.  What ends by a limit of time or memory, or cannot be imported, is noticed.

    Raises:
        RuntimeError: where the tests fail on the module as it is, and so would notice everything.
    """
    lines, name = record.lines(module), record.project.name(module)
    waiting, running, left = [-1, *range(len(chosen))], dict[int, tuple[int, float, str]](), set[int]()  # -1 is no change
    with tempfile.TemporaryDirectory() as folder:
        scratch = [f"{folder}/{k}" for k in range(jobs)]
        try:
            while waiting or running:
                if waiting and scratch:
                    k = waiting.pop(0)
                    places = chosen[k].place.lines if k >= 0 else ((1, sys.maxsize),)
                    found = (set[str]().union(*(lines[n] for n in lines if a <= n <= b)) for a, b in places)
                    # Of some lines no run is recorded: of those that run only on import, or while the interpreter is being watched.
                    if stages := record.nearest(next(filter(None, found), record.seconds), module):
                        with chosen[k].made() if k >= 0 else contextlib.nullcontext():
                            code = compile(tree, str(module), "exec", dont_inherit=True)
                        deadline, slot = time.monotonic() + 4.0 * sum(stage.limit for stage in stages), scratch.pop()
                        running[tested(name, module, code, stages, slot)] = k, deadline, slot
                    else:
                        left.add(k)
                    continue
                for pid, (k, deadline, slot) in list(running.items()):
                    ended, status = os.waitpid(pid, os.WNOHANG)
                    if not ended and time.monotonic() > deadline:
                        ended, status = pid, kill(pid)
                    if ended:
                        del running[pid]
                        scratch.append(slot)
                        if status == 0:
                            left.add(k)
                        elif k < 0:
                            raise RuntimeError(f"{module}: its tests fail without a change; try `dev.py test`")
                time.sleep(0.01)
        finally:
            for pid in running:
                kill(pid)
    return sorted((chosen[k] for k in left if k >= 0), key=lambda change: change.place.lines[0])


def main(arguments: Sequence[str] | None = None) -> int:
    """Try a sample of changes of each module, and print what was tried, what was noticed, and what was not."""
    parser = argparse.ArgumentParser(prog="dev.py mutate", description="Changes of the package's modules that no test notices.")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="modules or folders of the package; all of it if none")
    parser.add_argument("--sample", type=int, default=40, help="how many changes of each module to try (default: 40)")
    parser.add_argument("--seed", type=int, default=0, help="which changes (default: 0)")
    parser.add_argument("--jobs", type=int, default=2, help="how many to try at a time (default: 2)")
    parser.add_argument("--package", default="autograd_tiny", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if not hasattr(os, "fork"):
        sys.exit("dev.py mutate needs an operating system that can fork processes: Linux, macOS, WSL")
    os.nice(10)
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    project = Project(Path.cwd(), options.package)
    record = Record(project, options.jobs)
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(record.store / "compiled")  # or each process would compile everything
    for library in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(library)
    gc.freeze()  # or collecting garbage would copy, in each process, what it shares with this one

    wanted = [file.resolve() for file in options.files] or [project.root]
    tried = noticed = 0
    print(f"{'file':45} tried  noticed  not noticed")
    for module in project.modules():
        if any(module.is_relative_to(file) for file in wanted):
            file, tree = module.relative_to(project.root), ast.parse(module.read_text(encoding="utf-8"))
            chosen = sample(tree, options.sample, random.Random(f"{options.seed} {file}"))
            try:
                left = unnoticed(record, module, tree, chosen, options.jobs)
            except RuntimeError as error:
                print(error, flush=True)
                continue
            tried, noticed = tried + len(chosen), noticed + len(chosen) - len(left)
            print(f"{file!s:45} {len(chosen):5}  {len(chosen) - len(left):7}  {len(left) or '':>11}".rstrip())
            for change in left:
                print(f"    {file}:{change.place.lines[0][0]}  {difference(change)}")
            sys.stdout.flush()
    print(f"{'all':45} {tried:5}  {noticed:7}  {100.0 * noticed / max(tried, 1):10.1f}%")
    return 0


if __name__ == "__main__":
    sys.exit(main())
