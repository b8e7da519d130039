"""The two npm packages that bring Python and Graphviz to a browser: pinned, checked by their hash, unpacked once."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

UNPACKED = Path(__file__).resolve().parents[3] / ".npm"


class PackageError(RuntimeError):
    """A package cannot be had, or is not what it was; the message says what to do."""


class Pinned(NamedTuple):
    """A package as npm knows it: its name, the version that was tried, the hash of its archive (SHA-512, Base64)."""

    name: str
    version: str
    sha512: str


PYODIDE = Pinned(
    "pyodide",
    "314.0.7",
    "0YvXxEhfEdpLfb/XkM2BFAeMROq0iMUX2bzzH9pOttyMcWkwq+HbE5uyuGD82LN7y2q+SNvi/6V5JEsOlD2R1A==",
)
GRAPHVIZ = Pinned(
    "@viz-js/viz",
    "3.31.0",
    "r7zlQdRvcwvIpjHGgs+KNWHeE/P5/Dq7k8ZAKaMCbZqomxCBJV78gVuQYaHzFVca+kB0mX0fMW9UFevCOBG50A==",
)


def unpacked(package: Pinned, into: Path = UNPACKED) -> Path:
    """The folder that holds a package, fetched by npm the first time.

    Raises:
        PackageError: there is no npm, it finds no such package, or the archive has another hash.
    """
    folder = into / f"{package.name.replace('/', '-')}-{package.version}"
    if folder.is_dir():
        return folder
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into) as scratch:
        archive = fetched(package, Path(scratch))
        if (found := base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()) != package.sha512:
            raise PackageError(f"npm's {package.name} {package.version} is not the one that was tried: its hash is {found}")
        with tarfile.open(archive) as packed:
            if hasattr(tarfile, "data_filter"):
                packed.extraction_filter = tarfile.data_filter
            packed.extractall(scratch)
        try:
            os.rename(Path(scratch, "package"), folder)  # whole or not at all
        except OSError:
            if not folder.is_dir():  # and where another process was quicker, its copy is as good
                raise
    return folder


def fetched(package: Pinned, folder: Path) -> Path:
    """The archive of a package, fetched by npm into a folder."""
    npm = shutil.which("npm")
    if npm is None:
        raise PackageError("npm is not on this machine; install Node.js, which brings it")
    command = [npm, "pack", "--silent", "--pack-destination", str(folder), f"{package.name}@{package.version}"]
    done = subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False)
    archives = list(folder.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        said = done.stderr.strip()[-500:] or "it gives no reason"
        raise PackageError(f"npm did not fetch {package.name} {package.version} (it needs the internet, once): {said}")
    return archives[0]
