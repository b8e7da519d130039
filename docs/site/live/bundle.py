"""What a browser needs to run Python on the pages of the site: Pyodide, Graphviz, the package and what it imports, in one folder.

Everything is served from the site itself.  Files are compressed here, since a plain server compresses nothing.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from live.npm import GRAPHVIZ, PYODIDE, unpacked
from live.wheels import BROWSER

SITE = Path(__file__).resolve().parents[1]
ROOT = SITE.parents[1]
PYODIDE_FILES = ("pyodide.mjs", "python_stdlib.zip")
OURS = ("figures.py", "live/__init__.py", "live/session.py", "live/blocks.py", "live/playground.py")
KEPT = ("LICENSE", "METADATA")
"""What is kept of a distribution beside its code; latex2mathml asks for its own version."""
NOT_NEEDED = {"pygments", "graphviz-pure"}
"""Rich imports Pygments only for code in colours, and nothing starts a program in a browser."""
WHEN = (1980, 1, 1, 0, 0, 0)
"""Of every file in the archive, so that the same files give the same bytes, and browsers keep what they have."""


def made(into: Path) -> dict[str, Any]:
    """A folder ``python-VERSION`` with all that a page loads, and what the pages are to know of it.

    Returns:
        ``version``, which changes when any file does; the ``files``; the ``megabytes`` that are loaded.

    Raises:
        PackageError: npm's packages cannot be had.
    """
    unpacked(PYODIDE), unpacked(GRAPHVIZ)
    with tempfile.TemporaryDirectory(dir=into) as scratch:
        written = Path(scratch, "python")
        write(written)
        files = sorted(written.iterdir())
        version = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
        for old in into.glob("python-*"):
            if old.name != f"python-{version}":
                shutil.rmtree(old, ignore_errors=True)
        if not (into / f"python-{version}").is_dir():
            os.rename(written, into / f"python-{version}")
    names = [file.name for file in files]
    size = sum((into / f"python-{version}" / name).stat().st_size for name in names)
    return {"version": version, "files": names, "megabytes": round(size / 1e6, 1)}


def write(folder: Path) -> None:
    """Fill a folder with all that a page loads."""
    pyodide, graphviz = unpacked(PYODIDE), unpacked(GRAPHVIZ)
    folder.mkdir()
    for name in PYODIDE_FILES:
        shutil.copyfile(pyodide / name, folder / name)
    lock = json.loads((pyodide / "pyodide-lock.json").read_text(encoding="utf-8"))
    (folder / "pyodide-lock.json").write_text(json.dumps({**lock, "packages": {}}), encoding="utf-8")  # none is loaded from elsewhere
    for large in (pyodide / "pyodide.asm.wasm", pyodide / "pyodide.asm.mjs", graphviz / "dist" / "viz.js"):
        compress(large, folder / f"{large.name}.bin")
    archive(folder / "packages.zip")


def compress(source: Path, target: Path) -> None:
    """Write a file as gzip; its name says so to nobody, so that no server unpacks it on the way."""
    with open(target, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as compressed:
        compressed.write(source.read_bytes())


def archive(target: Path) -> None:
    """Put everything that Python imports there into one archive."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name, file in sorted(imported()):
            packed.writestr(zipfile.ZipInfo(name, WHEN), file.read_bytes(), zipfile.ZIP_DEFLATED, 9)


def imported() -> Iterator[tuple[str, Path]]:
    """The files of the package, of what it needs, and of this folder, each with its name in the archive."""
    for file in (ROOT / "autograd_tiny").rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            yield file.relative_to(ROOT).as_posix(), file
    for name in OURS:
        yield name, SITE / name
    for package in needed("autograd_tiny", set()):
        for file in package.files or ():
            if file.suffix in (".py", ".txt") or "licenses" in file.parts or file.name in KEPT:
                yield file.as_posix(), Path(str(file.locate()))


def needed(name: str, seen: set[str]) -> Iterator[Distribution]:
    """The distributions of pure Python that one needs in a browser, as they are installed here."""
    for requirement in map(Requirement, distribution(name).requires or ()):
        wanted = requirement.marker is None or requirement.marker.evaluate(BROWSER)
        if wanted and requirement.name not in seen | NOT_NEEDED:
            seen.add(requirement.name)
            yield distribution(requirement.name)
            yield from needed(requirement.name, seen)
