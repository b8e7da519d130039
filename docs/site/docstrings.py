"""Docstrings as Markdown: an example at the end becomes a block of code, a `name` becomes a link to its page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import griffe

_NAME = re.compile(r"(?<!`)`([A-Za-z_][\w.]*)(\(\))?`(?!`)")


class Docstrings(griffe.Extension):
    """Rewrites every docstring of the package once it is read."""

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:
        """Called with the whole package."""
        for thing in _all_objects(pkg):
            if thing.docstring:
                thing.docstring.value = with_links(with_code_blocks(thing.docstring.value), thing)


def _all_objects(thing: griffe.Object) -> Iterator[griffe.Object]:
    yield thing
    for member in thing.members.values():
        if isinstance(member, griffe.Object):
            yield from _all_objects(member)


def with_code_blocks(text: str) -> str:
    """A docstring whose doctests are fenced; Markdown would take ``>>>`` for a quotation.

    >>> print(with_code_blocks("Twice.\\n\\n>>> twice(2)\\n4\\n"))
    Twice.
    <BLANKLINE>
    ```pycon
    >>> twice(2)
    4
    ```
    """
    lines, inside = [], ""
    for line in [*text.rstrip().split("\n"), ""]:
        if not inside and line.lstrip().startswith(">>> "):
            inside = line[: len(line) - len(line.lstrip())] + "```"
            lines.append(inside + "pycon")
        elif inside and not line.strip():
            lines.append(inside)
            inside = ""
        lines.append(line)
    return "\n".join(lines).rstrip()


def with_links(text: str, where: griffe.Object) -> str:
    """A docstring whose single `names` are links."""
    return _NAME.sub(lambda found: link(where, found[1], found[2]), text)


def link(where: griffe.Object, name: str, call: str | None) -> str:
    """A `name` in a docstring, linked to where the reference shows it, if it does."""
    scopes = [where, *([where.parent] if where.parent else []), where.package]
    for scope in scopes:
        if path := _path(scope, name):
            return f'<autoref identifier="{path}" optional><code>{name}{call or ""}</code></autoref>'
    return f"`{name}{call or ''}`"


def _path(scope: griffe.Object, name: str) -> str:
    first, _, rest = name.partition(".")
    try:
        path = scope.members[first].path if first in scope.members else scope.resolve(first)
        found = scope.package.modules_collection[path]
        return str((found[rest] if rest else found).canonical_path)
    except (KeyError, griffe.NameResolutionError, griffe.AliasResolutionError):
        return ""
