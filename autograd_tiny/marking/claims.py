"""Claims: the numbers on a page, what each is said to be, and how precisely it was printed.

A number is kept as the string that was printed, since ``0.2040`` says more than ``0.204``.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

from autograd_tiny.marking.forms.blanks import Unread, read_answer
from autograd_tiny.marking.forms.cells import is_array_text, read_cells
from autograd_tiny.marking.forms.printed import Printed, read_number
from autograd_tiny.marking.training.times import timed, with_primes
from autograd_tiny.text.excerpts import Spot


class Quantity(NamedTuple):
    """What a number is said to be.

    Attributes:
        kind: ``data`` of a node; ``derivative`` of the first node by the second; ``path``: the product of the derivatives
            of each node by the next one.
        nodes: the labels it speaks of, each with a prime for every update that comes before.

    >>> str(Quantity("derivative", ("E", "w"))), str(read_quantity("E'/w'"))
    ('∂E/∂w', "∂E'/∂w'")
    """

    kind: str
    nodes: tuple[str, ...]

    def __str__(self) -> str:
        if self.kind == "data":
            return self.nodes[0]
        return "·".join(f"∂{a}/∂{b}" for a, b in pairwise(self.nodes))


def data(label: str) -> Quantity:
    """The number of a node."""
    return Quantity("data", (label,))


def derivative(of: str, by: str) -> Quantity:
    """The derivative of one node by another."""
    return Quantity("derivative", (of, by))


def updated(label: str) -> Quantity:
    """What has this label, after one more update."""
    return data(f"{label}'")


def read_quantity(text: str) -> Quantity:
    """``z`` a node's data, ``E/w`` a derivative, ``E/z/w`` the product along a path, ``w'`` a parameter after its update.

    A derivative may be written with its signs, too: ``∂E/∂w``, and a path as a product, ``∂E/∂z·∂z/∂w``.  Whether ``dE/dw``
    is meant so depends on what the nodes are called: `without_d`.
    """
    if not isinstance(text, str):
        raise TypeError(f"a claim names nodes by their labels, as 'z' or 'E/w', got {text!r}")
    factors = [[label.strip().removeprefix("∂") for label in factor.split("/")] for factor in with_primes(text).split("·")]
    nodes = factors[0]
    for before, factor in pairwise(factors):
        if len(before) < 2 or len(factor) < 2 or before[-1] != factor[0]:
            raise ValueError(f"{text!r}: each derivative of a path begins with the node where the one before it ends")
        nodes = nodes + factor[1:]
    nodes = [_PRIMED_ENTRY.sub(r"\2\1", node) for node in nodes]
    if "" in nodes:
        raise ValueError(f"{text!r} is no quantity; write z, E/w for ∂E/∂w, E/z/w for a path, or w' for w after its update")
    return Quantity({1: "data", 2: "derivative"}.get(len(nodes), "path"), tuple(nodes))


_PRIMED_ENTRY = re.compile(r"('+)((?:\[\d+\])+)$")  # W'[0][1] is an entry of W', and called W[0][1]'


def without_d(quantity: Quantity, labels: Container[str]) -> Quantity:
    """A derivative that was written ``dE/dw``, by the labels E and w; any other quantity, and where a node is called dE, as it is.

    >>> str(without_d(read_quantity("dE/dw"), {"E", "w"})), str(without_d(read_quantity("dE/dw"), {"dE", "dw", "E", "w"}))
    ('∂E/∂w', '∂dE/∂dw')
    """
    if quantity.kind not in ("derivative", "path") or quantity.nodes[0] in labels:
        return quantity
    bare = tuple(label[1:] for label in quantity.nodes if label[0] == "d" and timed(label[1:]).base in labels)
    return quantity._replace(nodes=bare) if len(bare) == len(quantity.nodes) else quantity


class ClaimError(ValueError):
    """What is wrong with a claim.

    Attributes:
        number: which claim it is, counted from 0.
    """

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.number = number


class Grid(NamedTuple):
    """The vector or the matrix that a number is printed in.

    Attributes:
        text: what the page calls it, ``E/W``.
        quantity: what it is said to be.
        shape: as it is printed.
        place: of the number in it.
        turned: whether it is printed as the transpose of what it is called, ``W.T``.
        span: where in the line the number stands.
        line: the number of the line, so that two that print the same are two.
    """

    text: str
    quantity: Quantity
    shape: tuple[int, ...]
    place: tuple[int, ...]
    turned: bool
    span: tuple[int, int]
    line: int = 0


class Claim(NamedTuple):
    """One number on a page.

    Attributes:
        quantity: what it is said to be.
        printed: the number.
        section: where on the page it stands.
        said: what the page calls the quantity, where that is not what it is called here.
        spot: where in its file it stands, if it has one.
        grid: the vector or the matrix that it is an entry of, if it is one.
    """

    quantity: Quantity
    printed: Printed
    section: str = ""
    said: str = ""
    spot: Spot | None = None
    grid: Grid | None = None

    @property
    def called(self) -> str:
        """The quantity as it is called on the page."""
        return self.said or str(self.quantity)


def read_claim(text: str, section: str = "") -> Claim:
    """A claim as a line of text: what it is said to be, an equals sign, the number.

    >>> read_claim("E/w = -0.3010").printed.unit
    0.0001
    """
    if not isinstance(text, str):
        raise TypeError(f"a claim is a line of text, as 'z = 1.25', or a Claim; got {text!r}")
    left, equals, right = text.rpartition("=")
    if not equals:
        raise ValueError(f"{text!r} is no claim; write it as 'z = 1.25' or 'E/w = -0.301'")
    return Claim(read_quantity(left.strip()), read_answer(right.strip()), section)


def read_entries(text: str, section: str = "", line: int = 0) -> list[Claim]:
    """The claims of a line of text: one, or one for each number in a vector or a matrix, ``E/W = [[0.1, _], [0.2, 0.3]]``.

    Their entries are called by the places where they are printed; `entries.fitted` looks what these are in a graph.

    >>> [f"{claim.quantity} = {claim.printed.text}" for claim in read_entries("E/W' = [[0.1, _], [0.2, 0.3]]")]
    ["∂E/∂W[0][0]' = 0.1", "∂E/∂W[1][0]' = 0.2", "∂E/∂W[1][1]' = 0.3"]
    """
    left, _, right = text.rpartition("=") if isinstance(text, str) else ("", "", "")
    if not is_array_text(right):
        return [read_claim(text, section)]
    name, turned = _TRANSPOSED.subn(r"\1", left.strip())
    quantity = read_quantity(name)
    cells = read_cells(right)
    before = len(left) + 1
    grids = [
        Grid(left.strip(), quantity, cells.shape, cell.place, bool(turned), (before + cell.span[0], before + cell.span[1]), line)
        for cell in cells.printed
    ]
    named = [quantity._replace(nodes=(*quantity.nodes[:-1], entry_name(quantity.nodes[-1], grid.place))) for grid in grids]
    return [Claim(x, read_number(cell.text), section, grid=grid) for x, cell, grid in zip(named, cells.printed, grids)]


_TRANSPOSED = re.compile(r"(?:\.T|ᵀ)('*)$")


def entry_name(name: str, place: Iterable[int]) -> str:
    """What an entry of an array is called, ``m(W)'`` as ``m(W[0][1])'``."""
    whole = timed(name)
    return str(whole._replace(base=whole.base + "".join([f"[{i}]" for i in place])))


def read_claims(claims: Mapping[str, str] | Iterable[Claim | str]) -> list[Claim]:
    """Claims in any of the forms `mark` takes them: a mapping, lines of text, Claims themselves."""
    if isinstance(claims, Mapping):
        return [Claim(read_quantity(quantity), read_answer(printed)) for quantity, printed in claims.items()]
    if not isinstance(claims, Iterable):
        raise TypeError(f"claims are given by name, as {{'z': '1.25'}}, or as lines, 'z = 1.25'; got {claims!r}")
    if isinstance(claims, str):
        claims = [line for line in claims.splitlines() if line.strip()]
    lines = [[claim] if isinstance(claim, Claim) else read_entries(claim, line=line) for line, claim in enumerate(claims)]
    return [claim for line in lines for claim in line]


def read_input(text: str, claims: Iterable[Claim], labels: Container[str]) -> Printed:
    """An input as a page gives it: a number as it was printed, or what a claim printed, by what that speaks of.

    Of several claims about it, the one with the most decimal places counts.

    Raises:
        ValueError: the text is neither.

    >>> read_input("0.12", [], ()).unit, read_input("w'", [read_claim("w' = 0.125")], {"w"}).text
    (0.01, '0.125')
    """
    if not isinstance(text, str) or text.strip()[:1] in tuple("+-−.0123456789"):
        return read_number(text)
    quantity = without_d(read_quantity(text), labels)
    if printed := [claim.printed for claim in claims if claim.quantity == quantity and not isinstance(claim.printed, Unread)]:
        return min(printed, key=lambda x: x.unit)
    raise ValueError(f"an input is a number, got {text!r}; as text it is a printed number, '0.12', or what a claim speaks of, as w'")
