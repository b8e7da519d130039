"""At special values every eager way of computing a row gives what ``forward`` gives, or the page says where it does not."""

import math
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from special_values import differences, listed, outcome, points, rows, same

from autograd_tiny import (
    Expression,
    Value,
    dot,
    equal,
    exp,
    gradient,
    greater,
    hypot,
    leaky_relu,
    less,
    log,
    logsumexp,
    maximum,
    minimum,
    power,
    relu,
    sigmoid,
    sign,
    silu,
    softmax,
    softplus,
    sqrt,
    step,
    total,
    where,
)
from autograd_tiny.losses import hinge

NAN, INF = math.nan, math.inf


def number(x):
    """A Value that holds any float, as a sum of infinities would."""
    v = Value(1.0)
    v.data = x
    return v


def formula(row):
    def compute(*operands):
        symbols = [Expression(f"x{i}") for i in range(len(operands))]
        return Expression.record(row, tuple(symbols)).evaluate(dict(zip(symbols, operands)))

    return compute


def recorded(row):
    return lambda *operands: Value.record(row, tuple(map(number, operands))).data


WAYS = {
    "expansion": lambda row: row.expansion,
    "stable": lambda row: None if row.stable is row.expansion else row.stable,
    "formula": formula,
    "recorded": recorded,
}


def test_every_difference_is_on_the_page_and_every_line_of_the_page_is_a_difference():
    assert differences(WAYS) == listed(WAYS)


@pytest.mark.parametrize("row", [relu, sign, step, softplus, silu, sigmoid, leaky_relu[0.2], leaky_relu[0.0]], ids=lambda row: row.name)
def test_nan_is_not_swallowed(row):
    assert math.isnan(row(NAN))
    assert math.isnan(row(number(NAN)).data)
    for way in WAYS.values():
        assert way(row) is None or math.isnan(way(row)(NAN))


@pytest.mark.parametrize("row", [maximum, minimum], ids=lambda row: row.name)
@pytest.mark.parametrize("operands", [(NAN, 1.0), (1.0, NAN), (INF, NAN), (NAN, -INF), (1.0, 2.0, NAN), (INF, -INF, NAN), (NAN,)], ids=str)
def test_no_extreme_of_nan_is_a_number(row, operands):
    assert math.isnan(row(*operands))
    leaves = [number(x) for x in operands]
    node = row(*leaves)
    assert math.isnan(node.data)
    assert all(map(math.isnan, node.local_derivatives))
    node.backward()
    assert all(math.isnan(x.grad) for x in leaves)
    assert all(math.isnan(d.data) for d in gradient(node, leaves))


def test_extremes_of_infinities_are_numbers():
    assert (maximum(INF, -INF), minimum(INF, -INF), maximum(-INF, 0.0, INF), minimum(3.0, INF)) == (INF, -INF, INF, 3.0)
    assert maximum(number(INF), number(-INF)).local_derivatives == (1.0, 0.0)


def test_a_loss_on_nan_is_no_perfect_loss():
    assert math.isnan(hinge(NAN, 1.0))
    assert math.isnan(hinge(number(NAN), 1.0).data)
    x = number(INF)
    missing = relu(x - x) + 1.0
    missing.backward()
    assert math.isnan(missing.data)
    assert math.isnan(x.grad)


@pytest.mark.parametrize("compare", [less, greater, equal], ids=lambda row: row.name)
def test_comparisons_with_nan_are_0_and_a_condition_of_nan_is_not_zero(compare):
    assert [compare(NAN, 1.0), compare(1.0, NAN), compare(NAN, NAN)] == [0.0, 0.0, 0.0]
    assert where(NAN, 3.0, 4.0) == 3.0


def test_zeros_have_the_sign_they_had():
    assert [math.copysign(1.0, f(x)) for f in (relu, sign, step) for x in (0.0, -0.0)] == [1.0] * 6


@pytest.mark.parametrize("xs", [(INF,), (INF, INF), (INF, 3.0), (-INF, INF), (-INF,), (-INF, -INF), (-INF, 2.0)], ids=str)
def test_logsumexp_of_infinities_is_their_maximum(xs):
    assert logsumexp(*xs) == max(xs)


