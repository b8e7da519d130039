"""The rows of the table in mpmath, and their derivatives from differences of the value: no derivative is written here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, NamedTuple

from mpmath import mp, mpf

DIGITS_OF_STEP = 30
FEWEST_DIGITS, MOST_DIGITS = 150, 1200
GUARD_DIGITS = 30


class Exact(NamedTuple):
    """The value of an operation, its first and its second derivatives, right to more digits than a float has."""

    value: Any
    first: list[Any]
    second: list[list[Any]]


def mpmath_function(name: str, parameter: float | None) -> Callable[..., Any]:
    """A row of the table as a function of its operands; the parameter is the constant of a family or the number of an output."""
    if name not in MPMATH:
        raise SystemExit(f"the row {name} is new: write it into MPMATH in tests/oracles/in_mpmath.py")
    function = MPMATH[name]
    return function if parameter is None else lambda *operands: function(parameter, *operands)


def derivatives(function: Callable[..., Any], point: Sequence[float], order: int = 2) -> Exact:
    """The value and the derivatives of ``function``, by central differences with steps far below the digits of a float.

    The precision is doubled until two precisions agree, to more digits than a float has, on every number, and none of the
    numbers is 0: 0 may be the difference of values that are equal as far as they were computed.  Numbers that are still 0
    with `MOST_DIGITS` are.
    """
    digits, before = FEWEST_DIGITS, None
    while True:
        with mp.workdps(digits):
            now = _differences(function, [mpf(x) for x in point], order)
            if before is not None and all(map(_agree, before, now)):
                break
        if digits >= MOST_DIGITS:
            break
        digits, before = 2 * digits, now
    n = len(point)
    pairs = now[1 + n :]
    return Exact(now[0], now[1 : 1 + n], [pairs[i * n : (i + 1) * n] for i in range(n)] if order == 2 else [])


def _agree(a: Any, b: Any) -> bool:
    return b != 0 and abs(a - b) <= abs(b) * mpf(10) ** -GUARD_DIGITS


def _differences(function: Callable[..., Any], point: Sequence[Any], order: int) -> list[Any]:
    """The value, then all first, then all second derivatives."""
    steps = [min(abs(x), 1) * mpf(10) ** -DIGITS_OF_STEP if x else mpf(10) ** -360 for x in point]
    known: dict[tuple[int, ...], Any] = {}

    def at(*moves: tuple[int, int]) -> Any:
        shift = [0] * len(point)
        for place, direction in moves:
            shift[place] += direction
        key = tuple(shift)
        if key not in known:
            known[key] = function(*[x + s * h for x, s, h in zip(point, shift, steps)])
        return known[key]

    def second(i: int, j: int) -> Any:
        return at((i, 1), (j, 1)) - at((i, 1), (j, -1)) - at((i, -1), (j, 1)) + at((i, -1), (j, -1))

    places = range(len(point))
    first = [(at((i, 1)) - at((i, -1))) / (2 * steps[i]) for i in places]
    pairs = product(places, repeat=2) if order == 2 else ()
    return [at(), *first, *[second(i, j) / (4 * steps[i] * steps[j]) for i, j in pairs]]


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def _erf(x: Any) -> Any:
    return mp.erf(x) if abs(x) < 30 else mp.sign(x)  # what is left, exp(-900), no float can hold


def _erfc(x: Any) -> Any:
    return mp.erfc(x) if abs(x) < 30 else mpf(0 if x > 0 else 2)


def _dot(*operands: Any) -> Any:
    n = len(operands) // 2
    return sum((w * x for w, x in zip(operands, operands[n : 2 * n])), sum(operands[2 * n :], mpf(0)))


MPMATH: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "neg": lambda x: -x,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "power": lambda k, x: mp.power(x, k),
    "pow": mp.power,
    "pow_log": lambda p, x: p * mp.log(x),
    "exp": mp.exp,
    "expm1": mp.expm1,
    "log": mp.log,
    "log1p": mp.log1p,
    "sqrt": mp.sqrt,
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "hypot": lambda x, y: mp.sqrt(x * x + y * y),
    "atan2": mp.atan2,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "erf": _erf,
    "erfc": _erfc,
    "sign": mp.sign,
    "step": lambda x: mpf(x > 0),
    "less": lambda x, y: mpf(x < y),
    "greater": lambda x, y: mpf(x > y),
    "equal": lambda x, y: mpf(x == y),
    "where": lambda condition, x, y: x if condition else y,
    "minimum": lambda *xs: min(xs),
    "maximum": lambda *xs: max(xs),
    "abs": abs,
    "sigmoid": _sigmoid,
    "relu": lambda x: max(x, mpf(0)),
    "leaky_relu": lambda slope, x: x if x > 0 else slope * x,
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "silu": lambda x: x * _sigmoid(x),
    "gelu": lambda x: x * _erfc(-x / mp.sqrt(2)) / 2,
    "total": lambda *xs: sum(xs),
    "mean": lambda *xs: sum(xs) / len(xs),
    "dot": _dot,
    "logsumexp": lambda *xs: mp.log(sum(mp.exp(x) for x in xs)),
    "softmax": lambda index, *xs: mp.exp(xs[index]) / sum(mp.exp(x) for x in xs),
}


def _binary_cross_entropy(targets: Sequence[float]) -> Callable[..., Any]:
    return lambda *zs: sum(t * mp.log1p(mp.exp(-z)) + (1 - t) * mp.log1p(mp.exp(z)) for z, t in zip(zs, map(mpf, targets)))


def _cross_entropy(target: int) -> Callable[..., Any]:
    return lambda *zs: mp.log1p(sum((mp.exp(z - zs[target]) for i, z in enumerate(zs) if i != target), mpf(0)))


LOSSES: dict[str, Callable[[Any], Callable[..., Any]]] = {
    "binary_cross_entropy_from_logits": _binary_cross_entropy,
    "cross_entropy_from_logits": _cross_entropy,
}
