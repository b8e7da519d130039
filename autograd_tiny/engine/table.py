"""The table: one row says everything about one operation.

A row holds the value of an operation on floats, its local derivatives, how it is written, where it is defined.
Whatever the project does with an operation, it reads here: recording, differentiating, drawing, explaining, compiling.

A derivative rule is ordinary arithmetic, ``rule(out, *operands)``, with one result per operand.  It is run on floats
for the local derivative of a recorded node, on Values for a gradient that can be differentiated again, on Expressions
for a formula.  So a rule never branches on its operands: a branch is a row of its own (``step``, ``where``, ...).
Only ``forward``, which always sees floats, may branch.  A constant tuple in place of a rule is a linear operation.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import Any

from autograd_tiny.engine import floats
from autograd_tiny.engine.floats import SQRT_HALF
from autograd_tiny.engine.row import (
    POWER,
    PRODUCT,
    REALS,
    RELATION,
    SIGN,
    SUM,
    Domain,
    Family,
    MultiPrimitive,
    Notation,
    Primitive,
    as_it_is,
    named,
    one_or_many,
    weights_inputs_bias,
)
from autograd_tiny.text.numbers import latex_digits, plain_number, short_number

POSITIVE = Domain("{} > 0", lambda x: x > 0.0, (0.3, 0.9, 1.7, 4.2))
BASE = Domain("{} > 0, or at 0 an exponent > 0, or below 0 a whole exponent", lambda x: x > 0.0, (0.3, 0.9, 1.7, 4.2))
LOG_BASE = Domain("{} != 0, unless operand 1 is 0", lambda x: x != 0.0, (0.3, 0.9, 1.7, 4.2))
NONNEGATIVE = Domain("{} >= 0", lambda x: x >= 0.0, (0.3, 0.9, 1.7, 4.2))
NONZERO = Domain("{} != 0", lambda x: x != 0.0, (-2.3, -0.6, 0.4, 1.7))
ABOVE_MINUS_ONE = Domain("{} > -1", lambda x: x > -1.0, (-0.8, -0.2, 0.4, 1.7))
UNIT_INTERVAL = Domain("-1 <= {} <= 1", lambda x: abs(x) <= 1.0, (-0.8, -0.3, 0.2, 0.7))

# Arithmetic.
add = Primitive(
    "add", operator.add, (1.0, 1.0), symbol="+", text=Notation("{0:sum} + {1:product}", SUM),
    doc="x + y", commutative=True,
)
sub = Primitive("sub", operator.sub, (1.0, -1.0), symbol="-", text=Notation("{0:sum} - {1:product}", SUM), doc="x - y")
neg = Primitive(
    "neg", operator.neg, (-1.0,), symbol="-", text=Notation("-{0:power}", SIGN),
    latex=Notation("-{0:product}", SIGN), doc="-x",
)
mul = Primitive(
    "mul", operator.mul, lambda out, x, y: (y, x), symbol="×", doc="x times y", commutative=True,
    text=Notation("{0:product} * {1:power}", PRODUCT), latex=Notation(r"{0:product} \cdot {1:product}", PRODUCT),
)
div = Primitive(
    "div", operator.truediv, lambda out, x, y: (1.0 / y, -out / y), domain=(REALS, NONZERO), symbol="/",
    doc="x divided by y",
    text=Notation("{0:product} / {1:power}", PRODUCT), latex=Notation(r"\frac{{{0}}}{{{1}}}", PRODUCT),
)


def _power_row(k: float) -> Primitive:
    shown, written = plain_number(k), as_it_is(latex_digits(plain_number(k)))
    to_the = math.pow if k >= 0 else floats.power
    rules: dict[float, Any] = {0.0: (0.0,), 1.0: (1.0,), 2.0: lambda out, x: (2.0 * x,)}
    return Primitive(
        f"power[{shown}]", lambda x: to_the(x, k), rules.get(k, lambda out, x: (k * x ** (k - 1.0),)),
        symbol=f"^{short_number(k)}", doc=f"x to the constant power {shown}",
        text=Notation(f"{{0:atom}} ** {shown}", POWER), latex=Notation(f"{{0:atom}}^{{{{{written}}}}}", POWER),
        domain=(REALS if k >= 0 else NONZERO) if k.is_integer() else NONNEGATIVE if k >= 0 else POSITIVE,
    )


pow_ = Primitive(
    "pow", floats.power, lambda out, x, y: (y * x ** (y - 1.0), pow_log(out, x)), symbol="^", domain=(BASE, REALS),
    text=Notation("{0:atom} ** {1:power}", POWER), latex=Notation("{0:atom}^{{{1}}}", POWER),
    doc="x to the power y: for x > 0; for x = 0 where y > 0; for x < 0 where y is whole, with nan as derivative by y",
)
power = Family(
    "power", _power_row, recorded=pow_, doc="x to a constant power: power(x, 3); with a Value as exponent it is `pow`",
)
pow_log: Primitive = Primitive(
    "pow_log", floats.power_times_log, lambda out, p, x: (pow_log(where(x, 1.0, 0.0), x), p / where(x, x, 1.0)),
    domain=(REALS, LOG_BASE), symbol="× log",
    text=Notation("{0:product} * log({1})", PRODUCT), latex=Notation(r"{0:product} \cdot \ln\left({1}\right)", PRODUCT),
    doc="p log(x), the derivative of a power p of x by its exponent: 0 where both are 0, nan where x < 0",
    expansion=lambda p, x: p * log(where(absolute(p) + absolute(x), x, 1.0)),
)

# Exponentials and logarithms.
exp: Primitive = Primitive(
    "exp", math.exp, lambda out, x: (out,), latex=Notation("e^{{{0}}}", POWER), doc="e to the power x",
)
expm1 = Primitive(
    "expm1", math.expm1, lambda out, x: (exp(x),), latex=Notation("e^{{{0}}} - 1", SUM), doc="exp(x) - 1, exact near 0",
)
log: Primitive = Primitive(
    "log", math.log, lambda out, x: (1.0 / x,), domain=POSITIVE, latex=named(r"\ln"), doc="natural logarithm",
)
log1p = Primitive(
    "log1p", math.log1p, lambda out, x: (1.0 / (1.0 + x),), domain=ABOVE_MINUS_ONE,
    latex=Notation(r"\ln\left(1 + {0:product}\right)"), doc="log(1 + x), exact near 0",
)
sqrt = Primitive(
    "sqrt", math.sqrt, lambda out, x: (0.5 / out,), domain=NONNEGATIVE, latex=Notation(r"\sqrt{{{0}}}"),
    doc="square root",
)

# Trigonometric and hyperbolic functions.
sin: Primitive = Primitive("sin", math.sin, lambda out, x: (cos(x),), latex=named(r"\sin"), doc="sine of x in radians")
cos: Primitive = Primitive(
    "cos", math.cos, lambda out, x: (-sin(x),), latex=named(r"\cos"), doc="cosine of x in radians",
)
tan = Primitive("tan", math.tan, lambda out, x: (1.0 + out**2,), latex=named(r"\tan"), doc="tangent of x in radians")
asin = Primitive(
    "asin", math.asin, lambda out, x: (1.0 / sqrt((1.0 - x) * (1.0 + x)),), domain=UNIT_INTERVAL,
    latex=named(r"\arcsin"), doc="arc sine, in radians",
)
acos = Primitive(
    "acos", math.acos, lambda out, x: (-1.0 / sqrt((1.0 - x) * (1.0 + x)),), domain=UNIT_INTERVAL,
    latex=named(r"\arccos"), doc="arc cosine, in radians",
)
atan = Primitive(
    "atan", math.atan, lambda out, x: (1.0 / (1.0 + x * x),), latex=named(r"\arctan"), doc="arc tangent, in radians",
)
hypot: Primitive = Primitive(
    "hypot", math.hypot, lambda out, x, y: (x / out, y / out), commutative=True,
    latex=Notation(r"\sqrt{{{0:atom}^{{2}} + {1:atom}^{{2}}}}"),
    doc="length of the vector (x, y), without overflow on the way",
)
atan2 = Primitive(
    "atan2", math.atan2, lambda out, x, y: (y / hypot(x, y) / hypot(x, y), -x / hypot(x, y) / hypot(x, y)),
    doc="angle of the point (y, x) in radians: its height comes first",
)
sinh: Primitive = Primitive("sinh", math.sinh, lambda out, x: (cosh(x),), latex=named(r"\sinh"), doc="hyperbolic sine")
cosh: Primitive = Primitive(
    "cosh", math.cosh, lambda out, x: (sinh(x),), latex=named(r"\cosh"), doc="hyperbolic cosine",
)
tanh = Primitive("tanh", math.tanh, lambda out, x: (1.0 - out**2,), latex=named(r"\tanh"), doc="hyperbolic tangent")

# The error function.
TWO_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)
ONE_OVER_SQRT_TWO_PI = 1.0 / math.sqrt(2.0 * math.pi)
erf = Primitive("erf", math.erf, lambda out, x: (TWO_OVER_SQRT_PI * exp(-(x * x)),), doc="error function")
erfc = Primitive(
    "erfc", math.erfc, lambda out, x: (-TWO_OVER_SQRT_PI * exp(-(x * x)),), doc="1 - erf(x), exact in the upper tail",
)

# Branches.  Each is a row, so that a rule which needs one can be recorded, written down and compiled.
sign = Primitive("sign", floats.sign, (0.0,), doc="-1, 0 or 1", kink="0 at x = 0")
step = Primitive(
    "step", floats.step, (0.0,), latex=Notation(r"\left[{0:sum} > 0\right]"),
    doc="1 where x > 0, else 0", kink="0 at x = 0",
)
less = Primitive(
    "less", floats.less, (0.0, 0.0), symbol="<", text=Notation("{0:sum} < {1:sum}", RELATION),
    doc="1 where x < y, else 0", kink="0 at x = y",
)
greater = Primitive(
    "greater", floats.greater, (0.0, 0.0), symbol=">", text=Notation("{0:sum} > {1:sum}", RELATION),
    doc="1 where x > y, else 0", kink="0 at x = y",
)
equal = Primitive(
    "equal", floats.equal, (0.0, 0.0), symbol="=",
    text=Notation("{0:sum} == {1:sum}", RELATION), latex=Notation("{0:sum} = {1:sum}", RELATION),
    doc="1 where x equals y, else 0", kink="0 at x = y", commutative=True,
)
where: Primitive = Primitive(
    "where", floats.where, lambda out, condition, x, y: (0.0, where(condition, 1.0, 0.0), where(condition, 0.0, 1.0)),
    latex=Notation(r"\begin{{cases}} {1} & {0} \\ {2} & \text{{otherwise}} \end{{cases}}", RELATION),
    doc="x where the condition is not zero, else y", kink="no derivative by the condition",
)


def _shared_among_ties(out: Any, *xs: Any) -> Sequence[Any]:
    ties = [equal(x, out) for x in xs]
    count = total(*ties)
    shared = where(count, count, out)  # no operand equals nan; then the derivatives are nan, too
    return [tie / shared for tie in ties]


minimum = Primitive(
    "minimum", floats.minimum, _shared_among_ties, symbol="min", latex=named(r"\min"), arrange=one_or_many,
    doc="the smallest operand", kink="shared equally among ties", commutative=True,
)
maximum = Primitive(
    "maximum", floats.maximum, _shared_among_ties, symbol="max", latex=named(r"\max"), arrange=one_or_many,
    doc="the largest operand", kink="shared equally among ties", commutative=True,
)
absolute: Primitive = Primitive(
    "abs", abs, lambda out, x: (sign(x),), latex=Notation(r"\left|{0}\right|"), doc="absolute value", kink="0 at x = 0",
)


def _sigmoid_stable(x: Any) -> Any:
    e = exp(-absolute(x))
    return where(less(x, 0.0), e, 1.0) / (1.0 + e)


# Activations.
sigmoid = Primitive(
    "sigmoid", floats.sigmoid, lambda out, x: (out * (1.0 - out),), symbol="σ", latex=named(r"\sigma"),
    expansion=lambda x: 1.0 / (1.0 + exp(-x)), stable=_sigmoid_stable, doc="1 / (1 + exp(-x))",
)
relu = Primitive(
    "relu", floats.relu, lambda out, x: (step(x),), symbol="ReLU", latex=named(r"\mathrm{{ReLU}}"),
    expansion=lambda x: where(step(x), x, 0.0), doc="x where x > 0, else 0", kink="0 at x = 0",
)


def _leaky_relu_row(slope: float) -> Primitive:
    shown, written = plain_number(slope), as_it_is(latex_digits(plain_number(slope)))
    return Primitive(
        f"leaky_relu[{shown}]", lambda x: floats.leaky_relu(x, slope), lambda out, x: (where(step(x), 1.0, slope),),
        symbol="leaky ReLU", doc=f"x where x > 0, else {shown} x", kink=f"{shown} at x = 0",
        text=Notation(f"leaky_relu({{args}}, {shown})"),
        latex=Notation(rf"\mathrm{{{{LeakyReLU}}}}_{{{{{written}}}}}\left({{0}}\right)"),
        expansion=lambda x: where(step(x), x, slope * x),
    )


leaky_relu = Family("leaky_relu", _leaky_relu_row, default=0.01, doc="x where x > 0, else slope x: leaky_relu(x, 0.01)")
softplus = Primitive(
    "softplus", floats.softplus, lambda out, x: (sigmoid(x),), expansion=lambda x: log1p(exp(x)),
    stable=lambda x: relu(x) + log1p(exp(-absolute(x))), doc="log(1 + exp(x))",
)
silu = Primitive(
    "silu", floats.silu, lambda out, x: (sigmoid(x) + out * sigmoid(-x),), symbol="SiLU",
    expansion=lambda x: x * sigmoid(x), doc="x times sigmoid(x)",
)
gelu = Primitive(
    "gelu", floats.gelu, symbol="GELU",
    rule=lambda out, x: (0.5 * erfc(-x * SQRT_HALF) + x * (ONE_OVER_SQRT_TWO_PI * exp(-0.5 * (x * x))),),
    expansion=lambda x: 0.5 * x * (1.0 + erf(x * SQRT_HALF)), stable=lambda x: 0.5 * x * erfc(-x * SQRT_HALF),
    doc="x times the probability that a standard normal variable lies below x",
)


def _sum(terms: Sequence[Any]) -> Any:
    return reduce(operator.add, terms)


def _dot_rule(out: Any, *operands: Any) -> Sequence[Any]:
    n = len(operands) // 2
    return *operands[n : 2 * n], *operands[:n], *[1.0] * (len(operands) % 2)


def _dot_expansion(*operands: Any) -> Any:
    n = len(operands) // 2
    return _sum([w * x for w, x in zip(operands[:n], operands[n:])] + list(operands[2 * n :]))


def _dot_text(operands: Sequence[Any]) -> str:
    n = len(operands) // 2
    lists = [f"[{', '.join(map(format, factors))}]" for factors in (operands[:n], operands[n : 2 * n])]
    return f"dot({', '.join([*lists, *map(format, operands[2 * n :])])})"


def _dot_latex(operands: Sequence[Any]) -> str:
    n = len(operands) // 2
    products = [rf"{w:product} \cdot {x:product}" for w, x in zip(operands[:n], operands[n:])]
    return " + ".join(products + [f"{b:product}" for b in operands[2 * n :]])


def _logsumexp_stable(*xs: Any) -> Any:
    largest = maximum(*xs)
    ties = [equal(x, largest) for x in xs]
    others = _sum([where(tie, 0.0, exp(x - largest)) for tie, x in zip(ties, xs)])
    return largest + log1p(others + (_sum(ties) - 1.0))


def _softmax_rule(outputs: Sequence[Any], index: int) -> Sequence[Any]:
    p = outputs[index]
    return [p * (1.0 - p) if j == index else -p * q for j, q in enumerate(outputs)]


def _softmax_expansion(*xs: Any) -> Sequence[Any]:
    weights = [exp(x) for x in xs]
    whole = _sum(weights)
    return [w / whole for w in weights]


def _softmax_stable(*xs: Any) -> Sequence[Any]:
    largest = maximum(*xs)
    return _softmax_expansion(*[x - largest for x in xs])


# Any number of operands.
total = Primitive(
    "total", floats.total, lambda out, *xs: [1.0] * len(xs), symbol="Σ", arrange=one_or_many,
    latex=Notation(lambda xs: " + ".join([f"{x:product}" for x in xs]), SUM), expansion=lambda *xs: _sum(xs),
    doc="the sum, rounded once", commutative=True,
)
mean = Primitive(
    "mean", floats.mean, lambda out, *xs: [1.0 / len(xs)] * len(xs), arrange=one_or_many,
    expansion=lambda *xs: _sum(xs) / float(len(xs)), doc="the arithmetic mean", commutative=True,
)
dot = Primitive(
    "dot", floats.dot, _dot_rule, symbol="Σ w x", text=Notation(_dot_text), latex=Notation(_dot_latex, SUM),
    arrange=weights_inputs_bias, expansion=_dot_expansion,
    doc="weighted sum w1 x1 + ... + wn xn, plus a bias if one is given: dot(weights, inputs, bias)",
)
logsumexp: Primitive = Primitive(
    "logsumexp", floats.logsumexp, lambda out, *xs: softmax(*xs), arrange=one_or_many,
    expansion=lambda *xs: log(_sum([exp(x) for x in xs])), stable=_logsumexp_stable,
    doc="log(exp(x1) + ... + exp(xn)), without overflow", commutative=True,
)
softmax: MultiPrimitive = MultiPrimitive(
    "softmax", floats.softmax, lambda outputs, index, *xs: _softmax_rule(outputs, index), arrange=one_or_many,
    expansion=_softmax_expansion, sums_to=1.0, stable=_softmax_stable,
    doc="exp(x1) / (exp(x1) + ... + exp(xn)) and so on: positive numbers that sum to 1",
)

TABLE: Mapping[str, Primitive | Family | MultiPrimitive] = MappingProxyType(
    {row.name: row for row in list(globals().values()) if isinstance(row, (Primitive, Family, MultiPrimitive))}
)
