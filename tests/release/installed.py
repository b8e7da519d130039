"""Clean environments: every Python found here, the sdist, the wheel, the wheel with each extra; and the check run in each."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from dev import BIN, EXE, ROOT, SUPPORTED, UV, find_python, tell

HERE = Path(__file__).resolve().parent
ENVIRONMENTS = ROOT / ".venv-installed"
NEWER = ("3.15",)
"""Pythons that are not promised yet, but tried where they are found."""

INSTALLATIONS = {"sdist": "none", "wheel": "none", "fast": "fast", "lowest": "fast", "jax": "jax", "notebook": "notebook"}
"""What is installed, and the extra that is in it; "lowest" with the lowest versions that pyproject.toml admits."""

LARGE = ("jax", "notebook")
"""Hundreds of megabytes each; tried on the oldest and the newest Python, unless all are asked for."""

USER_CODE = ROOT / "tests" / "user_code.py"


class CommandError(RuntimeError):
    """A command failed; what it said."""


class Outcome(NamedTuple):
    """How one installation went: what failed, or "" where nothing did."""

    python: str
    installation: str
    seconds: float
    failure: str


def main(sdist: Path, wheel: Path, pythons: Sequence[str], installations: Sequence[str], *, every: bool, fresh: bool) -> int:
    """Try the installations on every Python; print a table; the exit code."""
    bases = {version: find_python(version) for version in pythons or (*SUPPORTED, *NEWER)}
    for version, base in bases.items():
        if not base:
            tell(f"Python {version} is not on this machine" + (", and is not tried" if version in SUPPORTED else " (newer than supported)"))
    found = [version for version, base in bases.items() if base]
    if not found or (pythons and len(found) < len(pythons)):
        return 1
    ends = [found[0], found[-1]]
    jobs = [(version, name) for name in installations for version in found if every or name not in LARGE or version in ends]
    jobs = [(version, name) for version, name in jobs if name != "lowest" or version == found[0]]
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        outcomes = list(pool.map(lambda job: tried(job, bases[job[0]], sdist if job[1] == "sdist" else wheel, fresh), jobs))
    if "wheel" in installations:
        outcomes += [typed(version) for version in dict.fromkeys(ends)]
    for outcome in outcomes:
        if outcome.failure:
            print(f"\n{outcome.failure}\n", file=sys.stderr)
        print(f"Python {outcome.python:5} {outcome.installation:9} {outcome.seconds:5.1f} s  {'FAILED' if outcome.failure else 'passed'}")
    return int(any(outcome.failure for outcome in outcomes))


def tried(job: tuple[str, str], base: str, file: Path, fresh: bool) -> Outcome:
    """One installation, made and checked."""
    version, name = job
    started = time.perf_counter()
    try:
        python = installed(version, name, base, file, fresh)
        with tempfile.TemporaryDirectory() as elsewhere:
            command(python, "-I", HERE / "check_installed.py", INSTALLATIONS[name], cwd=Path(elsewhere))
        failure = ""
    except CommandError as error:
        failure = f"Python {version}, {name}: {error}"
    return Outcome(version, name, time.perf_counter() - started, failure)


def installed(version: str, name: str, base: str, file: Path, fresh: bool) -> Path:
    """The Python of an environment that holds one of the two files, the extra, and what these need.

    What they need is installed when the environment is made, which it is again when pyproject.toml has changed; the file
    itself is installed anew each time.
    """
    directory = ENVIRONMENTS / f"{version}-{name}"
    python, stamp = directory / BIN / f"python{EXE}", directory / "stamp"
    recipe = hashlib.sha256(b"\0".join([(ROOT / "pyproject.toml").read_bytes(), base.encode(), bytes(directory)])).hexdigest()
    if not fresh and stamp.exists() and stamp.read_text() == recipe:
        pip("install", python, "--force-reinstall", "--no-deps", str(file))
        return python
    shutil.rmtree(directory, ignore_errors=True)
    command(*([UV, "venv", "--python", base] if UV else [base, "-m", "venv", "--without-pip"]), directory)
    extra = INSTALLATIONS[name]
    pins = lowest("fast") if name == "lowest" else []
    pip("install", python, str(file) if extra == "none" else f"{file}[{extra}]", *pins)
    pip("check", python)
    stamp.write_text(recipe)
    return python


def lowest(extra: str) -> list[str]:
    """The requirements of the package and of an extra, at the lowest versions they admit."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [text.replace(">=", "==") for text in (*project["dependencies"], *project["optional-dependencies"][extra])]


def typed(version: str) -> Outcome:
    """The file of user's code, by mypy against the wheel that is installed for one Python, away from the source tree."""
    started = time.perf_counter()
    python = ENVIRONMENTS / f"{version}-wheel" / BIN / f"python{EXE}"
    try:
        with tempfile.TemporaryDirectory() as elsewhere:
            copied = shutil.copy2(USER_CODE, elsewhere)
            options = ("--strict", "--config-file=", "--cache-dir", str(ENVIRONMENTS / f"mypy-{version}"), "--python-executable", python)
            command(sys.executable, "-m", "mypy", *options, copied, cwd=Path(elsewhere))
        failure = ""
    except CommandError as error:
        failure = f"Python {version}, types: {error}"
    return Outcome(version, "types", time.perf_counter() - started, failure)


def pip(action: str, python: Path, *arguments: str) -> None:
    """Run pip, or uv where it is, for the environment of a Python, which has no pip of its own."""
    if UV:
        command(UV, "pip", action, "--python", python, *arguments)
    else:
        command(sys.executable, "-m", "pip", "--python", python, action, *arguments)


def command(*parts: str | Path, cwd: Path = ROOT) -> None:
    """Run a command to its end.

    Raises:
        CommandError: it failed.
    """
    done = subprocess.run(parts, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise CommandError(f"{' '.join(map(str, parts))}\n{done.stdout.strip()}")
