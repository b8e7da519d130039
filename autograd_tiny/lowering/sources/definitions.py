"""Functions that a language lacks: kept as source in that language, of which a program takes along those it calls."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property


class Definitions:
    """Functions and constants as source, a block each with a blank line between, none inside.

    Args:
        text: the source.
        name: a regular expression that finds, as its group, what a block defines; others belong to no program.

    >>> text = "HALF = 0.5\\n\\ndef half(x):\\n    return HALF * x\\n\\ndef third(x):\\n    return x / 3.0\\n"
    >>> print(*Definitions(text, r"^(?:def )?(\\w+)").needed(["half"]).values(), sep="\\n")
    HALF = 0.5
    def half(x):
        return HALF * x
    """

    def __init__(self, text: str, name: str) -> None:
        self._text, self._name = text, re.compile(name, re.MULTILINE)

    @cached_property
    def blocks(self) -> dict[str, str]:
        """What each name is defined by, in the order of the source."""
        blocks = [block.strip("\n") for block in re.split(r"\n{2,}(?=\S)", self._text)]
        return {match[1]: block for block in blocks if (match := self._name.search(block))}

    def needed(self, names: Iterable[str]) -> dict[str, str]:
        """The blocks that define ``names``, and those that these use, in the order of the source."""
        wanted, waiting = set(), list(names)
        while waiting:
            if (name := waiting.pop()) in self.blocks and name not in wanted:
                wanted.add(name)
                waiting += re.findall(r"\w+", self.blocks[name])
        return {name: block for name, block in self.blocks.items() if name in wanted}
