"""Derivatives from values alone: as good as differences can be, with their error, and as bad as a step makes them."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from autograd_tiny.text.numbers import short_number
from autograd_tiny.text.palette import DATA, GRAD

EPSILON = sys.float_info.epsilon
SHRINK, STEPS, COLUMNS = 1.6, 20, 8  # no power of 2: halved steps would repeat the same rounding and hide it
SURE = 10.0  # an estimated error may be too small itself, but not by more

Point = tuple[float, float]


class Estimate(NamedTuple):
    """A number, and how far it may be from the true one."""

    value: float
    error: float


class NumericDerivative(NamedTuple):
    """A derivative from differences, and those of one side only.

    Attributes:
        both: the estimate from both sides; None where the function is not defined on one of them.
        left: the estimate from the left alone, None where the function is not defined there, infinite where it jumps.
        right: the same from the right.
        typical: the size of a difference quotient in the middle of all.
    """

    both: Estimate | None
    left: Estimate | None
    right: Estimate | None
    typical: float

    @property
    def best(self) -> Estimate:
        """The estimate from both sides; at the edge of a domain that from the side inside."""
        return self.both or self.left or self.right or Estimate(math.nan, math.inf)

    @property
    def has_kink(self) -> bool:
        """Whether the slopes to the left and to the right differ by more than their errors, or one is infinite."""
        sides = [side for side in (self.left, self.right) if side]
        gap = sides[-1].value - sides[0].value
        return not abs(gap) <= SURE**2 * sum(side.error for side in sides)


def numeric_derivative(f: Callable[[float], float], x: float, noise: float = 0.0) -> NumericDerivative:
    """The derivative of ``f`` at ``x`` from values of ``f`` alone.

    Differences at shrinking steps, the first in proportion to ``x``, extrapolated to step 0; the neighbouring estimates
    that differ least decide, and say how far off they may be.  Source: Ridders (1982), Accurate computation of F'(x)
    and F'(x) F''(x); here the rounding of ``f`` is added to the error, and each side is looked at alone, too.

    Args:
        f: gives a float.
        x: where.
        noise: how far rounding moves the values of ``f``, if that is more than their last digit.

    Raises:
        ValueError: ``f`` can be evaluated at ``x`` only, neither above nor below.

    >>> import math
    >>> slope = numeric_derivative(math.exp, 0.0).best
    >>> abs(slope.value - 1.0) < slope.error < 1e-12
    True
    >>> numeric_derivative(abs, 0.0).has_kink
    True
    """
    here = (x, f(x))
    reach = {side: _reach(f, x, side) for side in (-1.0, 1.0)}
    inside = [side for side, h in reach.items() if h]
    if not inside:
        raise ValueError(f"no numeric derivative at {x!r}: the function is defined neither above nor below")
    first = min(reach[side] for side in inside)
    steps = [first / SHRINK**k for k in range(STEPS)]
    samples = {side: [(t, f(t)) for t in (x + side * h for h in steps) if t != x] for side in inside}
    one_sided = {side: _one_sided(points, here, noise) for side, points in samples.items()}
    both = _extrapolated(samples[1.0], samples[-1.0], noise, 2) if len(samples) == 2 else None
    quotients = sorted(abs((y - here[1]) / (t - x)) for points in samples.values() for t, y in points)
    return NumericDerivative(both, one_sided.get(-1.0), one_sided.get(1.0), quotients[len(quotients) // 2])


def agree(a: float, b: float, tolerance: float) -> bool:
    """Whether two numbers differ by no more than a tolerance.  Infinity is like no number, however large that is.

    >>> agree(1.0, 1.5, 0.5), agree(math.inf, 1.5, math.inf), agree(math.inf, math.inf, 1.0)
    (True, False, False)
    """
    return abs(a - b) <= tolerance < math.inf


def along(f: Callable[..., float], point: Sequence[float], place: int) -> Callable[[float], float]:
    """``f`` as a function of argument number ``place``, the others staying where ``point`` has them.

    >>> along(pow, (2.0, 3.0), 1)(4.0)
    16.0
    """
    before, after = point[:place], point[place + 1 :]
    return lambda x: f(*before, x, *after)


def _reach(f: Callable[[float], float], x: float, side: float) -> float:
    """The first step towards one side, small enough to stay in the domain of ``f``; 0 where there is none."""
    widest = max(abs(x), 0.2) / 21.0  # no round number: these lead to the edges of domains
    for h in (widest / 4.0**k for k in range(30)):
        with suppress(ArithmeticError, ValueError):
            if x + side * h != x and math.isfinite(f(x + side * h)):
                return h
    return 0.0


def _one_sided(points: Sequence[Point], here: Point, noise: float) -> Estimate:
    changes = [y - here[1] for _, y in points]
    last = changes[-1]
    # Towards a jump the change stays, though the step shrinks to a ten-thousandth.
    if abs(last) > max(1000.0 * noise, 1000.0 * EPSILON * abs(here[1]), 0.5 * max(map(abs, changes))):
        return Estimate(math.copysign(math.inf, last * (points[-1][0] - here[0])), 0.0)
    return _extrapolated(points, [here] * len(points), noise, 1)


def _extrapolated(points: Sequence[Point], others: Sequence[Point], noise: float, order: int) -> Estimate:
    """The limit of difference quotients whose error is a series in the step (order 1) or in its square (order 2)."""
    best = Estimate(math.nan, math.inf)
    previous: list[float] = []
    for i, ((t, y), (u, z)) in enumerate(zip(points, others)):
        row = [(y - z) / (t - u)]
        last_digit = EPSILON * max(abs(value) for _, value in (*points[i:], *others[i:]))
        rounding = 2.0 * max(noise, last_digit) / abs(t - u)
        for k, older in enumerate(previous[:COLUMNS]):
            factor = SHRINK ** (order * (k + 1))
            row.append((row[k] * factor - older) / (factor - 1.0))
            error = max(abs(row[-1] - row[-2]), abs(row[-1] - older)) + rounding
            if error <= best.error:
                best = Estimate(row[-1], error)
        previous = row
    return best


class StepSizeCurve(NamedTuple):
    """How far difference quotients are from a derivative, at each step size: the U-curve.

    Attributes:
        steps: from large to small.
        forward: the errors of (f(x + h) - f(x)) / h.
        central: the errors of (f(x + h) - f(x - h)) / 2h.
        derivative: the number that they were compared with.
    """

    steps: list[float]
    forward: list[float]
    central: list[float]
    derivative: float

    @classmethod
    def of(cls, f: Callable[[float], float], x: float, derivative: float) -> StepSizeCurve:
        """The curve of ``f`` at ``x``, four steps per decade from 1e-1 to 1e-16; nan where ``f`` is not defined.

        >>> import math
        >>> print(StepSizeCurve.of(math.exp, 1.0, math.e))
        forward differences are best at h = ...
        """
        steps = [10.0 ** (-k / 4) for k in range(4, 65)]

        def errors(quotient: Callable[[float], float]) -> list[float]:
            return [abs(_or_nan(quotient, h) - derivative) for h in steps]

        forward, central = errors(lambda h: (f(x + h) - f(x)) / h), errors(lambda h: (f(x + h) - f(x - h)) / (2.0 * h))
        return cls(steps, forward, central, derivative)

    def best(self, kind: str) -> tuple[float, float]:
        """The best step of ``"forward"`` or ``"central"`` differences, and their error there; nan if undefined."""
        known = [(h, e) for h, e in zip(self.steps, getattr(self, kind)) if not math.isnan(e)]
        return min(known, key=lambda point: point[1], default=(math.nan, math.nan))

    def __str__(self) -> str:
        return f"{self._branches('forward')}\n{self._branches('central')}"

    def _branches(self, kind: str) -> str:
        h, error = self.best(kind)
        if math.isnan(h):
            return f"{kind} differences are not defined here"
        lost = 0.1 * abs(self.derivative)  # where the smallest steps leave nothing, the error no longer grows
        points = [(s, e) for s, e in zip(self.steps, getattr(self, kind)) if 0.0 < e < lost]
        text = f"{kind} differences are best at h = {short_number(h, 1)}, with an error of {short_number(error, 1)}"
        if len(larger := [point for point in points if point[0] >= 10.0 * h]) > 3:
            text += f"; with larger steps truncation grows like h^{_growth(larger):.1f}"
        if len(smaller := [point for point in points if point[0] <= h / 10.0]) > 3:
            text += f"; with smaller steps rounding grows like 1/h^{-_growth(smaller):.1f}"
        return text

    def plot(self) -> Any:
        """Draw the curve with matplotlib; returns its ``Axes``, whose ``figure`` can be saved.

        Raises:
            ImportError: matplotlib is not installed.
        """
        try:
            from matplotlib import pyplot
        except ImportError:
            raise ImportError('the plot needs matplotlib: pip install "autograd_tiny[notebook]"') from None
        _, axes = pyplot.subplots(figsize=(7.0, 4.5), layout="constrained")
        for kind, color, marker in (("forward", GRAD, "o"), ("central", DATA, "s")):
            h, error = self.best(kind)
            label = f"{kind}: best at h = {short_number(h, 1)}, error {short_number(error, 1)}"
            axes.loglog(
                self.steps, getattr(self, kind), color=color, marker=marker, markersize=4, linewidth=1.0, label=label
            )
        axes.set(xlabel="step h", ylabel="error of the numeric derivative")
        for axis, numbers in ((axes.xaxis, self.steps), (axes.yaxis, [*self.forward, *self.central])):
            axis.set_ticks(_decades(numbers))
            axis.minorticks_off()
        for place, text, side in ((0.02, "← rounding grows", "left"), (0.98, "truncation grows →", "right")):
            axes.annotate(text, (place, 0.03), xycoords="axes fraction", horizontalalignment=side)
        axes.legend(loc="upper center")
        axes.grid(alpha=0.3)
        return axes


def _decades(numbers: Sequence[float]) -> list[float]:
    """Every second power of ten among positive numbers: ticks that no version of matplotlib chooses otherwise."""
    exponents = [math.log10(x) for x in numbers if x > 0.0 and math.isfinite(x)]
    return [10.0**k for k in range(math.ceil(min(exponents)), math.floor(max(exponents)) + 1) if k % 2 == 0]


def _growth(points: Sequence[Point]) -> float:
    """The exponent p for which error = c h^p fits best, by least squares of the logarithms."""
    xs, ys = [math.log(h) for h, _ in points], [math.log(e) for _, e in points]
    x = sum(xs) / len(xs)
    return sum((a - x) * b for a, b in zip(xs, ys)) / sum((a - x) ** 2 for a in xs)


def _or_nan(quotient: Callable[[float], float], h: float) -> float:
    try:
        return quotient(h)
    except (ArithmeticError, ValueError):
        return math.nan