def test_every_point_is_looked_at():
    assert {len(p) for row in rows() if row.arity is None for p in points(row)} == {1, 2, 3}
    assert same(outcome(lambda: 1.0 / 0.0, ()), "error")
    assert not same(0.0, -0.0, signed_zero=True)
    assert same(0.0, -0.0)


# A power whose exponent is a Value.


@pytest.mark.parametrize(
    ("base", "exponent", "value", "by_base", "by_exponent"),
    [
        (0.0, 2.0, 0.0, 0.0, 0.0),
        (0.0, 1.0, 0.0, 1.0, 0.0),
        (-0.0, 3.0, -0.0, 0.0, 0.0),
        (0.0, 1.5, 0.0, 0.0, 0.0),
        (-2.0, 3.0, -8.0, 12.0, NAN),
        (-2.0, -1.0, -0.5, -0.25, NAN),
        (-2.0, 0.0, 1.0, -0.0, NAN),
        (2.0, 3.0, 8.0, 12.0, 8.0 * math.log(2.0)),
    ],
)
def test_a_power_at_and_below_zero(base, exponent, value, by_base, by_exponent):
    x, y = Value(base), Value(exponent)
    out = x**y
    out.backward()
    assert same(out.data, value, signed_zero=True)
    assert same(x.grad, by_base)
    assert same(y.grad, by_exponent)
    assert same(out.data, (x**exponent).data, signed_zero=True)  # the same as with a plain number
    a, b = Expression("a"), Expression("b")
    for formula, expected in zip((a**b, *gradient(a**b, [a, b])), (value, by_base, by_exponent)):
        assert same(formula.evaluate({a: base, b: exponent}), expected)
    for d, expected in zip(gradient(out, [x, y]) if base or exponent >= 2.0 else (), (by_base, by_exponent)):
        assert same(d.data, expected)
    plain = base**y
    plain.backward()
    assert same(plain.data, value, signed_zero=True)


def test_second_derivatives_of_a_power_below_zero():
    x, y = Value(-2.0), Value(3.0)
    (slope,) = gradient(x**y, [x])
    assert [d.data for d in gradient(slope, [x])] == [-12.0]
    assert math.isnan(gradient(slope, [y])[0].data)
    b = Value(3.0)
    (slope,) = gradient(0.0**b, [b])
    assert gradient(slope, [b])[0].data == 0.0


@pytest.mark.parametrize(
    ("base", "exponent", "error", "message"),
    [
        (-2.0, 0.5, ValueError, "needs x > 0, or at 0 an exponent > 0, or below 0 a whole exponent"),
        (0.0, -1.0, ZeroDivisionError, "needs x > 0, or at 0 an exponent > 0, or below 0 a whole exponent"),
        (0.0, 0.5, ZeroDivisionError, "is 0.0, but its derivative there is not finite"),
        (0.0, 0.0, ZeroDivisionError, "is 1.0, but its derivative there is not finite"),
    ],
)
def test_a_power_that_has_no_value_or_no_derivative_is_refused(base, exponent, error, message):
    with pytest.raises(error, match=re.escape(message)):
        Value(base, "x") ** Value(exponent)


def test_no_other_number_stands_for_the_exponents_derivative_at_0_to_the_0():
    a, b = Expression("a"), Expression("b")
    with pytest.raises(ValueError, match="pow_log"):
        gradient(a**b, [b])[0].evaluate({a: 0.0, b: 0.0})


# Constants are finite.


@pytest.mark.parametrize("bad", [NAN, INF, -INF, np.float64("nan"), np.float32("inf")], ids=repr)
@pytest.mark.parametrize("make", [Value, lambda x: Expression("x")], ids=["Value", "Expression"])
def test_a_constant_that_is_not_finite_is_refused_everywhere(make, bad):
    x = make(2.0)
    uses = [
        lambda: x + bad, lambda: bad - x, lambda: bad * x, lambda: x / bad, lambda: x**bad, lambda: bad**x, lambda: power(x, bad),
        lambda: leaky_relu(x, bad), lambda: x.leaky_relu(bad), lambda: leaky_relu[bad],
        lambda: dot([x], [bad]), lambda: dot([x], [1.0], bad),
        lambda: where(x > 0, bad, x), lambda: where(x, x, bad), lambda: maximum(x, bad), lambda: softmax([x, bad]), lambda: hypot(x, bad),
        lambda: x.hypot(bad), lambda: equal(x, bad), lambda: type(x).constant(bad),
    ]  # fmt: skip
    for use in uses:
        with pytest.raises(ValueError, match="must be finite"):
            use()


