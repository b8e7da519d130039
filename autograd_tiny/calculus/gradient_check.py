"""The engine's derivatives of a Python function against differences of its values, and against each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

from autograd_tiny.arrays.containers import Container
from autograd_tiny.calculus.derivatives import check_function, grad, hessian, jvp
from autograd_tiny.calculus.numeric import (
    EPSILON,
    SURE,
    NumericDerivative,
    StepSizeCurve,
    agree,
    along,
    numeric_derivative,
)
from autograd_tiny.engine.graph import gradient, pulls, topological_order
from autograd_tiny.engine.refusals import data_of
from autograd_tiny.engine.value import Value
from autograd_tiny.text.numbers import as_number, short_number
from autograd_tiny.text.words import few

Verdict = Literal["right", "wrong", "not differentiable here", "too noisy to tell"]
FEWEST_DIGITS = 3  # a numeric derivative with fewer proves nothing


class Comparison(NamedTuple):
    """One derivative, computed in two ways.

    Attributes:
        derivative: which, as ``df/dx`` or ``d²f/dx dw[0]``.
        method: what it was compared with: ``differences`` of values, or another way through the graph.
        analytic: the engine's number.
        other: that of the other method.
        tolerance: how far they may differ: what the other method says of its own error.
        verdict: what follows.
        sides: where there is no derivative, the slopes from the left and from the right.
    """

    derivative: str
    method: str
    analytic: float
    other: float
    tolerance: float
    verdict: Verdict
    sides: tuple[float, ...] = ()

    @property
    def error(self) -> float:
        """How far the two differ, in units of the tolerance; 0 at a kink."""
        difference = 0.0 if self.sides else abs(self.analytic - self.other)
        return difference / self.tolerance if difference else 0.0

    def __str__(self) -> str:
        if self.sides:
            left, right = map(short_number, self.sides)
            beside = f"the slope is {left} to the left and {right} to the right"
        else:
            beside = f"by {self.method} it is {self.other:.12g} ± {short_number(self.tolerance, 2)}"
        return f"{self.derivative} = {self.analytic:.12g} is {self.verdict}; {beside}"


class GradientReport(NamedTuple):
    """What `check_gradient` found."""

    function: str
    comparisons: list[Comparison]

    @property
    def worst(self) -> Comparison:
        """The comparison whose numbers differ most, in units of what they may."""
        return max(self.comparisons, key=lambda c: c.error)

    @property
    def faults(self) -> list[Comparison]:
        """What is wrong or cannot be told."""
        return [c for c in self.comparisons if c.verdict in ("wrong", "too noisy to tell")]

    @property
    def kinks(self) -> list[Comparison]:
        """Where there is no derivative to compare with."""
        return [c for c in self.comparisons if c.verdict == "not differentiable here"]

    def __str__(self) -> str:
        count = len(self.comparisons)
        if notable := self.faults:
            head = f"{self.function}: {len(notable)} of {count} comparisons failed"
        elif notable := self.kinks:
            head = f"{self.function}: no fault in {count} comparisons, {len(notable)} of them at a kink"
        else:
            return f"{self.function}: no fault in {count} comparisons; the largest difference: {self.worst}"
        return "\n  ".join([head, *few(notable, 10)])


def check_gradient(f: Callable[..., Any], *args: Any, order: int = 1) -> GradientReport:
    """Check the derivatives of ``f`` at ``args``; made to be one line of a test.

    Every first derivative in reverse mode is compared with differences of values and with forward mode (`jvp`).  With
    ``order=2`` it is also compared with `gradient`, which runs the rules on nodes, and every second derivative with
    differences of the gradient.  The tolerance is not chosen: it is ten times what `numeric_derivative` says of its own
    error, and between two ways through the graph the rounding of all its paths.

    A kink, as of ``abs`` at 0, where the slopes from the left and the right differ, is no fault as long as the engine's
    number lies between the two: it is listed in the report's ``kinks``.

    The recorded value itself is compared with what ``f`` gives on plain floats, if it takes them: a function that asks
    of what kind its arguments are may compute something else when it is recorded.

    Args:
        f: gives one Value, the same each time.
        args: numbers, or containers of them (`Container`).
        order: 1 or 2.

    Raises:
        AssertionError: a derivative is wrong, the values of ``f`` are too noisy to tell, or it has another value on
            plain floats.
        TypeError: as for `grad`.
        ValueError: there is nothing to compare: no argument, no finite value, or another value each time.

    >>> from autograd_tiny import sin
    >>> report = check_gradient(lambda x, w: sin(x * w[0]) / w[1], 0.5, [1.5, 3.0], order=2)
    >>> report.worst.verdict
    'right'
    >>> check_gradient(lambda x: x * x.data, 3.0)
    Traceback (most recent call last):
    AssertionError: <lambda>: 1 of 2 comparisons failed
      df/dx = 3 is wrong; by differences it is 6 ± ...
    >>> print(check_gradient(abs, 0.0))
    abs: no fault in 2 comparisons, 1 of them at a kink
      df/dx1 = 0 is not differentiable here; the slope is -1 to the left and 1 to the right
    """
    if order not in (1, 2):
        raise ValueError(f"check_gradient: the order is 1 or 2, got {order!r}")
    check_function(f, "check_gradient")
    flat = _Flat(f, args)
    if not flat.point:
        raise ValueError(
            f"check_gradient of {flat.name}: there is no number to differentiate by; give its arguments after it"
        )
    comparisons = [*_first_order(flat), *(_second_order(flat) if order == 2 else ())]
    report = GradientReport(flat.name, comparisons)
    if report.faults:
        raise AssertionError(str(report))
    return report


def step_size_curve(f: Callable[..., Any], *args: Any, place: int = 0) -> StepSizeCurve:
    """How the error of numeric derivatives of ``f`` at ``args`` depends on the step.

    The engine's derivative is taken as the truth.

    Args:
        f: gives one Value.
        args: numbers, or containers of them.
        place: by which of the numbers, counted through all the arguments.

    >>> from autograd_tiny import exp
    >>> curve = step_size_curve(exp, 1.0)
    >>> curve.best("central")[1] < curve.best("forward")[1] < 1e-7
    True
    """
    flat = _Flat(f, args)
    analytic = flat.gradient(flat.point)
    return StepSizeCurve.of(along(flat.value, flat.point, place), flat.point[place], analytic[place])


class _Flat:
    """A function of nested arguments as one of numbers in a row."""

    def __init__(self, f: Callable[..., Any], args: Sequence[Any]) -> None:
        self.f = f
        self.name = str(getattr(f, "__name__", None) or getattr(f, "name", None) or type(f).__name__)
        self.containers = [Container(arg, name) for arg, name in zip(args, _argument_names(f, len(args)))]
        self.names = [name for container in self.containers for name in container.names()]
        self.point = [float(data_of(x)) for container in self.containers for x in container.numbers]
        self.slopes: dict[tuple[float, ...], list[float]] = {}

    def __call__(self, numbers: Sequence[Any]) -> Any:
        rest = iter(numbers)
        return self.f(*[container.rebuild([next(rest) for _ in container.numbers]) for container in self.containers])

    def value(self, *point: float) -> float:
        """The number that ``f`` gives, which needs Values, at a point."""
        return float(self([Value(x) for x in point]).data)

    def on_floats(self) -> float | None:
        """The number that ``f`` gives on plain floats; None if it does not take them."""
        try:
            return as_number(data_of(self(self.point)))
        except Exception:  # of whatever kind: a function that needs Values may fail in any way
            return None

    def gradient(self, point: Sequence[float]) -> list[float]:
        """The analytic gradient, computed once per point."""
        key = tuple(point)
        if key not in self.slopes:
            self.slopes[key] = [data_of(d) for d in grad(self)(list(point))]
        return self.slopes[key]

    def slope(self, place: int, *point: float) -> float:
        """One number of the gradient."""
        return self.gradient(point)[place]


def _first_order(flat: _Flat) -> Iterator[Comparison]:
    point = flat.point
    analytic = flat.gradient(point)
    value, again = flat.value(*point), flat.value(*point)
    if not math.isfinite(value):
        raise ValueError(f"{flat.name} is {value!r} here; a gradient can be checked only where the value is finite")
    if again != value:
        raise ValueError(
            f"{flat.name} gives {value!r} and then {again!r}; a gradient can be checked only if it always does the same"
        )
    variables = [Value(x) for x in point]
    noise, rounding = _rounding(flat(variables), variables)
    plain = flat.on_floats()
    if plain is not None and plain != value and not abs(plain - value) <= SURE * noise:
        raise AssertionError(
            f"{flat.name} is {value!r} when it is recorded, but {plain!r} on plain floats: "
            "it asks of what kind its argument is, or compares nodes where numbers are meant; "
            "compare data, as x.data == 0, or record the choice with where(equal(x, 0), ...)"
        )
    for i, name in enumerate(flat.names):
        numeric = numeric_derivative(along(flat.value, point, i), point[i], noise)
        yield _against_differences(f"df/d{name}", analytic[i], numeric, rounding[i])
        direction = [float(i == j) for j in range(len(point))]
        forward = data_of(jvp(flat, (point,), (direction,))[1])
        yield _against_engine(f"df/d{name}", "forward mode", analytic[i], forward, rounding[i])


def _second_order(flat: _Flat) -> Iterator[Comparison]:
    point, names = flat.point, flat.names
    variables = [Value(x) for x in point]
    y = flat(variables)
    slopes, second = gradient(y, variables), hessian(flat)(point)
    for i, (analytic, tolerance) in enumerate(zip(flat.gradient(point), _rounding(y, variables)[1])):
        yield _against_engine(f"df/d{names[i]}", "gradient", analytic, slopes[i].data, tolerance)
        noise, rounding = _rounding(slopes[i], variables)
        for j in range(len(point)):
            numeric = numeric_derivative(along(partial(flat.slope, i), point, j), point[j], noise)
            yield _against_differences(f"d²f/d{names[i]} d{names[j]}", data_of(second[i][j]), numeric, rounding[j])


def _against_differences(what: str, analytic: float, numeric: NumericDerivative, rounding: float) -> Comparison:
    best = numeric.best
    tolerance = SURE * best.error + rounding
    sides: tuple[float, ...] = ()
    verdict: Verdict = "right" if agree(analytic, best.value, tolerance) else "wrong"
    if numeric.has_kink:
        sides = tuple([side.value for side in (numeric.left, numeric.right) if side])
        between = min(sides) - tolerance <= analytic <= max(sides) + tolerance
        verdict = "not differentiable here" if between or not all(map(math.isfinite, sides)) else "wrong"
    elif not agree(analytic, 0.0, rounding) and tolerance > 10.0**-FEWEST_DIGITS * max(
        abs(analytic), abs(best.value), numeric.typical
    ):
        verdict = "too noisy to tell"
    return Comparison(what, "differences", analytic, best.value, tolerance, verdict, sides)


def _against_engine(what: str, method: str, analytic: float, other: float, tolerance: float) -> Comparison:
    return Comparison(
        what, method, analytic, other, tolerance, "right" if agree(analytic, other, tolerance) else "wrong"
    )


def path_sizes(root: Value) -> dict[Value, float]:
    """The derivative by each node if all terms were positive and none cancelled: rounding errors are measured by it."""
    sizes = {root: 1.0}
    for user, operand, derivative in pulls(root):
        sizes[operand] = sizes.get(operand, 0.0) + abs(derivative) * sizes[user]
    return sizes


def _rounding(y: Value, variables: Sequence[Value]) -> tuple[float, list[float]]:
    """How far rounding can move ``y`` and its derivative by each variable.

    The sum over all paths of the sizes of their products says how much of a rounding anywhere arrives at ``y``.
    """
    order = topological_order(y)
    sizes = path_sizes(y)
    roundings = 4.0 * sum(len(node.operands) for node in order)
    return EPSILON * sum(sizes[node] * abs(node.data) for node in order), [
        roundings * EPSILON * sizes.get(v, 0.0) for v in variables
    ]


def _argument_names(f: Callable[..., Any], count: int) -> list[str]:
    """The names of the parameters, where the function tells them, or ``x1`` and so on."""
    code = getattr(f, "__code__", None)
    known = code.co_varnames[hasattr(f, "__self__") : code.co_argcount] if code else ()
    return [*known, *(f"x{i + 1}" for i in range(len(known), count))][:count]
