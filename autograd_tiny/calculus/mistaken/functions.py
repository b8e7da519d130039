"""Other functions that people take for a row's: a logarithm of another base, degrees for radians, a sum for a mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from autograd_tiny.engine.row import Primitive
from autograd_tiny.engine.table import cos, log, mean, sin, tan, total

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


OTHER_FUNCTIONS: Mapping[Primitive, tuple[tuple[Primitive, str], ...]] = MappingProxyType(
    {
        log: _logarithms(10) + _logarithms(2),
        sin: _in_degrees(sin, lambda out, x: cos(DEGREE * x)),
        cos: _in_degrees(cos, lambda out, x: -sin(DEGREE * x)),
        tan: _in_degrees(tan, lambda out, x: 1.0 + out**2),
        mean: ((total, "the sum is taken for the mean"),),
        total: ((mean, "the mean is taken for the sum"),),
    }
)
"""By the row: each function that is taken for it, with its own derivative or with the row's, and how that is said."""
