"""How far the rows of the table may be from the true number; read by the tests and by benchmarks/accuracy.py."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

EPSILON = 2.0**-52
ULPS = 4.0
SUBNORMAL, SMALLEST_NORMAL = 2.0**-1074, 2.0**-1022


class Bound(NamedTuple):
    """An error that is allowed beside `ULPS` units in the last place.

    Attributes:
        text: the bound, for people; ε is 2⁻⁵².
        allowed: the bound from the true number and the operands.
        reason: why no more digits are to be had from a readable formula.
    """

    text: str
    allowed: Callable[..., float]
    reason: str


def absolute(reason: str, epsilons: float = 1.0) -> Bound:
    """So many machine epsilons, whatever the size of the number."""
    return Bound("ε" if epsilons == 1.0 else f"{epsilons:g} ε", lambda true, *operands: epsilons * EPSILON, reason)


def _exponent_rounded(true: float, x: float, exponent: float = 0.0) -> float:
    return (ULPS + abs(math.log(abs(x) or 1.0)) * abs(exponent - 1.0)) * math.ulp(true)


def _subnormal_length(true: float, x: float, y: float) -> float:
    return SUBNORMAL / math.hypot(x, y)


def _rounded_differences(true: float, *logits: float) -> float:
    return (ULPS + 2.0 * (max(logits) - min(logits))) * math.ulp(true)


def _sum_of_products(true: float, *operands: float) -> float:
    n = len(operands) // 2
    terms = [w * x for w, x in zip(operands[:n], operands[n : 2 * n])] + list(operands[2 * n :])
    return len(terms) * EPSILON * math.fsum(map(abs, terms))


VALUES = {
    "gelu": absolute("far below 0, erfc(z) multiplies the rounding of z by 2z²"),
    "logsumexp": absolute("near 0, the largest operand and the logarithm cancel"),
    "softmax": absolute("exp(x - max) multiplies the rounding of x - max by its size"),
    "dot": Bound("n ε Σ|w x|", _sum_of_products, "the terms cancel"),
}
FIRST = {
    "tanh": absolute("1 - tanh² cancels in the tails", 2.0),
    "sigmoid": absolute("σ (1 - σ) cancels in the upper tail"),
    "softmax": absolute("p (1 - p) cancels near p = 1; else as its value"),
    "logsumexp": absolute("it is softmax"),
    "erf": absolute("exp(-x²) multiplies the rounding of x² by x²"),
    "erfc": absolute("exp(-x²) multiplies the rounding of x² by x²"),
    "gelu": absolute("as erfc; near its zero at -0.75, two terms cancel"),
    "silu": absolute("near its zero at -1.28, two terms cancel"),
    "power": Bound("4 + |ln x| ulp", _exponent_rounded, "the exponent k - 1 is rounded"),
    "pow": Bound("4 + |ln x| |y - 1| ulp", _exponent_rounded, "the exponent y - 1 is rounded"),
    "div": Bound("2⁻¹⁰⁷⁴ / |y|", lambda true, x, y: SUBNORMAL / abs(y), "x / y, which is used again, may be subnormal"),
    "hypot": Bound("2⁻¹⁰⁷⁴ / hypot(x, y)", _subnormal_length, "the length, which is divided by, may be subnormal"),
    "atan2": Bound("2⁻¹⁰⁷⁴ / hypot(x, y)", _subnormal_length, "a quotient by the length may be subnormal"),
    "atan": Bound("2⁻¹⁰²²", lambda true, x: SMALLEST_NORMAL, "x² overflows, where the derivative is subnormal"),
}
LOSSES = {
    "cross_entropy_from_logits": Bound("4 + 2 max|zᵢ - zⱼ| ulp", _rounded_differences, "the differences of the logits are rounded"),
}
SECOND = absolute("second derivatives are sums of terms that may cancel", 4.0)  # at the points of rows.json; in general more


def allowed(true: float, operands: Sequence[float], *bounds: Bound | None) -> float:
    """The largest error that is allowed for this number."""
    return max([ULPS * math.ulp(true), *(bound.allowed(true, *operands) for bound in bounds if bound)])
