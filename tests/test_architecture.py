"""The rooms of the package and who may enter them; docs/architecture.md tells the same in words."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "autograd_tiny"
PAGE = Path(__file__).parent.parent / "docs" / "architecture.md"


def rooms():
    """Room -> rooms that it imports.  A room is a module of the package, or a folder with all that is in it."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        room = file.relative_to(PACKAGE).with_suffix("").parts[0]
        used = found.setdefault(room, set())
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "autograd_tiny":
                used.update(alias.name for alias in node.names if is_room(alias.name))
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("autograd_tiny."):
                used.add(node.module.split(".")[1])
            elif isinstance(node, ast.Import):
                used.update(alias.name.split(".")[1] for alias in node.names if alias.name.startswith("autograd_tiny."))
    return {room: used - {room} for room, used in found.items() if not room.startswith("__")}


def is_room(name):
    return (PACKAGE / f"{name}.py").exists() or (PACKAGE / name).is_dir()


def floors():
    """Room -> floor, as drawn on the page: the ground floor is 0."""
    drawing = re.search(r"```floors\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    lines = [line.split("#")[0].split() for line in drawing.strip().splitlines()]
    return {room: floor for floor, line in enumerate(reversed(lines)) for room in line}


def test_the_page_draws_every_room():
    assert set(floors()) == set(rooms())


def test_imports_only_go_down():
    floor = floors()
    upward = [f"{user} imports {used}" for user, useds in rooms().items() for used in useds if floor[used] >= floor[user]]
    assert not upward, upward


def test_importing_the_package_is_light():
    script = "import sys, autograd_tiny; print(*sorted(sys.modules))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}  # which is not light
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=True)
    loaded = done.stdout.split()
    heavy = {"graphviz", "rich", "numpy", "llvmlite", "jax", "anywidget", "subprocess", "dataclasses", "inspect", "asyncio"}
    assert not heavy & set(loaded)


def test_importing_prints_nothing_and_leaves_the_random_state_alone():
    script = "import random; random.seed(1); before = random.getstate(); import autograd_tiny; assert random.getstate() == before"
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("", "")
