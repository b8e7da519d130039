#!/usr/bin/env python3
"""Everything one does with this project from a terminal: python3 dev.py COMMAND [arguments]

Needs nothing but Python.  Each command first makes the environment it runs in, or brings it up to date, if it must.
"""

import argparse
import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
from ast import literal_eval
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

if sys.version_info < (3, 10):  # noqa: UP036  (whatever python3 is there starts this script, and must get this far)
    sys.exit("dev.py needs Python 3.10 or newer, this is Python {}.{}".format(*sys.version_info))

ROOT = Path(__file__).resolve().parent
PEERS = "benchmarks/requirements.txt"
SUPPORTED = ("3.10", "3.11", "3.12", "3.13", "3.14")
THIS_PYTHON = "{}.{}".format(*sys.version_info)
BIN, EXE = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")
UV = shutil.which("uv")
INTERNET = "\ndev.py: setting up needs the internet, or an index of packages that pip is told of; once it is done, nothing here does"


# Commands: each takes the arguments after its name and returns an exit code.


def demo(arguments: list[str]) -> int:
    """write the demonstration to demo/; arguments go to `autograd-tiny demo`"""
    return run(environment(".venv"), "autograd-tiny", "demo", "--out", "demo", *arguments)


def test(arguments: list[str]) -> int:
    """run the tests: [--all] [--coverage] [--python X.Y] [--wasm]; other arguments go to pytest"""
    parser = argparse.ArgumentParser(prog="dev.py test", epilog="All other arguments go to pytest.", allow_abbrev=False)
    parser.add_argument("--all", action="store_true", help="also the tests marked slow")
    parser.add_argument("--coverage", action="store_true", help="measure which lines and branches run; too few is a failure")
    parser.add_argument("--python", choices=SUPPORTED, help="the Python to use, in an environment of its own")
    parser.add_argument("--wasm", action="store_true", help="on Python 3.14 as WebAssembly, in Node.js: what runs in a browser")
    options, for_pytest = parser.parse_known_args(arguments)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or each of the many processes that tests start would compile everything
    if options.wasm:
        return run(environment(".venv", "dev", "release"), "python", "-m", "tests.wasm", *for_pytest)
    name = f".venv-{options.python}" if options.python else ".venv"
    extras = ("dev", "lab", "jax", "docs", "quality") if options.all else ("dev", "quality") if options.coverage else ("dev",)
    programs = environment(name, *extras, version=options.python or THIS_PYTHON)
    selection = [] if options.all else ["-m", "not slow"]
    measured = ["--cov"] if options.coverage else []
    shared = ["-n", "auto", "--maxprocesses", "4", "--dist", "worksteal"]  # some tests take a minute, most a hundredth of a second
    return run(programs, "python", "-m", "pytest", *shared, *selection, *measured, *for_pytest)


def lint(arguments: list[str]) -> int:
    """check style, types, spelling, dead and duplicate code; arguments go to `ruff check`"""
    programs = environment(".venv", "dev", "quality")
    scripts = sorted(file for folder in ("docs", "notebooks", "tests") for file in ROOT.glob(f"{folder}/**/*.py"))
    code = ["autograd_tiny", "benchmarks", "dev.py", *map(str, scripts)]
    checks = (
        ["ruff", "check", *arguments],
        ["mypy"],  # strict: pyproject.toml says so, and what the others look for
        ["codespell_lib", *code, "docs", *(str(file) for file in ROOT.glob("*.md"))],
        ["vulture"],
        ["pylint", *code],
    )
    return max([abs(run(programs, "python", "-m", *check)) for check in checks])


def mutate(arguments: list[str]) -> int:
    """list small changes of the package that no test notices: [FILE ...] [--sample N] [--seed N] [--jobs N]"""
    return run(environment(".venv", "dev", "quality"), "python", "-m", "tests.mutation", *arguments)


def fuzz(arguments: list[str]) -> int:
    """compare random computations with PyTorch: --minutes N"""
    return run(environment(".venv-bench", requirements=PEERS), "python", "tests/fuzz.py", *arguments)


