"""Printed numbers: what each one claims, what the engine says, and whether they agree at the printed precision.

A claim is about a recorded graph whose nodes have labels.  Its number is kept as the string that was printed, since
``0.2040`` says more than ``0.204``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from autograd_tiny.value import Value, adjoints


class Claim(NamedTuple):
    """One printed number.

    Attributes:
        kind: ``data`` of a node; ``derivative`` of the first node by the second; ``path``: the product of the derivatives
            of each node by the next one; ``updated``: a parameter after an optimizer step.
        nodes: the labels it speaks of.
        printed: the number as it stands on the page.
        section: where on the page.
    """

    kind: str
    nodes: tuple[str, ...]
    printed: str
    section: str = ""

    @property
    def quantity(self) -> str:
        """What the number is said to be, as ``∂E1/∂O_out1``."""
        if self.kind == "data":
            return self.nodes[0]
        if self.kind == "updated":
            return f"{self.nodes[0]} updated"
        return " · ".join(f"∂{a}/∂{b}" for a, b in pairwise(self.nodes))


class Comparison(NamedTuple):
    """A claim beside the engine's number."""

    claim: Claim
    value: float
    agrees: bool


KINDS = {"data": 1, "derivative": 2, "path": None, "updated": 1}  # how many labels each kind speaks of


def read_claims(path: Path) -> list[Claim]:
    """The claims in a JSON file: ``{"claims": [{"data": "h1", "printed": "0.3"}, {"derivative": ["E", "w"], ...}]}``."""
    entries = json.loads(path.read_text(encoding="utf-8"))["claims"]
    return [_claim(number, entry) for number, entry in enumerate(entries, 1)]


def _claim(number: int, entry: Mapping[str, str | list[str]]) -> Claim:
    kinds = [kind for kind in KINDS if kind in entry]
    if len(kinds) != 1 or not isinstance(entry.get("printed"), str):
        raise ValueError(f"claim {number} needs one of {', '.join(KINDS)}, and 'printed' as a string; got {dict(entry)!r}")
    (kind,) = kinds
    labels = entry[kind]
    nodes = (labels,) if isinstance(labels, str) else tuple(labels)
    if len(nodes) != KINDS[kind] and (KINDS[kind] or len(nodes) < 2):
        raise ValueError(f"claim {number}: {kind} speaks of {KINDS[kind] or 'two or more'} labels, got {labels!r}")
    printed = str(entry["printed"])
    _decimal(printed)
    return Claim(kind, nodes, printed, str(entry.get("section", "")))


def compare(claims: Sequence[Claim], nodes: Mapping[str, Value], updated: Mapping[str, float]) -> list[Comparison]:
    """The engine's number beside each claim.

    Args:
        claims: what was printed.
        nodes: the recorded nodes by label.
        updated: parameters after the optimizer step, by label.
    """

    def node(label: str) -> Value:
        if label not in nodes:
            raise ValueError(f"a claim speaks of {label!r}, but no node has that label")
        return nodes[label]

    @cache
    def derivatives(label: str) -> Mapping[Value, float]:
        return adjoints(node(label))

    def derivative(of: str, by: str) -> float:
        return derivatives(of).get(node(by), 0.0)

    engine: dict[str, Callable[..., float]] = {
        "data": lambda label: node(label).data,
        "derivative": derivative,
        "path": lambda *labels: math.prod(derivative(a, b) for a, b in pairwise(labels)),
        "updated": lambda label: updated[label],
    }
    values = [engine[claim.kind](*claim.nodes) for claim in claims]
    return [Comparison(claim, value, agrees(claim.printed, value)) for claim, value in zip(claims, values)]


def agrees(printed: str, value: float) -> bool:
    """Whether ``value`` rounds to ``printed``: it lies within half a unit of the last printed digit.

    A value on the edge counts as inside: the engine's own rounding, a few units in the last place, is allowed for.

    >>> agrees("0.938", 0.93876), agrees("0.939", 0.93876)
    (False, True)
    """
    number = _decimal(printed)
    if not math.isfinite(value):
        return False
    half_a_unit = Decimal(5).scaleb(int(number.as_tuple().exponent) - 1)
    return abs(Decimal(value) - number) <= half_a_unit + 8 * Decimal(math.ulp(value))


def round_like(printed: str, value: float) -> str:
    """``value`` with as many decimal places as ``printed``.

    >>> round_like("4.001", 3.99996)
    '4.000'
    """
    exponent = int(_decimal(printed).as_tuple().exponent)
    return f"{value:.{max(-exponent, 0)}f}"


def _decimal(printed: str) -> Decimal:
    try:
        number = Decimal(printed)
    except InvalidOperation:
        raise ValueError(f"{printed!r} is not a decimal number") from None
    if not number.is_finite():
        raise ValueError(f"{printed!r} is not a finite number")
    return number
