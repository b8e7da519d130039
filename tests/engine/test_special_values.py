"""At special values every eager way of computing a row gives what ``forward`` gives, or the page says where it does not."""

import math

import pytest
from special_values import differences, listed, outcome, points, rows, same

from autograd_tiny import (
    Expression,
    Value,
    equal,
    gradient,
    greater,
    leaky_relu,
    less,
    logsumexp,
    maximum,
    minimum,
    relu,
    sigmoid,
    sign,
    silu,
    softplus,
    step,
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
