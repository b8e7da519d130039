"""Build the sdist and the wheel into dist/, and check what is in them.

The wheel is built twice, from the source tree and from the sdist, and must come out the same, byte for byte.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from dev import ROOT, fail

DIST = ROOT / "dist"
SDIST_ALSO = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "dev.py", "docs/architecture.md"}
METADATA = ("METADATA", "licenses/LICENSE", "entry_points.txt")


def main() -> tuple[Path, Path]:
    """The paths of the sdist and the wheel, which are in dist/ only if nothing is wrong with them."""
    shutil.rmtree(DIST, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        build("--sdist", "--wheel", "--outdir", f"{scratch}/from-tree", str(ROOT))
        (sdist,), (wheel,) = (list(Path(scratch, "from-tree").glob(pattern)) for pattern in ("*.tar.gz", "*.whl"))
        build("--wheel", "--outdir", f"{scratch}/from-sdist", str(unpack(sdist, Path(scratch, "unpacked"))))
        (again,) = Path(scratch, "from-sdist").glob("*.whl")
        problems = [*wheel_problems(wheel), *sdist_problems(sdist), *twin_problems(wheel, again), *metadata_problems(sdist, wheel)]
        if problems:
            fail("\n        ".join(["the release is not right:", *problems]))
        DIST.mkdir(parents=True)
        for file in (sdist, wheel):
            print(f"dist/{file.name}, {file.stat().st_size / 1024:,.0f} KiB")
        return Path(shutil.copy2(sdist, DIST)), Path(shutil.copy2(wheel, DIST))


def build(*arguments: str) -> None:
    """Run ``python -m build``, which makes an environment of its own for each build."""
    command = [sys.executable, "-m", "build", *arguments]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        fail(f"the build failed\n{done.stdout}")


def git(*arguments: str) -> str:
    """What git says about the source tree."""
    return subprocess.run(["git", *arguments], cwd=ROOT, text=True, stdout=subprocess.PIPE, check=True).stdout


def unpack(sdist: Path, directory: Path) -> Path:
    with tarfile.open(sdist) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(directory)
    return directory / sdist.name.removesuffix(".tar.gz")


def wheel_problems(wheel: Path) -> list[str]:
    """How the wheel's files differ from the package's that git knows: modules and data, no tests, nothing left lying about."""
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    inside = {name for name in held if ".dist-info/" not in name}
    known = set(git("ls-files", "autograd_tiny").splitlines())
    problems = [f"the wheel lacks {name}" for name in sorted(known - inside)]
    problems += [f"the wheel holds {name}, which is not committed in autograd_tiny/" for name in sorted(inside - known)]
    return problems + [f"the wheel has no {name}" for name in METADATA if not any(f".dist-info/{name}" in other for other in held)]


def sdist_problems(sdist: Path) -> list[str]:
    """What the sdist lacks, and what came along that git does not know."""
    with tarfile.open(sdist) as archive:
        held = {entry.name.partition("/")[2] for entry in archive if entry.isfile()}
    strange = held - set(git("ls-files").splitlines()) - {"PKG-INFO"}
    return [f"the sdist lacks {name}" for name in sorted(SDIST_ALSO - held)] + [
        f"the sdist holds {name}, which is not committed" for name in sorted(strange)
    ]


def twin_problems(wheel: Path, again: Path) -> list[str]:
    """How the wheel made from the sdist differs from the one made from the source tree."""
    if wheel.name != again.name:
        return [f"from the source tree comes {wheel.name}, from the sdist {again.name}"]
    if wheel.read_bytes() == again.read_bytes():
        return []
    one, other = ({entry.filename: entry.CRC for entry in zipfile.ZipFile(file).infolist()} for file in (wheel, again))
    different = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    return [f"the wheels from the source tree and from the sdist differ in {', '.join(different) or 'their archive alone'}"]


def metadata_problems(*files: Path) -> list[str]:
    """What an index would say about the two files' metadata, and about the README as its page."""
    environment = os.environ | {"NO_COLOR": "1"}
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, files)]
    done = subprocess.run(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return [f"twine check: {done.stdout.strip()}"] if done.returncode else []
