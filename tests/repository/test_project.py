"""What the project says of itself in several places is said alike: versions, public names, dependencies, Pythons."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import autograd_tiny

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SECTIONS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def releases():
    """Version -> date, from the headings of the changelog, newest first."""
    return dict(re.findall(r"^## \[(\d[^\]]*)\] - (\d{4}-\d\d-\d\d)$", text("CHANGELOG.md"), re.MULTILINE))


def citation(field):
    found = re.search(rf"^{field}: *(.+)$", text("CITATION.cff"), re.MULTILINE)
    return found and found[1].strip("\"'")


def test_the_version_is_kept_in_one_place_and_told_alike_elsewhere():
    assert PROJECT["dynamic"] == ["version"]  # hatchling reads it from the package
    assert str(Version(autograd_tiny.__version__)) == autograd_tiny.__version__
    assert citation("version") == autograd_tiny.__version__
    assert f"Version {autograd_tiny.__version__}." in text("docs/stability.md")
    assert citation("date-released") == releases().get(autograd_tiny.__version__)
    assert not releases() or next(iter(releases())) == autograd_tiny.__version__


def test_the_changelog_can_be_read_by_programs():
    headings = re.findall(r"^## .*$", text("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "## [Unreleased]"
    assert len(headings) == 1 + len(releases()), "a heading is ## [1.2.3] - 2026-01-31"
    versions = [Version(version) for version in releases()]
    assert versions == sorted(versions, reverse=True)
    assert list(releases().values()) == sorted(releases().values(), reverse=True)
    assert set(re.findall(r"^### (.*)$", text("CHANGELOG.md"), re.MULTILINE)) <= set(SECTIONS)


@pytest.mark.slow
def test_the_citation_fits_its_schema():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.citation-file-format", ROOT / "CITATION.cff"]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


def promised():
    """Heading -> names, from the two tables of docs/stability.md."""
    sections = re.split(r"^## ", text("docs/stability.md"), flags=re.MULTILINE)[1:]
    tables = {section.split("\n")[0]: re.findall(r"^\| [^|]+ \| (.*) \|$", section, re.MULTILINE) for section in sections}
    return {name: re.findall(r"`([\w.]+)`", " ".join(rows)) for name, rows in tables.items() if rows}


def public():
    """The names of the package, and of the modules among them."""
    names = set(autograd_tiny.__all__)
    for module in (autograd_tiny.arrays, autograd_tiny.losses, autograd_tiny.nn, autograd_tiny.optim, autograd_tiny.samples):
        here = {name for name, x in vars(module).items() if getattr(x, "__module__", None) == module.__name__ and callable(x)}
        own = getattr(module, "__all__", here)  # a folder says what of its modules is its own
        names |= {f"{module.__name__.rpartition('.')[2]}.{name}" for name in own if not name.startswith("_")}
    return names


def test_every_public_name_is_listed_once_with_its_stability():
    names = promised()
    assert list(names) == ["Stable", "Provisional"]
    listed = names["Stable"] + names["Provisional"]
    assert sorted(listed) == sorted(public())


def test_the_provisional_modules_are_there():
    for name in re.findall(r"`autograd_tiny\.(\w+)`", text("docs/stability.md")):
        importlib.import_module(f"autograd_tiny.{name}")


def test_the_supported_pythons_are_told_alike():
    classifiers = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", c)]
    (in_dev,) = re.findall(r"^SUPPORTED = \((.*)\)$", text("dev.py"), re.MULTILINE)
    assert re.findall(r"[\d.]+", in_dev) == classifiers
    assert PROJECT["requires-python"] == f">={classifiers[0]}"
    assert f"CPython {', '.join(classifiers[:-1])} and {classifiers[-1]}" in text("docs/stability.md")


def requirements():
    """Every dependency in pyproject.toml, of the package, of its extras, of the build."""
    build = tomllib.loads(text("pyproject.toml"))["build-system"]["requires"]
    everything = [*PROJECT["dependencies"], *build, *[line for extra in PROJECT["optional-dependencies"].values() for line in extra]]
    return [Requirement(line) for line in everything]


def test_every_dependency_has_its_reason_licence_and_alternatives():
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", text("docs/dependencies.md"), re.MULTILINE))
    for name in {requirement.name for requirement in requirements()}:
        assert name in rows, f"{name} has no row in docs/dependencies.md"
        assert len([cell for cell in rows[name].split(" | ") if len(cell) > 2]) == 3, f"{name}: licence, reason, alternatives"


def test_no_dependency_has_an_upper_bound():
    """One with a reason would be told in docs/dependencies.md, and excepted here."""
    assert [str(r) for r in requirements() if any(s.operator not in (">=", "!=") for s in r.specifier)] == []


def test_names_that_are_imported_later_are_offered_too():
    assert set(autograd_tiny.__all__) <= set(dir(autograd_tiny))
