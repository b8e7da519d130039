"""Functions on vectors of floats, written as LLVM instructions: exp, log and their kin, sine and cosine.

Errors are within two units in the last place, of tanh within three.

What is rarely needed calls the C library once per lane.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from autograd_tiny.lowering.native.emitter import Emitter, Vector


def bits_of(x: float) -> int:
    """The bits of a float, as an integer."""
    return int.from_bytes(struct.pack(">d", x), "big", signed=True)


# Adding this to a float below 2**51 in size rounds it to an integer, which then stands in the last bits.
TO_INTEGER = 1.5 * 2.0**52
LOG2_E = 1.4426950408889634
# ln 2 in two parts, of which the first has so few digits that its product with an exponent is exact.
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
# Of (log(1+s) - log(1-s)) / s - 2 in powers of s²; FreeBSD's e_log.c, Sun Microsystems (1993).
LOG_COEFFICIENTS = (
    6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01,
    1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01,
)  # fmt: skip


def polynomial(x: Vector, coefficients: Sequence[float]) -> Vector:
    """c0 + c1 x + c2 x² + ... by Horner's rule."""
    result = x * coefficients[-1] + coefficients[-2]
    for c in reversed(coefficients[:-2]):
        result = result.times_plus(x, c)
    return result


def _two_to(n: Vector) -> Vector:
    return n.integer("add", 1023).integer("shl", 52).as_floats()


def _exp_parts(x: Vector) -> tuple[Vector, Vector, Vector]:
    """p, i, j with exp(x) = (1 + p) 2**i 2**j; two powers, as their product may be no float where the result is one."""
    x = x.where("ogt", 710.0, 710.0).where("olt", -746.0, -746.0)
    shifted = x.times_plus(LOG2_E, TO_INTEGER)
    n = shifted - TO_INTEGER
    r = n.times_plus(-LN2_LOW, n.times_plus(-LN2_HIGH, x))
    p = (r * r).times_plus(polynomial(r, [1.0 / math.factorial(k) for k in range(2, 14)]), r)
    whole = shifted.as_bits().integer("sub", bits_of(TO_INTEGER))
    half = whole.integer("ashr", 1)
    return p, half, whole.integer("sub", half)


def vector_exp(x: Vector) -> Vector:
    """e to the power x."""
    p, i, j = _exp_parts(x)
    return (p + 1.0) * _two_to(i) * _two_to(j)


def vector_expm1(x: Vector) -> Vector:
    """exp(x) - 1; a zero keeps its sign."""
    return _expm1(x).where("oeq", 0.0, x, x)


def _expm1(x: Vector) -> Vector:
    """exp(x) - 1, as (p 2**i + (2**i - 2**-j)) 2**j."""
    p, i, j = _exp_parts(x)
    inverse = _two_to(x.emitter.constant(0).integer("sub", j))
    return p.times_plus(_two_to(i), _two_to(i) - inverse) * _two_to(j)


def vector_tanh(x: Vector) -> Vector:
    """Hyperbolic tangent, as t / (t + 2) with t = expm1(2 |x|)."""
    size = x.called("fabs")
    t = _expm1(size.where("ogt", 30.0, 30.0) * 2.0)
    return (t / (t + 2.0)).called("copysign", x)


def vector_log(x: Vector) -> Vector:
    """Natural logarithm: k ln 2 + log(1 + f) with 1 + f between √½ and √2."""
    bits = (x.where("olt", 2.0**-1022, x * 2.0**54)).as_bits()
    k = bits.integer("sub", bits_of(math.sqrt(0.5))).integer("ashr", 52)
    f = bits.integer("sub", k.integer("shl", 52)).as_floats() - 1.0
    exponent = k.integer("add", bits_of(TO_INTEGER)).as_floats() - TO_INTEGER
    exponent = exponent.where("olt", 2.0**-1022, exponent - 54.0, x)
    s = f / (f + 2.0)
    z = s * s
    r = z * polynomial(z, LOG_COEFFICIENTS)
    half_square = f * f * 0.5
    result = exponent * LN2_HIGH - ((half_square - (s * (half_square + r) + exponent * LN2_LOW)) - f)
    result = result.where("oeq", math.inf, math.inf, x).where("oeq", 0.0, -math.inf, x)
    return result.where("ult", 0.0, math.nan, x)


def vector_log1p(x: Vector) -> Vector:
    """log(1 + x): the logarithm of the rounded sum, corrected by what the rounding lost."""
    u = x + 1.0
    lost = (x - (u - 1.0)) / u
    lost = lost.where("oeq", math.inf, 0.0, u).where("oeq", 0.0, 0.0, u)
    return (vector_log(u) + lost).where("oeq", 0.0, x, x)  # a zero keeps its sign


