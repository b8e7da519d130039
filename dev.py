#!/usr/bin/env python3
"""Everything one does with this project from a terminal: python3 dev.py COMMAND [arguments]

Needs nothing but Python.  A command makes the environment it runs in, or brings it up to date, where that is needed.
"""

import argparse
import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

# Parsed by older Pythons too, which is why the check comes before any newer syntax or typing is evaluated.
if sys.version_info < (3, 10):  # noqa: UP036  (this script is run by whatever python3 there is)
    sys.exit("dev.py needs Python 3.10 or newer; this is Python %d.%d" % sys.version_info[:2])  # noqa: UP031

ROOT = Path(__file__).resolve().parent
SUPPORTED = ("3.10", "3.11", "3.12", "3.13")
THIS_PYTHON = "{}.{}".format(*sys.version_info)
UV = shutil.which("uv")
BIN, EXE = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")


# The commands: each takes the arguments after its name and returns an exit code.


def demo(arguments: list[str]) -> int:
    """write the demonstration to demo/; arguments go to `autograd-tiny demo`"""
    return run(environment() / f"autograd-tiny{EXE}", "demo", "--out", "demo", *arguments)


def test(arguments: list[str]) -> int:
    """run the tests: [--all] [--python X.Y], other arguments go to pytest"""
    parser = argparse.ArgumentParser(prog="dev.py test", allow_abbrev=False, epilog="All other arguments go to pytest.")
    parser.add_argument("--all", action="store_true", help="the tests marked slow as well")
    parser.add_argument("--python", metavar="X.Y", help="use this Python, in an environment of its own")
    options, pytest_arguments = parser.parse_known_args(arguments)
    programs = environment(f".venv-{options.python}", "[dev]", version=options.python) if options.python else environment(extra="[dev]")
    selection = [] if options.all else ["-m", "not slow"]
    return run(programs / "python", "-m", "pytest", "-n", "auto", "--maxprocesses", "4", *selection, *pytest_arguments)


def lint(arguments: list[str]) -> int:
    """check style with ruff and types with mypy; arguments go to ruff"""
    programs = environment(extra="[dev]")
    style = run(programs / "python", "-m", "ruff", "check", *arguments)
    types = run(programs / "python", "-m", "mypy")
    return style or types


def fuzz(arguments: list[str]) -> int:
    """look for failures on random graphs: --minutes N"""
    return run(environment(extra="[dev]") / "python", "tests/fuzz.py", *arguments)


def bench(arguments: list[str]) -> int:
    """time the engine beside others; arguments go to `python -m benchmarks`"""
    programs = environment(".venv-bench", requirements="benchmarks/requirements.txt")
    return run(programs / "python", "-m", "benchmarks", *arguments)


def pythons(arguments: list[str]) -> int:
    """list the other supported Pythons of this machine, for `test --python`"""
    for version in SUPPORTED:
        if version != THIS_PYTHON:
            if find_python(version):
                print(version)
            else:
                tell(f"Python {version} is not on this machine")
    return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "demo": demo,
    "test": test,
    "lint": lint,
    "fuzz": fuzz,
    "bench": bench,
    "pythons": pythons,
    # notebooks, docs, pictures: one function above, one line here.
}


# Environments.


def environment(name: str = ".venv", extra: str = "", requirements: str = "", version: str = THIS_PYTHON) -> Path:
    """The folder of programs of an environment with the project in it, made or brought up to date first if it must be.

    A stamp, written when an installation has succeeded, says what was installed.  While it agrees with what is wanted,
    nothing is run; after an interruption there is none.
    """
    programs, stamp = ROOT / name / BIN, ROOT / name / "dev-stamp"
    wanted = fingerprint(version, requirements) + extra
    installed = stamp.read_text() if stamp.exists() else ""
    if installed.startswith(wanted) and (programs / f"python{EXE}").exists():  # "<hash>[dev]" also serves who wants "<hash>"
        return programs
    stamp.unlink(missing_ok=True)
    tell(f"setting up {name} with Python {version} (a minute the first time) ...")
    if not is_usable(programs / "python", version):
        create(ROOT / name, version)
    install(programs / "python", "--editable", f".{extra}", *(["--requirement", requirements] if requirements else []))
    stamp.write_text(wanted)
    return programs


def fingerprint(version: str, requirements: str) -> str:
    """A hash of all that an environment depends on; the place too, since editable installations hold its path."""
    files = [ROOT / name for name in ("pyproject.toml", requirements) if name]
    parts = [version.encode(), bytes(ROOT), *(file.read_bytes() for file in files)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_usable(python: Path, version: str) -> bool:
    """Whether an environment's Python runs, is the right one and can install; a half-made environment fails here."""
    installer = "sys" if UV else "pip"
    return ask([str(python)], f"import sys, {installer}; print('%d.%d' % sys.version_info[:2])") == version


def create(directory: Path, version: str) -> None:
    """An empty environment in place of whatever is there."""
    base = find_python(version)
    if not base:
        fail(f"Python {version} is not on this machine (looked for python{version} on PATH, then asked py, pyenv and uv)")
    if directory.exists():
        tell(f"{directory.name} does not work as it is: making it anew")
        shutil.rmtree(directory)
    if UV:
        quietly(UV, "venv", "--python", base, directory)
    elif ask([base], "import ensurepip, venv; print('both')"):
        quietly(base, "-m", "venv", directory)
    else:  # Debian and Ubuntu package these two apart; `python -m venv` would fail half-way.
        fail(f"{base} cannot make environments; on Debian or Ubuntu: apt-get install python{version}-venv")


def install(python: Path, *packages: str) -> None:
    installer = [UV, "pip", "install", "--python", python] if UV else [python, "-m", "pip", "install"]
    quietly(*installer, *packages)


def find_python(version: str) -> str:
    """The path of an interpreter of this version, or "" where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [
        [sys.executable],
        [f"python{version}"],
        ["py", f"-{version}"],
        *([str(path)] for path in pyenv.glob(f"versions/{version}.*/bin/python")),
        *([path] for path in [UV and ask([UV, "python", "find", version])] if path),
    ]
    # The answer names the real interpreter where the candidate is a launcher, a shim or the Python of an environment.
    answers = (ask(candidate, "import sys; print('%d.%d' % sys.version_info[:2], sys._base_executable)") for candidate in candidates)
    return next((path for found, _, path in (answer.partition(" ") for answer in answers) if found == version), "")


# Processes.


def run(*command: "str | Path") -> int:
    """Run a program at the root of the project, its output ours, and return its exit code."""
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def quietly(*command: "str | Path") -> None:
    """Run a program that must succeed; only if it fails, show what it said."""
    done = subprocess.run(command, cwd=ROOT, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        fail(f"this failed: {shlex.join(map(str, command))}")


def ask(command: list[str], code: str = "") -> str:
    """What a program answers; "" if it fails or is not there."""
    ...


def tell(message: str) -> None:
    print(f"dev.py: {message}", file=sys.stderr, flush=True)
