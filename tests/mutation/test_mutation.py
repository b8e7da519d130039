"""Which changes are made, and that a toy package's tests notice those they should."""

import ast
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mutation.changes import changes, difference, sample
from mutation.record import Project, Record

ROOT = Path(__file__).parents[2]


def differences(source):
    return [difference(change) for change in changes(ast.parse(source))]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("x + y", ["x + y  ->  pass", "x + y  ->  x - y"]),
        ("z = x - y", ["z = x - y  ->  z = y - x", "z = x - y  ->  z = x + y"]),
        ("z = x < y", ["z = x < y  ->  z = x <= y"]),
        ("z = a and not b", ["z = a and (not b)  ->  z = a or not b", "z = a and (not b)  ->  z = a and b"]),
        ("z = any(x)", ["z = any(x)  ->  z = all(x)"]),
        ("z = f(x, y)", ["z = f(x, y)  ->  z = f(y, x)"]),
        ("z = max(x, y)", ["z = max(x, y)  ->  z = min(x, y)"]),
        ("z = abs(x - y)", ["z = abs(x - y)  ->  z = abs(x + y)"]),
        ("z = x[1:]", ["z = x[1:]  ->  z = x[:]", "z = x[1:]  ->  z = x[2:]", "z = x[1:]  ->  z = x[0:]"]),
        ("z = x if y else 0.5", ["z = x if y else 0.5  ->  z = x if not y else 0.5", "z = x if y else 0.5  ->  z = x if y else 1.5"]),
        ("def f(x=True):\n    return x", ["def f(x=True):  ->  def f(x=False):", "return x  ->  return None"]),
        ("lambda x, y: (y, x)", ["lambda x, y: (y, x)  ->  pass", "lambda x, y: (y, x)  ->  lambda x, y: (x, y)"]),
        ("if x:\n    raise ValueError(1 + 2)", ["if x:  ->  if not x:", "raise ValueError(1 + 2)  ->  pass"]),
    ],
)
def test_what_is_changed(source, wanted):
    assert differences(source) == wanted


def test_what_is_left_alone():
    source = '"""Text."""\n__all__ = ["a"]\nif TYPE_CHECKING:\n    x = 1\ny: "int | None" = None\ndef f(x: "1 + 2") -> "3": ...'
    assert differences(source) == ["...  ->  pass"]


def test_a_change_is_made_and_taken_back():
    tree = ast.parse("def f(x):\n    return x < 1")
    before = ast.dump(tree)
    for change in changes(tree):
        with change.made():
            assert ast.dump(tree) != before
        assert ast.dump(tree) == before


def test_changes_that_mean_the_same_are_not_tried():
    source = "while 1:\n    f()"
    assert "while 1:  ->  while 2:" in differences(source)
    chosen = [difference(change) for change in sample(ast.parse(source), 99, random.Random(0))]
    assert "f()  ->  pass" in chosen
    assert "while 1:  ->  while 2:" not in chosen  # which is compiled to the same


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that are forked")
def test_a_toy_package(tmp_path):
    package, copied = tmp_path / "package", tmp_path / "copied"
    package.mkdir()
    runs = tmp_path / "runs"
    (package / "toy").mkdir()
    (package / "tests").mkdir()
    source = "def larger(x, y):\n    return x if x > y else y\n\n\ndef half(x):\n    return x / 2\n"
    (package / "toy/__init__.py").touch()
    (package / "toy/sums.py").write_text(source + "\n\ndef unused(x):\n    return x\n")
    (package / "tests/test_sums.py").write_text(
        "from toy.sums import half, larger\ndef test_larger():\n    assert larger(1, 2) == 2\n"
        "def test_half():\n    assert half(3) == 1.5\n"
    )
    (package / "toy/other.py").write_text("def twice(x):\n    return 2 * x\n")
    (package / "tests/test_other.py").write_text(
        f"from toy.other import twice\ndef test_twice():\n    open({str(runs)!r}, 'a').write('.')\n    assert twice(3) == 6\n"
    )
    environment = {name: x for name, x in os.environ.items() if not name.startswith(("COV", "PYTEST"))}
    command = [sys.executable, "-m", "tests.mutation", "--package", "toy", "--jobs", "1", "toy/sums.py"]

    def noticed(folder):
        environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(folder)])
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900, check=True)
        return [line.split(maxsplit=1) for line in done.stdout.splitlines()[1:-1]]

    assert noticed(package) == [
        ["toy/sums.py", "9        7            2"],
        ["toy/sums.py:2", "return x if x > y else y  ->  return x if x >= y else y"],
        ["toy/sums.py:10", "return x  ->  return None"],
    ]
    assert (package / "toy/sums.py").read_text().startswith(source)
    before = runs.read_text()

    # A copy of the tree has a use for the record: where a module is changed, its own tests alone are recorded again.
    shutil.copytree(package, copied)
    changed = source.replace("\n\n\ndef half", "\n\n\n# Exact.\ndef half")
    (copied / "toy/sums.py").write_text(changed)
    assert noticed(copied) == [
        ["toy/sums.py", "8        7            1"],
        ["toy/sums.py:2", "return x if x > y else y  ->  return x if x >= y else y"],
    ]
    assert runs.read_text() == before
    lines = Record(Project(copied, "toy"), 1).lines(copied / "toy/sums.py")
    assert {line: tests for line, tests in lines.items() if tests} == {
        2: {"tests/test_sums.py::test_larger"},
        7: {"tests/test_sums.py::test_half"},
    }
