"""The corpus of real slips, loaded: pages of published numbers, and what is wrong on each."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import NamedTuple

from autograd_tiny.marking.forms.printed import read_number
from autograd_tiny.marking.pages import Page, read_page

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = Path(__file__).parent / "corpus"
NUMBERS = ("printed", "worked out", "on other inputs")
"""Where the wrong numbers are from: the source; its own wrong formula, worked out on its inputs; the same on inputs chosen here."""

SINGLE = 2.0**-22
"""How far a number that was worked out in single precision may be from one in double, relative to itself: a few roundings of 2**-24."""


class Slip(NamedTuple):
    """What went wrong once.

    Attributes:
        claims: the wrong numbers, as they are printed.
        names: what a human may call it, in the words of the marker, one of them per claim; "" where it knows no such mistake.
        what: what happened.
        arithmetic: the first number by the mistake, as Python on the inputs of the page; nothing where nobody knows.
    """

    claims: tuple[str, ...]
    names: tuple[str, ...]
    what: str
    arithmetic: str


class Entry(NamedTuple):
    """A page with its slips, and where their numbers are from."""

    name: str
    page: Page
    slips: tuple[Slip, ...]
    numbers: str


def entries() -> list[Entry]:
    """All pages of the corpus, in the order of its index."""
    index = tomllib.loads((FOLDER / "index.toml").read_text(encoding="utf-8"))
    return [
        Entry(
            Path(item["file"]).stem,
            read_page(FOLDER / item["file"]),
            tuple(Slip(tuple(x["claims"]), tuple(x["names"]), x["what"], x.get("arithmetic", "")) for x in item.get("slip", ())),
            item.get("numbers", "printed"),
        )
        for item in index["page"]
    ]


def gives(slip: Slip, page: Page) -> bool:
    """Whether the arithmetic of a slip gives its first number, as it is printed."""
    functions = {name: getattr(math, name) for name in ("cos", "exp", "sin", "sqrt", "tanh")}
    functions["sigmoid"] = lambda z: 1.0 / (1.0 + math.exp(-z))
    inputs = {name: x for name, x in page.inputs.items() if not isinstance(x, str)}
    printed = read_number(slip.claims[0].rpartition(" = ")[2])
    value = eval(slip.arithmetic, {"__builtins__": {}}, functions | inputs)  # our own data
    return printed.rounds(value) or printed.cuts(value) or abs(value - printed.number) <= SINGLE * abs(value)