def bench(arguments: list[str]) -> int:
    """time the engine beside others: --publish, or names; see --help"""
    return run(environment(".venv-bench", requirements=PEERS), "python", "-m", "benchmarks", *arguments)


def accuracy(arguments: list[str]) -> int:
    """measure every operation against mpmath and write docs/accuracy.md"""
    return run(environment(".venv-bench", requirements=PEERS), "python", "-m", "benchmarks.accuracy", *arguments)


def pictures(arguments: list[str]) -> int:
    """make the gallery and its pictures: --check, --sheet FILE.png"""
    return run(environment(".venv", "dev"), "python", "-m", "docs.gallery", *arguments)


def notebooks(arguments: list[str]) -> int:
    """make the notebooks from their sources and run them; --check only says whether they are fresh"""
    return run(environment(".venv", "dev"), "python", "notebooks/build.py", *arguments)


def docs(arguments: list[str]) -> int:
    """build the documentation's site into site/; --serve serves it, and again whenever a page is changed"""
    parser = argparse.ArgumentParser(prog="dev.py docs", epilog="All other arguments go to mkdocs.", allow_abbrev=False)
    parser.add_argument("--serve", action="store_true", help="serve the site on this machine while pages are edited")
    parser.add_argument("--lite", action="store_true", help="with JupyterLite, in which the first notebooks are opened and run")
    options, for_mkdocs = parser.parse_known_args(arguments)
    extras = ("dev", "docs", *(("lab", "release") if options.lite else ()))
    if options.lite:
        os.environ["DOCS_WITH_JUPYTERLITE"] = "true"
    command = ["serve"] if options.serve else ["build", "--strict"]
    os.environ["NO_MKDOCS_2_WARNING"] = "1"  # the theme's word on its own future: docs/dependencies.md
    return run(environment(".venv", *extras), "python", "-m", "mkdocs", *command, *for_mkdocs)


def release(arguments: list[str]) -> int:
    """build wheel and sdist, check them, try them in clean environments: [--python X.Y] [--only NAME] [--every] [--fresh]"""
    return run(environment(".venv", "quality", "release"), "python", "-m", "tests.release", *arguments)


def pythons(arguments: list[str]) -> int:
    """list the other supported Pythons found here, each good for `test --python`"""
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
    "mutate": mutate,
    "fuzz": fuzz,
    "bench": bench,
    "accuracy": accuracy,
    "pythons": pythons,
    "docs": docs,
    "pictures": pictures,
    "notebooks": notebooks,
    "release": release,
}


# Environments.


def environment(name: str, *extras: str, requirements: str = "", version: str = THIS_PYTHON) -> Path:
    """The folder of programs of an environment that holds the project, made or brought up to date first if it must be.

    A stamp, written only after an installation has succeeded, records what was installed.  While it covers what is
    wanted, no program is started; after an interruption there is none.
    """
    directory, programs = ROOT / name, ROOT / name / BIN
    python, stamp = programs / f"python{EXE}", directory / "dev-stamp"
    recipe = fingerprint(version, requirements)
    before, *installed = stamp.read_text().split() if stamp.exists() else [""]
    if python.exists() and before == recipe and set(extras) <= set(installed):
        return programs
    wanted = sorted({*extras, *(installed if before == recipe else [])})
    if not os.access(ROOT, os.W_OK):
        fail(f"{ROOT} cannot be written to; copy the project to a folder of your own, and run dev.py there")
    tell(f"setting up {name} with Python {version}, a minute the first time")
    stamp.unlink(missing_ok=True)
    if not is_usable(python, version):
        create(directory, version)
    project = f".[{','.join(wanted)}]" if wanted else "."
    install(python, "--editable", project, *(["--requirement", requirements] if requirements else []))
    point_to_project(directory)
    stamp.write_text(" ".join([recipe, *wanted]))
    return programs


