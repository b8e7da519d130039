"""Checks of rows: whether a row of the table, or one of your own, tells the truth."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from itertools import islice, product

from autograd_tiny.calculus.mistaken.rules import mistaken_rules
from autograd_tiny.calculus.numeric import agree, along, numeric_derivative
from autograd_tiny.engine.graph import gradient
from autograd_tiny.engine.operators import float_form
from autograd_tiny.engine.row import MistakenRule, Primitive
from autograd_tiny.engine.value import Value
from autograd_tiny.symbols.expression import Expression


def check_primitive(
    primitive: Primitive, points: Sequence[Sequence[float]] | None = None, *, tolerance: float = 1e-7
) -> None:
    """Check a row: filled in, one derivative per operand, and each of them right.

    At every point, compares the rule on floats, on Values and on Expressions with each other and with the numeric
    derivative, the second derivatives with the numeric derivative of the rule, and the expansion, if there is one, with
    the row itself.  A commutative row must have the same value with its operands reversed.  The mistaken rules of a row
    must be wrong, and each another one.

    Args:
        primitive: a row of the table or your own; for a family one member, ``power[3]``; for softmax one output.
        points: tuples of operands to check at; taken from the row's domain if not given.
        tolerance: the largest error allowed, relative to a size of 1 or more.

    Raises:
        AssertionError: naming the row, the point and what disagrees there.

    >>> cube = Primitive("cube", lambda x: x**3, lambda out, x: (3.0 * x,), doc="x to the third power")
    >>> check_primitive(cube)
    Traceback (most recent call last):
    AssertionError: cube(-2.3): the rule gives -6.8999999999999995 for the derivative by operand 1, \
the numbers say 15.8...
    """
    for field in ("name", "doc", "symbol"):
        _check(
            bool(getattr(primitive, field)),
            f"{primitive.name or 'the row'}: the row needs a {field}; give it one, as {field}='...'",
        )
    for point in points or _sample_points(primitive):
        _check_at(primitive, tuple(float(x) for x in point), tolerance)
    _check_mistaken(
        primitive, [tuple(float(x) for x in point) for point in points or _sample_points(primitive)], tolerance
    )


def _check_at(primitive: Primitive, point: tuple[float, ...], tolerance: float) -> None:
    head = f"{primitive.name}({', '.join(f'{x:g}' for x in point)})"

    same = partial(_same, tolerance)
    try:
        out = primitive.evaluate(point)
    except (ArithmeticError, ValueError) as error:
        raise type(error)(f"{error}; give points= at which it is defined, or the row a domain=") from None
    backwards = primitive.evaluate(point[::-1]) if primitive.commutative else out
    _check(
        same(backwards, out),
        f"{head} is {out!r}, but with its operands reversed {backwards!r}, so the row is not commutative",
    )
    local = list(float_form(primitive)(out, *point))
    _check(len(local) == len(point), f"{head}: the rule gives {len(local)} derivatives for {len(point)} operands")

    values = [Value(x) for x in point]
    node = Value.record(primitive, tuple(values))
    _check(node.data == out, f"{head}: recorded as {node.data!r}, but forward gives {out!r}")
    slopes = gradient(node, values)
    symbols = [Expression("x") for _ in point]
    formula = Expression.record(primitive, tuple(symbols))
    formulas = gradient(formula, symbols)
    at = dict(zip(symbols, point))
    expanded = Value.record(primitive, tuple(values)) if primitive.expansion is None else primitive.expansion(*values)
    _check(same(expanded.data, out), f"{head} is {out!r}, but its expansion gives {expanded.data!r}")
    by_expansion = gradient(expanded, values)

    for i, d in enumerate(local):
        by = f"for the derivative by operand {i + 1}"
        numeric = numeric_derivative(along(lambda *xs: primitive.evaluate(xs), point, i), point[i]).best.value
        _check(same(d, numeric), f"{head}: the rule gives {d!r} {by}, the numbers say {numeric!r}")
        _check(same(d, slopes[i].data), f"{head}: the rule gives {d!r} on floats but {slopes[i].data!r} on Values {by}")
        written = formulas[i].evaluate(at)
        _check(same(d, written), f"{head}: the rule gives {d!r} on floats but {written!r} as a formula {by}")
        _check(
            same(d, by_expansion[i].data), f"{head}: the rule gives {d!r} {by}, its expansion {by_expansion[i].data!r}"
        )
        slope = partial(_local_derivative, primitive, i)
        for j, second in enumerate(gradient(slopes[i], values)):
            numeric = numeric_derivative(along(slope, point, j), point[j]).best.value
            by = f"for the second derivative by operands {i + 1} and {j + 1}"
            _check(
                same(second.data, numeric), f"{head}: the rule gives {second.data!r} {by}, the numbers say {numeric!r}"
            )


def _check_mistaken(primitive: Primitive, points: Sequence[tuple[float, ...]], tolerance: float) -> None:
    """Refuse a mistaken rule that gives the right derivatives at all points, or those of another one."""
    found = {"the rule itself": [_wrong(primitive, None, point) for point in points]}
    for mistaken in mistaken_rules(primitive):
        unseen = (
            f"{primitive.name}: the mistaken rule {mistaken.what!r} needs a place where it was seen; give seen='...'"
        )
        _check(bool(mistaken.seen), unseen)
        given = [_wrong(primitive, mistaken, point) for point in points]
        nowhere = (
            f"{primitive.name}: the mistaken rule {mistaken.what!r} gives nothing at any point; "
            "give points= at which it does"
        )
        _check(any(given), nowhere)
        for what, before in found.items():
            pairs = [
                (x, y) for one, other in zip(given, before) if one and other for x, y in zip(one, other, strict=True)
            ]
            differ = not pairs or not all(_same(tolerance, x, y) for x, y in pairs)
            alike = f"{primitive.name}: the mistaken rule {mistaken.what!r} gives what {what!r} gives at every point"
            _check(differ, f"{alike}; give points= at which they differ, or leave it out")
        found[mistaken.what] = given


def _same(tolerance: float, a: float, b: float) -> bool:
    return agree(a, b, tolerance * max(1.0, abs(a), abs(b)))


def _wrong(primitive: Primitive, mistaken: MistakenRule | None, point: tuple[float, ...]) -> tuple[float, ...] | None:
    """The derivatives of a mistaken rule at a point, or of the row's own; None where it has none."""
    with suppress(ArithmeticError, ValueError):
        out = primitive.evaluate(point)
        slopes = primitive.derivatives(out, point) if mistaken is None else mistaken.derivatives(primitive, out, point)
        return tuple(float(x) for x in slopes)
    return None


def _local_derivative(primitive: Primitive, place: int, *point: float) -> float:
    return float_form(primitive)(primitive.evaluate(point), *point)[place]


def _sample_points(primitive: Primitive) -> list[tuple[float, ...]]:
    """Points inside the domain; for several operands, combinations that differ in every place."""
    arity = primitive.arity or 3
    domains = [primitive.domain_of(i).points for i in range(arity)]
    rotated = [points[i % len(points) :] + points[: i % len(points)] for i, points in enumerate(domains)]
    spread = list(zip(*rotated))
    return spread + list(islice((p for p in product(*domains) if len(set(p)) == len(p)), 8))


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise AssertionError(message)
