"""python -m tests.wasm [pytest's arguments]; `dev.py test --wasm` runs it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement

from dev import ROOT, fail, quietly, tell
from docs.site.live.npm import GRAPHVIZ, PYODIDE, PackageError, unpacked
from docs.site.live.wheels import BROWSER, PURE, PYTHON

HERE = Path(__file__).resolve().parent
PACKAGES = ROOT / ".venv-wasm"
"""Where the packages are that Python imports there; they are installed by no Python of this machine."""
FOR_TESTS = ("pytest", "hypothesis")
NO_TESTS = 5  # pytest's exit code
MOST_PROCESSES = 2  # each takes half a gigabyte
STACK = 4000  # KiB; Python does not know how deep JavaScript's stack is, and pytest alone takes a good part of the usual 984


def main() -> int:
    """Run the tests in as many processes as there are processors; the exit code."""
    node = shutil.which("node")
    if node is None:
        fail("the tests on WebAssembly run in Node.js, and there is no node on this machine")
    try:
        pyodide, graphviz = unpacked(PYODIDE), unpacked(GRAPHVIZ)
    except PackageError as error:
        fail(str(error))
    install(wanted())
    parts = min(MOST_PROCESSES, os.cpu_count() or 1)
    command = [node, f"--stack-size={STACK}", HERE / "run.mjs", pyodide, graphviz, ROOT, PACKAGES]
    arguments = ["-q", "-p", "no:cacheprovider", "-p", "tests.wasm.needs", "-m", "not slow", *sys.argv[1:]]
    started = [subprocess.Popen([*command, f"{i}/{parts}", *arguments], cwd=ROOT) for i in range(parts)]
    code = together([process.wait() for process in started])
    tell(f"Python {PYTHON} as WebAssembly: {'all tests that run there pass' if not code else 'failed'}")
    return code


def together(codes: list[int]) -> int:
    """The exit code of all parts; that one of them had no test, as when a single file was asked for, is no failure."""
    return max([code for code in codes if code != NO_TESTS], default=NO_TESTS)


def wanted() -> list[str]:
    """What the project needs in a browser, and what its tests need."""
    needed = [Requirement(text) for text in requires("autograd_tiny") or ()]
    chosen = [x for x in needed if x.marker is None or x.marker.evaluate(BROWSER) or x.name in FOR_TESTS]
    return sorted({f"{x.name}{x.specifier}" for x in chosen})


def install(packages: list[str]) -> None:
    """Unpack wheels of pure Python, if these are not there yet."""
    stamp, recipe = PACKAGES / "dev-stamp", hashlib.sha256("\n".join([PYTHON, *packages]).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == recipe:
        return
    tell(f"setting up {PACKAGES.name} with packages of pure Python")
    shutil.rmtree(PACKAGES, ignore_errors=True)
    quietly(sys.executable, "-m", "pip", "install", "--no-compile", "--target", PACKAGES, *PURE, *packages)
    stamp.write_text(recipe)


if __name__ == "__main__":
    sys.exit(main())