def point_to_project(directory: Path) -> None:
    """Have an environment find the project by a relative path.

    Python reads the absolute one, which the installation writes, in the encoding of the locale.  Where that lacks a letter of
    the path, as with LC_ALL=C or on Windows, no Python would start.
    """
    for packages in (*directory.glob("lib/python*/site-packages"), directory / "Lib" / "site-packages"):
        for pointer in packages.glob("*autograd_tiny.pth"):
            pointer.write_text(os.path.relpath(ROOT, packages) + "\n", encoding="ascii")


def fingerprint(version: str, requirements: str) -> str:
    """A hash of what an environment is made from, and of its place, which editable installations remember."""
    files = [ROOT / name for name in ("pyproject.toml", requirements) if name]
    parts = [version.encode(), bytes(ROOT), *(file.read_bytes() for file in files)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_usable(python: Path, version: str) -> bool:
    """Whether an environment's Python runs, has the right version and, where there is no uv, a pip to install with."""
    return interpreter(python)[0] == version and bool(UV or ask(python, "-m", "pip", "--version"))


def create(directory: Path, version: str) -> None:
    """Make an empty environment, in place of a half-made one where there is one."""
    base = find_python(version)
    if not base:
        fail(f"Python {version} is not on this machine: no python{version} on PATH, none from py, pyenv or uv")
    if directory.exists():
        tell(f"{directory.name} cannot be used as it is, making it anew")
        shutil.rmtree(directory)
    if UV:
        quietly(UV, "venv", "--python", base, directory)
    elif ask(base, "-m", "ensurepip", "--version"):
        quietly(base, "-m", "venv", directory)
    else:  # Debian and Ubuntu package these apart; `python -m venv` would leave half an environment.
        fail(f"{base} cannot make environments; on Debian and Ubuntu: apt-get install python{version}-venv")


def install(python: Path, *packages: str) -> None:
    """Install packages into the environment of this Python."""
    if UV:
        quietly(UV, "pip", "install", "--python", python, *packages, hint=INTERNET)
    else:
        quietly(python, "-m", "pip", "install", *packages, hint=INTERNET)


def find_python(version: str) -> str:
    """The path of an interpreter of this version, or "" where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates: list[list[str | Path]] = [[sys.executable], [f"python{version}"], ["py", f"-{version}"]]
    candidates += [[path] for path in pyenv.glob(f"versions/{version}.*/bin/python")]
    candidates += [[ask(UV, "python", "find", version)]] if UV else []
    return next((path for found, path in (interpreter(*candidate) for candidate in candidates) if found == version), "")


def interpreter(*command: str | Path) -> tuple[str, str]:
    """The version and the path of the Python that is behind a command, be it a shim, a launcher or an environment's."""
    script = "import sys; print('%d.%d' % sys.version_info[:2], ascii(sys._base_executable))"  # a path may have any letters
    version, _, path = ask(*command, "-c", script).partition(" ")
    return version, literal_eval(path or "''")


# Processes.


def run(programs: Path, name: str, *arguments: str) -> int:
    """Run one of an environment's programs at the root of the project, and return its exit code."""
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C reaches the program, which may still have something to say
    return subprocess.run([programs / f"{name}{EXE}", *arguments], cwd=ROOT, check=False).returncode


def quietly(*command: str | Path, hint: str = "") -> None:
    """Run a command that must succeed; show what it said only if it fails."""
    done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        print(done.stdout.decode(errors="replace"), file=sys.stderr)
        fail(f"this command failed: {shlex.join(map(str, command))}{hint}")


def ask(*command: str | Path) -> str:
    """What a command prints, or "" if it fails or is not there."""
    try:
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return os.fsdecode(done.stdout).strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def tell(message: str) -> None:
    print(f"dev.py: {message}", file=sys.stderr, flush=True)


def fail(message: str) -> NoReturn:
    sys.exit(f"dev.py: {message}")


def main() -> int:
    table = "\n".join(f"  {name:9} {command.__doc__}" for name, command in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="dev.py", description=__doc__, epilog=f"commands:\n{table}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="one of the commands below")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments")
    options = parser.parse_args(sys.argv[1:] or ["--help"])
    return COMMANDS[options.command](options.arguments)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        fail("interrupted")