# π/2 in three parts, of which the first two have 33 bits, so that their products with whole numbers below 2**19 are
# exact; the sine and the cosine less their first terms, in powers of y², on -π/4 to π/4.  FreeBSD's e_rem_pio2.c,
# k_sin.c and k_cos.c, Sun Microsystems (1993).
HALF_PI = 1.57079632673412561417, 6.07710050630396597660e-11, 2.02226624879595063154e-21
LARGEST_ANGLE = 2.0**19
SINE_COEFFICIENTS = (
    -1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04, 2.75573137070700676789e-06,
    -2.50507602534068634195e-08, 1.58969099521155010221e-10,
)  # fmt: skip
COSINE_COEFFICIENTS = (
    4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05, -2.75573143513906633035e-07,
    2.08757232129817482790e-09, -1.13596475577881948265e-11,
)  # fmt: skip


def vector_sin(x: Vector) -> Vector:
    """Sine."""
    return _circular("sin", x, 0)


def vector_cos(x: Vector) -> Vector:
    """Cosine: the sine a quarter of a turn further on."""
    return _circular("cos", x, 1)


def _circular(name: str, x: Vector, quarters: int) -> Vector:
    """The sine of x and some quarters of a turn; the C library's for an angle so large that more of π is needed."""
    e = x.emitter
    shifted = x * (2.0 / math.pi) + TO_INTEGER
    n = shifted - TO_INTEGER
    far = x - n * HALF_PI[0]
    product = n * HALF_PI[1]
    near = far - product
    y = near - (n * HALF_PI[2] - ((far - near) - product))
    square = y * y
    # A zero keeps its sign.
    sine = (square * y).times_plus(polynomial(square, SINE_COEFFICIENTS), y).where("oeq", 0.0, y, y)
    half = square * 0.5
    one = e.constant(1.0)
    whole = one - half
    cosine = whole + (((one - whole) - half) + square * square * polynomial(square, COSINE_COEFFICIENTS))
    turn = shifted.as_bits().integer("add", quarters)
    odd = turn.integer("and", 1).integer("add", bits_of(TO_INTEGER)).as_floats() - TO_INTEGER
    size = odd.compared("une", 0.0).choose(cosine, sine).as_bits()
    result = size.integer("xor", turn.integer("and", 2).integer("shl", 62)).as_floats()
    large = x.called("fabs").compared("ugt", LARGEST_ANGLE)
    with e.loop(e.any_of(large), [result]) as once:
        once.following = [large.choose(_lane_by_lane(name, [x]), once.carried[0])]
    return once.last[0]


FUNCTIONS: Mapping[str, Callable[[Vector], Vector]] = MappingProxyType(
    {"exp": vector_exp, "expm1": vector_expm1, "log": vector_log, "log1p": vector_log1p, "tanh": vector_tanh}
    | {"sin": vector_sin, "cos": vector_cos}
)
LIBRARY: Mapping[str, int] = MappingProxyType(
    dict.fromkeys(("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "erf", "erfc"), 1)
    | dict.fromkeys(("pow", "hypot", "atan2"), 2)
)


def definition(name: str, width: int) -> str:
    """The LLVM function ``@name`` on vectors of ``width`` floats."""
    emitter = Emitter(width)
    operands = [Vector(emitter, f"%x{i}") for i in range(LIBRARY.get(name, 1))]
    result = FUNCTIONS[name](*operands) if name in FUNCTIONS else _lane_by_lane(name, operands)
    declared = f"declare double @{symbol(name)}({', '.join(['double'] * len(operands))})\n" if name in LIBRARY else ""
    return declared + emitter.function(name, ", ".join([f"{emitter.floats} {x.name}" for x in operands]), result)


def _lane_by_lane(name: str, operands: Sequence[Vector]) -> Vector:
    """A function of the C library."""
    e = operands[0].emitter
    result = Vector(e, "zeroinitializer")
    for lane in range(e.width):
        given = ", ".join([f"double {x.lane(lane)}" for x in operands])
        result = result.with_lane(lane, e.let(f"call double @{symbol(name)}({given})"))
    return result


def symbol(name: str) -> str:
    """The name under which generated code finds a function of the C library."""
    return f"autograd_tiny_{name}"


def library_addresses() -> dict[str, int]:
    """Where the C library's functions lie in memory, by `symbol`."""
    import ctypes
    import ctypes.util
    import sys

    library: Any = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else ctypes.util.find_library("m"))
    return {symbol(name): ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0 for name in LIBRARY}
