"""The corpus of real slips, loaded: pages of published numbers, and what is wrong on each."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from autograd_tiny.marking.pages import Page, read_page

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = Path(__file__).parent / "corpus"


class Slip(NamedTuple):
    """A number that is wrong: as it is printed, what the mistake may be called, what happened."""

    claim: str
    names: tuple[str, ...]
    what: str


class Entry(NamedTuple):
    """A page with its slips."""

    name: str
    page: Page
    slips: tuple[Slip, ...]


def entries() -> list[Entry]:
    """All pages of the corpus, in the order of its index."""
    index = tomllib.loads((FOLDER / "index.toml").read_text(encoding="utf-8"))
    return [
        Entry(
            item["file"].removesuffix(".toml"),
            read_page(FOLDER / item["file"]),
            tuple(Slip(slip["claim"], tuple(slip["names"]), slip["what"]) for slip in item.get("slip", ())),
        )
        for item in index["page"]
    ]
