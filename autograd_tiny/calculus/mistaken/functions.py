"""Other functions that people take for a row of the table: a logarithm of another base, degrees for radians, a sum for a mean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from autograd_tiny.engine.row import Primitive
from autograd_tiny.engine.table import cos, log, mean, sin, tan, total

DEGREE = math.pi / 180.0


def _logarithms(base: int) -> tuple[tuple[Primitive, str], ...]:
    """A logarithm, and the same with the derivative of the natural one, which is easier to get right."""
    c, what = 1.0 / math.log(base), f"the logarithm to base {base} is taken for ln"
    return (
        (Primitive(f"log{base}", lambda x: c * math.log(x), lambda out, x: (c / x,)), what),
        (Primitive(f"log{base}", lambda x: c * math.log(x), lambda out, x: (1.0 / x,)), f"{what}, though not in derivatives"),
    )


OTHER_FUNCTIONS: Mapping[Primitive, tuple[tuple[Primitive, str], ...]] = MappingProxyType(
    {
        log: _logarithms(10) + _logarithms(2),
        sin: (
            (Primitive("sin°", lambda x: math.sin(DEGREE * x), lambda out, x: (cos(DEGREE * x),)), "the angle of sin is taken in degrees"),
        ),
        cos: (
            (Primitive("cos°", lambda x: math.cos(DEGREE * x), lambda out, x: (-sin(DEGREE * x),)), "the angle of cos is taken in degrees"),
        ),
        tan: (
            (Primitive("tan°", lambda x: math.tan(DEGREE * x), lambda out, x: (1.0 + out**2,)), "the angle of tan is taken in degrees"),
        ),
        mean: ((total, "the sum is taken for the mean"),),
        total: ((mean, "the mean is taken for the sum"),),
    }
)
"""By the row: each function that is taken for it, with its own derivative or with the row's, and how that is said."""
