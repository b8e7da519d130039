"""JupyterLite with the first notebooks: Jupyter in a browser, on the same Python and Graphviz as the pages, in one folder.

`dev.py docs --lite` builds it.  Its wheels stand in lite.txt, each with its hash; pip fetches them the first time.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from live import bundle
from live.npm import GRAPHVIZ, PYODIDE, UNPACKED, PackageError, unpacked
from live.wheels import PURE

WHEELS = Path(__file__).with_name("lite.txt")
NOTEBOOKS = (
    "01_first_gradient",
    "02_step_through_backward",
    "03_worked_example_3_3_3",
    "04_mark_a_page",
    "05_train_a_network",
)
"""Those that need no NumPy; the last stops at its plots, for which matplotlib is missing."""
BUILDER = ("doit", "jupyterlite_core")
"""Wheels of the program that builds; it needs a Jupyter server too, for its list of notebooks."""
EXTENSIONS = ("anywidget", "jupyterlab_widgets", "jupyterlite_pyodide_kernel")
"""Wheels that hold a part of JupyterLab, in JavaScript."""
NOT_IMPORTED = (*BUILDER, *EXTENSIONS[1:])
"""Wheels that Python does not import there."""
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"
KERNEL_WHEELS = ("ipykernel", "piplite", "pyodide_kernel")
"""Wheels inside that of the kernel."""
STATIC = Path("static", "python")
"""Where Python lies in the built folder."""
START = """\
// Pyodide, and a Graphviz that `draw` finds: autograd_tiny/views/drawing/render.py.
import { loadPyodide as load } from "./pyodide.mjs";
import { instance } from "./viz.js";

export async function loadPyodide(options) {
  globalThis.autogradTinyGraphviz = await instance();
  return load(options);
}
"""


def page(notebook: str) -> str | None:
    """Where a notebook is opened, from the root of the site, or None where it is not among those that are built."""
    return f"lite/notebooks/index.html?path={notebook}.ipynb" if notebook in NOTEBOOKS else None


def build(into: Path) -> None:
    """Write JupyterLite with the notebooks into a folder.

    Raises:
        PackageError: npm's packages or the wheels cannot be had, there is no Jupyter server, or the build fails.
    """
    if find_spec("jupyter_server") is None:
        raise PackageError('JupyterLite is built with a Jupyter server; it comes with the extra "lab"')
    wheels = fetched()
    with tempfile.TemporaryDirectory(dir=UNPACKED) as scratch:
        builder, python, source, built = (Path(scratch, name) for name in ("builder", "python", "source", "built"))
        for wheel in wheels:
            if wheel.name.startswith(BUILDER):
                zipfile.ZipFile(wheel).extractall(builder)
        packages = write(python, wheels)
        configure(source, wheels, packages)
        command = [sys.executable, "-m", "jupyterlite_core", "build", "--output-dir", str(built)]
        environment = {**os.environ, "PYTHONPATH": str(builder)}
        done = subprocess.run(
            command, cwd=source, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        if done.returncode:
            raise PackageError(f"JupyterLite was not built: {done.stdout.strip()[-2000:]}")
        shutil.copytree(built, into, dirs_exist_ok=True)
        shutil.copytree(python, into / STATIC, dirs_exist_ok=True)


def fetched() -> list[Path]:
    """The pinned wheels, fetched by pip the first time; each has the hash that it had when it was tried."""
    folder = UNPACKED / f"wheels-{hashlib.sha256(WHEELS.read_bytes()).hexdigest()[:12]}"
    if not folder.is_dir():
        UNPACKED.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=UNPACKED) as scratch:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
            command = [*pip, "--no-deps", "--require-hashes", *PURE, "--requirement", str(WHEELS), "--dest", f"{scratch}/wheels"]
            done = subprocess.run(command, text=True, capture_output=True, check=False)
            if done.returncode:
                raise PackageError(f"pip did not fetch the wheels of JupyterLite's Python: {done.stderr.strip()[-500:]}")
            os.rename(Path(scratch, "wheels"), folder)  # whole or not at all
    return sorted(folder.glob("*.whl"))


def write(folder: Path, wheels: Sequence[Path]) -> list[str]:
    """Fill a folder with Pyodide, Graphviz and all that Python imports; the names of what it unpacks at its start."""
    folder.mkdir()
    pyodide = unpacked(PYODIDE)
    for name in (*bundle.PYODIDE_FILES, "pyodide.asm.mjs", "pyodide.asm.wasm"):
        shutil.copyfile(pyodide / name, folder / name)
    shutil.copyfile(unpacked(GRAPHVIZ) / "dist" / "viz.js", folder / "viz.js")
    (folder / "start.mjs").write_text(START, encoding="utf-8")
    bundle.archive(folder / "autograd_tiny.zip")
    for wheel in wheels:
        if not wheel.name.startswith(NOT_IMPORTED):
            shutil.copyfile(wheel, folder / wheel.name)
        elif wheel.name.startswith("jupyterlite_pyodide_kernel"):
            with zipfile.ZipFile(wheel) as packed:
                for name in packed.namelist():
                    if name.endswith(".whl") and Path(name).name.startswith(KERNEL_WHEELS):
                        (folder / Path(name).name).write_bytes(packed.read(name))
    archives = sorted([*folder.glob("*.whl"), folder / "autograd_tiny.zip"])
    known = json.loads((pyodide / "pyodide-lock.json").read_text(encoding="utf-8"))
    packages = {entry["name"]: entry for entry in map(locked, archives)}
    (folder / "pyodide-lock.json").write_text(json.dumps({**known, "packages": packages}), encoding="utf-8")
    return list(packages)


def locked(archive: Path) -> dict[str, Any]:
    """What Pyodide is to know of an archive that it unpacks."""
    name, version = archive.stem.split("-")[:2] if archive.suffix == ".whl" else (archive.stem, "0")
    return {
        "name": name.replace("_", "-").lower(),
        "version": version,
        "file_name": archive.name,
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "install_dir": "site",
        "package_type": "package",
        "imports": [],
        "depends": [],
        "unvendored_tests": False,
    }


def configure(source: Path, wheels: Sequence[Path], packages: Sequence[str]) -> None:
    """What JupyterLite is told: its notebooks and extensions, and a kernel that loads everything from beside itself."""
    source.mkdir()
    kernel = {
        "pyodideUrl": f"./{STATIC.as_posix()}/start.mjs",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {"packages": list(packages)},
    }
    settings = {"jupyter-lite-schema-version": 0, "jupyter-config-data": {"litePluginSettings": {KERNEL: kernel}}}
    building = {
        "apps": ["notebooks"],
        "contents": [str(bundle.ROOT / "notebooks" / f"{name}.ipynb") for name in NOTEBOOKS],
        "federated_extensions": [str(wheel) for wheel in wheels if wheel.name.startswith(EXTENSIONS)],
        "ignore_sys_prefix": ["federated_extensions"],  # what happens to be installed here
        "no_sourcemaps": True,
    }
    (source / "jupyter-lite.json").write_text(json.dumps(settings), encoding="utf-8")
    (source / "jupyter_lite_config.json").write_text(json.dumps({"LiteBuildConfig": building}), encoding="utf-8")
