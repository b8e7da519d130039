"""The rooms of the package and who may enter them; docs/architecture.md tells the same in words."""

import ast
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "autograd_tiny"
PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"
MOST_FILES = 9


def module_files():
    """Dotted name -> file, a folder's ``__init__`` under the folder's name."""
    names = {file: ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts) for file in PACKAGE.rglob("*.py")}
    return {name.removesuffix(".__init__"): file for file, name in names.items()}


@cache
def imports(file):
    """Dotted names of our modules, or of names in them, that a file imports, and whether it does so as it is imported itself."""
    return list(imported(ast.parse(file.read_text(encoding="utf-8"))))


def imported(tree):
    """The same of what the file says."""
    later = {id(inner) for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.If)) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "autograd_tiny":
            for alias in node.names:
                yield f"{node.module}.{alias.name}", id(node) not in later
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("autograd_tiny."):
                    yield alias.name, id(node) not in later


def module_of(name, modules):
    return name if name in modules else name.rpartition(".")[0]


def room_of(module):
    return module.split(".")[1]


def rooms():
    """Room -> rooms that it imports.  A room is a module of the package, or a folder with all that is in it."""
    modules = module_files()
    found = {}
    for module, file in modules.items():
        if "." in module and "__" not in module:
            used = found.setdefault(room_of(module), set())
            used.update(room_of(module_of(name, modules)) for name, _ in imports(file) if "." in module_of(name, modules))
    return {room: used - {room} for room, used in found.items()}


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


def test_no_modules_import_each_other_in_a_circle():
    """Neither at once, nor later, nor for types alone; only the package itself gives names of all rooms when they are asked for."""
    modules = module_files()
    counted = [file for file in modules.values() if file.parent != PACKAGE or file.name != "__init__.py"]
    used = {
        m: {module_of(name, modules) for name, at_once in imports(file) if at_once or file in counted} - {m} for m, file in modules.items()
    }
    left = dict(used)
    while free := [m for m, needs in left.items() if not needs & set(left)]:
        for m in free:
            del left[m]
    assert left == {}


def test_no_private_name_is_imported_from_another_module():
    names = [(module, name) for module, file in module_files().items() for name, _ in imports(file)]
    taken = [f"{module}: {name}" for module, name in names if re.search(r"\._(?!_)", name)]
    assert taken == []


def test_no_room_holds_more_files_than_one_looks_through():
    folders = {file.parent for file in PACKAGE.rglob("*.py")}
    crowded = {str(f.relative_to(PACKAGE)): n for f in folders if (n := len(list(f.glob("*.py")))) > MOST_FILES}
    assert crowded == {}


def test_lines_of_the_package_fit_a_page():
    texts = {file.relative_to(PACKAGE): file.read_text(encoding="utf-8").splitlines() for file in PACKAGE.rglob("*.py")}
    assert [f"{file}:{n}" for file, lines in texts.items() for n, line in enumerate(lines, 1) if len(line) > 120] == []


def test_the_part_that_is_read_to_learn_is_short():
    texts = {name: (PACKAGE / "engine" / f"{name}.py").read_text(encoding="utf-8") for name in ("table", "graph", "value")}
    assert sum(text.count("\n") for text in texts.values()) < 1000
    assert texts["table"].partition(" = Primitive(")[0].count("\n") < 100


def test_importing_the_package_is_light():
    script = "import sys, autograd_tiny; print(*sorted(sys.modules))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}  # which is not light
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=True)
    loaded = done.stdout.split()
    heavy = {"graphviz", "rich", "numpy", "llvmlite", "jax", "anywidget", "subprocess", "dataclasses", "inspect", "asyncio"}
    assert not heavy & set(loaded)
    rooms = {name.split(".")[1] for name in loaded if name.startswith("autograd_tiny.")}
    assert rooms.isdisjoint({"cli", "exercises", "formulas", "lowering", "marking", "storage", "views", "worked"})


def test_importing_prints_nothing_and_leaves_the_random_state_alone():
    script = "import random; random.seed(1); before = random.getstate(); import autograd_tiny; assert random.getstate() == before"
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("", "")
