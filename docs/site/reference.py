"""The lists on the pages of the reference, made from the package itself."""

from __future__ import annotations

import inspect
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

import autograd_tiny
from autograd_tiny import Family, MultiPrimitive, Primitive


def index_of_names() -> str:
    """A table of the public names, each with what its docstring says first."""
    names = sorted(autograd_tiny.__all__, key=str.lower)
    rows = [f"| [`{name}`][autograd_tiny.{name}] | {summary(getattr(autograd_tiny, name))} |" for name in names]
    return "\n".join(["| name | what it is |", "|---|---|", *rows])


def modules() -> str:
    """A table of the modules: what each says of itself, and what it defines that the reference shows."""
    rows = []
    for name in module_names():
        module = import_module(f"autograd_tiny.{name}")
        rows.append(f"| `autograd_tiny.{name}` | {summary(module)} | {' '.join(links(module))} |")
    return "\n".join(['<div class="modules" markdown="1">', "", "| module | holds | defines |", "|---|---|---|", *rows, "", "</div>"])


def links(module: ModuleType) -> list[str]:
    """The public functions and classes of a module, each led to where the reference shows it, if it does."""
    inside = [name for name, thing in vars(module).items() if getattr(thing, "__module__", "") == module.__name__ and callable(thing)]
    public = [name for name in inside if not name.startswith("_")]
    return [f'<autoref identifier="{module.__name__}.{name}" optional><code>{name}</code></autoref>' for name in public]


def module_names() -> list[str]:
    """The modules of the package and those in its rooms, by their names below it."""
    found = walk_packages(autograd_tiny.__path__, "autograd_tiny.")
    return sorted(module.name.removeprefix("autograd_tiny.") for module in found if "._" not in module.name)


def summary(thing: Any) -> str:
    """The first paragraph of a docstring, on one line."""
    if isinstance(thing, (Primitive, Family, MultiPrimitive)):
        return thing.doc
    said = inspect.getdoc(thing) if callable(thing) or inspect.ismodule(thing) else "All rows by name."
    return " ".join((said or "").partition("\n\n")[0].split()).replace("|", r"\|")
