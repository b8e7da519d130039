"""Right numbers for wrong ones, at the printed precision; everything else in the file stays as it is, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import unified_diff
from math import isfinite
from pathlib import Path
from typing import NamedTuple

from autograd_tiny.marking.files.sources import pages_of
from autograd_tiny.marking.marks import FAITHFUL, Mark
from autograd_tiny.marking.pages import text_of
from autograd_tiny.text.excerpts import whole

_NUMBER = re.compile(r"[=≈]\s*(?P<number>[^=≈\"'\\]+?)\s*\\?[\"']{1,3}", re.DOTALL)
"""The number at the end of a claim, up to its closing quote, which is written with a backslash in a notebook."""


class Correction(NamedTuple):
    """A file before and after.

    Attributes:
        path: the file.
        before: its text as it stands.
        after: its text with right numbers.
    """

    path: Path
    before: str
    after: str

    @property
    def difference(self) -> str:
        """What changes, as a unified diff; empty if nothing does."""
        before, after = (whole(text).text.split("\n") for text in (self.before, self.after))
        name = self.path.as_posix()
        return "\n".join(unified_diff(before, after, name, name, lineterm="", n=1))


def corrected(path: Path) -> Correction:
    """A file with the right number in place of every wrong one that can be put right; known errata stay as they are.

    Where an input is what a claim prints, the right numbers after it change with it, so that this is done until nothing
    changes.  A number is left alone if the right one is not finite, and if it is written so that its place in the claim
    cannot be told.

    Raises:
        PageError: naming file and line, for a page that cannot be read or marked.
        OSError: the file cannot be read.
    """
    before = after = text_of(path)
    seen: set[str] = set()
    while after not in seen:
        seen.add(after)
        after = _put_right(path, after)
    return Correction(path, before, after)


def _put_right(path: Path, text: str) -> str:
    file = whole(text)
    found: dict[tuple[int, int], str] = {}
    for page in pages_of(path, text):
        for mark in page.mark().marks:
            wrong = mark.verdict not in FAITHFUL and not mark.known and mark.formulas is None
            if mark.claim.spot and wrong and isfinite(mark.value):
                start, end = file.at(mark.claim.spot)
                found |= {
                    (start + first, start + last): number
                    for first, last, number in _replacements(text[start:end], mark)
                }
    for start, end in sorted(found, reverse=True):
        text = text[:start] + found[start, end] + text[end:]
    return text


def _replacements(claim: str, mark: Mark) -> Iterator[tuple[int, int, str]]:
    """From where to where in the text of a claim its number stands, and the right one."""
    printed = mark.claim.printed.text
    if mark.claim.grid:
        if claim.replace("−", "-").replace("–", "-") == printed:
            yield 0, len(claim), mark.right.replace("-", "−" if "−" in claim else "-")
        return
    for match in _NUMBER.finditer(claim):
        if match["number"].replace("−", "-").replace("–", "-") == printed:
            minus = "−" if "−" in match["number"] else "-"
            yield *match.span("number"), mark.right.replace("-", minus)
