"""The rooms of the package and who may enter them; docs/architecture.md tells the same in words."""

import ast
import re
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "autograd_tiny"
PAGE = Path(__file__).parent.parent / "docs" / "architecture.md"


def imports():
    """Module -> modules of the package that it imports."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(file.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        names = set()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("autograd_tiny"):
                inner = node.module.removeprefix("autograd_tiny").lstrip(".")
                for alias in node.names:
                    path = PACKAGE.joinpath(*inner.split("."), alias.name)
                    is_module = path.with_suffix(".py").exists() or path.is_dir()
                    names.add(".".join(filter(None, [inner, alias.name])) if is_module else inner)
            elif isinstance(node, ast.Import):
                names.update(a.name.removeprefix("autograd_tiny.") for a in node.names if a.name.startswith("autograd_tiny."))
        found[name] = names - {""}
    return found


def floors():
    """Module -> floor, as drawn on the page: the ground floor first."""
    drawing = re.search(r"```floors\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    lines = [line.split("#")[0].split() for line in drawing.strip().splitlines()]
    return {module: floor for floor, modules in enumerate(reversed(lines)) for module in modules}


def test_the_page_draws_every_module():
    drawn = set(floors())
    rooms = {name for name in imports() if name not in ("__init__", "__main__")}
    assert drawn == rooms


def test_imports_only_go_down():
    floor = floors()
    upward = [
        f"{user} imports {used}"
        for user, useds in imports().items()
        if user not in ("__init__", "__main__")
        for used in useds
        if floor[used] >= floor[user]
    ]
    assert not upward, upward


def test_importing_the_package_is_light():
    script = "import sys, autograd_tiny; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True).stdout.split()
    heavy = {"graphviz", "rich", "numpy", "llvmlite", "jax", "anywidget", "subprocess", "dataclasses", "inspect", "asyncio"}
    assert not heavy & set(loaded)


def test_importing_prints_nothing_and_leaves_the_random_state_alone():
    script = "import random; random.seed(1); before = random.getstate(); import autograd_tiny; assert random.getstate() == before"
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("", "")
