"""What a number is said to be: a node's, a derivative, a product along a path, an update's step, a formula of these."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from autograd_tiny.marking.training.times import timed, with_primes
from autograd_tiny.symbols.latex import latex_name


class Quantity(NamedTuple):
    """What a number is said to be.

    Attributes:
        kind: ``data`` of a node; ``derivative`` of the first node by the second; ``path``: the product of the
            derivatives of each node by the next one; ``change`` of a node from before to after the update that leads to
            it; ``formula`` of other quantities; ``whole`` array of quantities; ``number``, a decimal number in a
            formula; ``text`` that is not understood yet, since that takes the labels.
        nodes: the labels it speaks of, each with a prime for every update that comes before; none for a formula; of a
            whole array what is said of it in the names of arrays, which are no labels.
        text: a formula, with ``{0}`` in place of its first part; a number as it was printed.
        parts: the quantities in a formula; those of the entries of a whole array, row by row.
        shape: of a whole array.

    >>> str(Quantity("derivative", ("E", "w"))), str(read_quantity("E'/w'"))
    ('∂E/∂w', "∂E'/∂w'")
    """

    kind: str
    nodes: tuple[str, ...] = ()
    text: str = ""
    parts: tuple[Quantity, ...] = ()
    shape: tuple[int, ...] = ()

    def __str__(self) -> str:
        if self.kind == "whole":
            return str(self.parts[0]._replace(nodes=self.nodes))
        if self.kind == "data":
            return self.nodes[0]
        if self.kind == "change":
            return f"Δ{self.nodes[0].removesuffix(chr(39))}"
        if not self.nodes:
            return self.text.format(*self.parts) if self.parts else self.text
        return "·".join(f"∂{a}/∂{b}" for a, b in pairwise(self.nodes))

    @property
    def every(self) -> tuple[Quantity, ...]:
        """Itself, and the quantities in it."""
        return (self, *(inner for part in self.parts for inner in part.every))

    @property
    def names(self) -> tuple[str, ...]:
        """All labels that it speaks of, those of its parts too."""
        return tuple(
            dict.fromkeys(name for quantity in self.every if quantity.kind != "whole" for name in quantity.nodes)
        )

    def renamed(self, name: Callable[[str], str]) -> Quantity:
        """The same of other nodes.

        Args:
            name: gives for each label the one in its place.
        """
        nodes = tuple(map(name, self.nodes))
        return self._replace(nodes=nodes, parts=tuple([part.renamed(name) for part in self.parts]))


def latex_of(quantity: Quantity) -> str:
    r"""A quantity as LaTeX, derivatives as fractions.

    >>> print(latex_of(read_quantity("E/w1'")), latex_of(Quantity("change", ("w'",))))
    \frac{\partial E}{\partial w_{1}'} {\Delta w}
    """
    names = [latex_name(bare := name.rstrip("'")) + name[len(bare) :] for name in quantity.nodes]
    if quantity.kind == "data":
        return names[0]
    if quantity.kind == "change":
        return rf"{{\Delta {names[0].removesuffix(chr(39))}}}"
    fractions = [rf"\frac{{\partial {of}}}{{\partial {by}}}" for of, by in pairwise(names)]
    return r" \cdot ".join(fractions) or latex_name(str(quantity))


def data(label: str) -> Quantity:
    """The number of a node."""
    return Quantity("data", (label,))


def derivative(of: str, by: str) -> Quantity:
    """The derivative of one node by another."""
    return Quantity("derivative", (of, by))


def updated(label: str) -> Quantity:
    """What has this label, after one more update."""
    return data(f"{label}'")


def shifted(quantity: Quantity, time: int, sample: int = 0) -> Quantity:
    """The same after more updates, and of a sample.

    >>> str(shifted(read_quantity("E/w"), 1)), str(shifted(read_quantity("E"), 0, 2))
    ("∂E'/∂w'", 'E(2)')
    """

    def later(name: str) -> str:
        known = timed(name)
        return str(known._replace(time=known.time + time, sample=known.sample or sample))

    return quantity.renamed(later) if time or sample else quantity


_FORMULA = re.compile(r"[+*@()<>=,^×⋅÷√{}\[\]²³⁻−–ᵀ⊙∘-]|\.T\b|\S\s+\S")
"""What is in a formula and in no label that is written in a formula."""


def _is_label(text: str) -> bool:
    """Whether this can be a label with its time and sample, and needs to be read no further."""
    name = timed(text)
    base = re.sub(r"(\[\d+\])+$", "", name.base)
    return (
        not (name.beside and (not name.time or name.beside == "delta"))
        and not _FORMULA.search(base)
        and not re.match(r"[\d.Δ]", base)
    )


def read_quantity(text: str) -> Quantity:
    """``z`` a node's data, ``E/w`` a derivative, ``E/z/w`` a product along a path, ``w'`` a parameter after its update.

    A derivative may be written with its signs, too: ``∂E/∂w``, and a path as a product, ``∂E/∂z·∂z/∂w``.  Whether
    ``dE/dw`` is meant so depends on what the nodes are called, and so does what any other formula means: `understood`.

    Raises:
        ValueError: a part of it is empty, or the factors of a path do not meet.
    """
    if not isinstance(text, str):
        raise TypeError(f"a claim names nodes by their labels, as 'z' or 'E/w', got {text!r}")
    factors = [
        [label.strip().removeprefix("∂") for label in factor.split("/")] for factor in with_primes(text).split("·")
    ]
    product = len(factors) > 1 and any(len(factor) == 1 for factor in factors) and "" not in map("".join, factors)
    if product or not all(_is_label(label) for factor in factors for label in factor):
        return Quantity("text", (), with_primes(text.strip()))
    return joined(text, factors)


_PRIMED_ENTRY = re.compile(r"('+)((?:\[\d+\])+)$")  # W'[0][1] is an entry of W', and called W[0][1]'


def joined(text: str, factors: list[list[str]]) -> Quantity:
    """The quantity that these nodes give, the factors of a path one after the other; ``text`` is told in errors."""
    nodes = factors[0]
    for before, factor in pairwise(factors):
        if len(before) < 2 or len(factor) < 2 or before[-1] != factor[0]:
            raise ValueError(f"{text!r}: each derivative of a path begins with the node where the one before it ends")
        nodes = nodes + factor[1:]
    nodes = [_PRIMED_ENTRY.sub(r"\2\1", node) for node in nodes]
    if "" in nodes:
        raise ValueError(
            f"{text!r} is no quantity; write z, E/w for ∂E/∂w, E/z/w for a path, or w' for w after its update"
        )
    return Quantity({1: "data", 2: "derivative"}.get(len(nodes), "path"), tuple(nodes))
