"""Values of operations on floats, where Python's math module has no function that serves."""

from __future__ import annotations

import math
import operator

SQRT_HALF = math.sqrt(0.5)


class Mark(float):
    """A 0 told by `is` from all others, as plain floats cannot be on every Python; what is added to it is a float."""

    __slots__ = ()


def power(x: float, k: float) -> float:
    # 0 ** -1 is a ZeroDivisionError, as everywhere in Python.
    return 1.0 / x if x == 0.0 and k < 0.0 else math.pow(x, k)


def power_times_log(p: float, x: float) -> float:
    if x > 0.0:
        return p * math.log(x)
    if x < 0.0:
        return math.nan
    return p if p == 0.0 and x == 0.0 else p * math.log(x)


def sign(x: float) -> float:
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0 if x == 0.0 else x


def step(x: float) -> float:
    return 1.0 if x > 0.0 else 0.0 if x <= 0.0 else x


def sigmoid(x: float) -> float:
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


def relu(x: float) -> float:
    return 0.0 if x <= 0.0 else x


def leaky_relu(x: float, slope: float) -> float:
    return x if x > 0.0 else slope * x


def softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def silu(x: float) -> float:
    if x >= 0.0:
        return x / (1.0 + math.exp(-x))
    root = math.exp(0.5 * x)  # exp(x) is subnormal long before x exp(x) is
    return x * root * (root / (1.0 + root * root))


def gelu(x: float) -> float:
    return 0.5 * x * math.erfc(-x * SQRT_HALF)


def where(condition: float, x: float, y: float) -> float:
    return x if condition else y


def less(x: float, y: float) -> float:
    return 1.0 if x < y else 0.0


def greater(x: float, y: float) -> float:
    return 1.0 if x > y else 0.0


def equal(x: float, y: float) -> float:
    return 1.0 if x == y else 0.0


# Whether no operand is nan, the sum of all tells at once, unless infinities cancel in it.


def minimum(*xs: float) -> float:
    return min(xs) if (whole := sum(xs)) == whole or not any(map(math.isnan, xs)) else math.nan


def maximum(*xs: float) -> float:
    return max(xs) if (whole := sum(xs)) == whole or not any(map(math.isnan, xs)) else math.nan


def total(*xs: float) -> float:
    return math.fsum(xs)


def mean(*xs: float) -> float:
    return math.fsum(xs) / len(xs)


def dot(*operands: float) -> float:
    n = len(operands) // 2
    products = map(operator.mul, operands[:n], operands[n:])
    return sum(products, operands[-1]) if len(operands) % 2 else sum(products)


def logsumexp(*xs: float) -> float:
    largest = maximum(*xs)
    if not math.isfinite(largest):
        return largest
    # The largest term is exp(0) = 1; log1p of the others keeps their digits where they are small.
    return largest + math.log1p(math.fsum([-1.0, *[math.exp(x - largest) for x in xs]]))


def softmax(*xs: float) -> tuple[float, ...]:
    largest = max(xs)
    weights = [math.exp(x - largest) for x in xs]
    whole = math.fsum(weights)
    return tuple([w / whole for w in weights])
