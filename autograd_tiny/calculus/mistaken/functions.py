"""Other functions that people take for a row's: another base, degrees, a sum for a mean, times for divided by."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from autograd_tiny.engine.row import Primitive
from autograd_tiny.engine.table import cos, div, log, mean, mul, sin, tan, tanh, total

DEGREE = math.pi / 180.0


def _logarithms(base: int) -> tuple[tuple[Primitive, str], ...]:
    """A logarithm, and the same with the derivative of the natural one, which is easier to get right."""
    c, what = 1.0 / math.log(base), f"the logarithm to base {base} is taken for ln"

    def row(slope: float) -> Primitive:
        return Primitive(
            f"log{base}", lambda x: c * math.log(x), lambda out, x: (slope / x,), expansion=lambda x: c * log(x)
        )

    return (row(c), what), (row(1.0), f"{what}, though not in derivatives")


def _in_degrees(row: Primitive, slope: Callable[[Any, Any], Any]) -> tuple[tuple[Primitive, str], ...]:
    """A function of an angle, and its derivative from its output and its operand."""
    degrees = Primitive(
        f"{row.name}°",
        lambda x: row.forward(DEGREE * x),
        lambda out, x: (slope(out, x),),
        expansion=lambda x: row(DEGREE * x),
    )
    return ((degrees, f"the angle of {row.name} is taken in degrees"),)


_TANH_OF_HALF = Primitive(
    "tanh½", lambda x: math.tanh(0.5 * x), lambda out, x: (0.5 * (1.0 - out**2),), expansion=lambda x: tanh(0.5 * x)
)

OTHER_FUNCTIONS: Mapping[Primitive, tuple[tuple[Primitive, str], ...]] = MappingProxyType(
    {
        log: _logarithms(10) + _logarithms(2),
        sin: _in_degrees(sin, lambda out, x: cos(DEGREE * x)),
        cos: _in_degrees(cos, lambda out, x: -sin(DEGREE * x)),
        tan: _in_degrees(tan, lambda out, x: 1.0 + out**2),
        # As in the first example of a much-used library: https://github.com/HIPS/autograd/issues/317
        tanh: ((_TANH_OF_HALF, "e⁻ˣ is taken for e⁻²ˣ in tanh, which halves its operand"),),
        # https://github.com/MikeInnes/diff-zoo/issues/15
        div: ((mul, "it is multiplied where it should be divided"),),
        mean: ((total, "the sum is taken for the mean"),),
        total: ((mean, "the mean is taken for the sum"),),
    }
)
"""By the row: each function that is taken for it, with its own derivative or with the row's, and how that is said."""