def test_constants_of_families_may_be_any_plain_number():
    x = Value(-2.0)
    for slope in (0.25, np.float32(0.25), np.float64(0.25), Fraction(1, 4)):
        assert leaky_relu(x, slope).op is leaky_relu[0.25]
    for exponent in (3, np.int64(3), np.float32(3.0), Decimal(3)):
        assert power(x, exponent).op is (x**exponent).op is power[3]
    with pytest.raises(OverflowError, match="the constant of power is larger than any float"):
        power(x, 10**400)


KINDS = (np.uint8, np.int8, np.int16, np.float16, np.float32, np.longdouble, Fraction, Decimal, int, np.bool_)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("row", rows(), ids=str)
def test_a_row_computes_in_floats_whatever_kind_of_number_it_is_given(row, kind):
    """NumPy's own arithmetic would give 255 for -1 and -56 for 100 + 100, and say so in a warning at most."""
    for operands in ((1, 3, 1), (3, 1, 100), (100, 100, 3)):
        given = tuple([kind(x) for x in operands[: row.arity or 2]])
        numbers = tuple(map(float, given))
        assert same(outcome(lambda *xs: row.evaluate(xs), given), outcome(row.forward, numbers), tolerance=0.0)


@pytest.mark.parametrize("bad", [np.complex64(1 + 2j), 1j, np.timedelta64(3, "s"), "1", b"1", None, [1.0], np.ones(1)], ids=repr)
def test_a_row_refuses_what_is_no_real_number(bad):
    for call in (lambda: exp(bad), lambda: hypot(1.0, bad), lambda: softmax(bad, 1.0), lambda: total(1.0, bad)):
        with pytest.raises(TypeError, match="the operands must be numbers"):
            call()


def test_the_operand_that_is_no_number_is_counted_as_people_count():
    with pytest.raises(TypeError, match=r"^hypot\(.*: operand 2 must be a real number, got the complex"):
        hypot(1.0, 2j)


# A choice whose other branch is not defined.


def guarded_log(x):
    return where(x > 0, log(where(x > 0, x, 1)), 0.0)


def guarded_root(x):
    return where(x > 0, sqrt(where(x > 0, x, 1)), 0.0)


def guarded_reciprocal(x):
    return where(x != 0, 1.0 / where(x != 0, x, 1), 0.0)


@pytest.mark.parametrize(
    ("function", "derivative", "defined"),
    [
        (guarded_log, lambda x: 1.0 / x, lambda x: x > 0.0),
        (guarded_root, lambda x: 0.5 / math.sqrt(x), lambda x: x > 0.0),
        (guarded_reciprocal, lambda x: -1.0 / x / x, lambda x: x != 0.0),
    ],
)
@pytest.mark.parametrize("at", [0.0, -0.0, 5e-324, -5e-324, 1e-310, 2.5e-308, -2.5e-308, 1e-300, 0.5, -1.0, 1e300, INF, -INF])
def test_an_operand_made_safe_gives_the_derivative_of_the_branch_taken(function, derivative, defined, at):
    expected = derivative(at) if defined(at) else 0.0
    x = number(at)
    y = function(x)
    y.backward()
    assert same(x.grad, expected)
    assert same(y.data, function(at))
    assert same(gradient(y, [x])[0].data, expected)
    e = Expression("x")
    assert same(function(e).evaluate({e: at}), function(at))
    assert same(gradient(function(e), [e])[0].evaluate({e: at}), expected)


def test_a_branch_that_is_not_defined_is_refused_with_what_to_do():
    x = Value(-1.0, "x")
    with pytest.raises(
        ValueError, match=re.escape("needs x > 0; compute it only there, or make the operand safe first: log(where(x > 0, x, 1))")
    ):
        where(greater(x, 0), log(x), 0)
    with pytest.raises(ZeroDivisionError, match=re.escape("make the operand safe first: where(x != 0, x, 1) in its place")):
        1.0 / Value(0.0)
    with pytest.raises(ValueError, match=re.escape("sqrt(where(x > 0, x, 1))")):  # at 0 the derivative is infinite
        sqrt(-1.0)
