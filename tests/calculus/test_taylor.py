"""Derivatives of high order by Taylor series: against repeated gradients, Cauchy's formula, and closed forms."""

import cmath
import math
from random import Random

import numpy as np
import pytest
from compiled import points_of, rows_of_the_table
from random_graphs import random_program

from autograd_tiny import (
    Constant,
    Primitive,
    Value,
    atan,
    derivative,
    dot,
    exp,
    grad,
    gradient,
    log,
    logsumexp,
    relu,
    sin,
    softmax,
    sqrt,
    stop_gradient,
    tanh,
    where,
)
from autograd_tiny.calculus.taylor import derivatives_along
from autograd_tiny.engine.graph import topological_order
from autograd_tiny.lowering import compile_function


def repeated(f, order, x):
    """The derivative of f by gradients of gradients."""
    x = Value(x)
    y = f(x)
    for _ in range(order):
        (y,) = gradient(y, [x])
    return y.data


def by_cauchy(f, x, n, radius, points=512):
    """n!/(2πi) ∮ f(z) / (z - x)ⁿ⁺¹ dz on a circle, by the trapezoidal rule, which converges faster than any power."""
    angles = [2j * math.pi * k / points for k in range(points)]
    whole = sum(f(x + radius * cmath.exp(a)) * cmath.exp(-n * a) for a in angles) / points
    return math.factorial(n) * whole.real / radius**n


@pytest.mark.parametrize("x", [0.7, -1.3])
@pytest.mark.parametrize("order", [2, 5, 10, 20])
def test_high_derivatives_of_exp_sin(x, order):
    found = derivative(lambda x: exp(sin(x)), order=order)(x)
    assert found == pytest.approx(by_cauchy(lambda z: cmath.exp(cmath.sin(z)), x, order, 2.0), rel=1e-11)


@pytest.mark.parametrize(
    ("f", "z", "x", "radius"),
    [
        (tanh, cmath.tanh, 0.3, 1.0),
        (lambda x: log(1.0 + x**2) / sqrt(2.0 + x), lambda z: cmath.log(1 + z * z) / cmath.sqrt(2 + z), 0.2, 0.6),
        (lambda x: atan(x) ** 3 * x**2.5, lambda z: cmath.atan(z) ** 3 * z**2.5, 0.9, 0.6),
        (
            lambda x: softmax(x, x**2, 1.0)[1],
            lambda z: cmath.exp(z * z) / (cmath.exp(z) + cmath.exp(z * z) + cmath.e),
            0.2,
            0.7,
        ),
        (lambda x: dot([x, 2.0, x**2], [sin(x), x, x]), lambda z: z * cmath.sin(z) + 2 * z + z**3, 1.2, 2.0),
    ],
)
def test_orders_up_to_fifteen_equal_cauchys_formula(f, z, x, radius):
    for order in range(2, 16):
        expected = by_cauchy(z, x, order, radius)
        size = math.factorial(order) / radius**order
        assert derivative(f, order=order)(x) == pytest.approx(expected, rel=1e-9, abs=1e-13 * size), order


@pytest.mark.parametrize("row", list(rows_of_the_table()), ids=lambda row: row.name)
def test_every_row_equals_repeated_gradients(row):
    n, speeds = row.arity or 5, (0.7, -0.4, 1.1, 0.3, -0.9)

    def along(point):
        return lambda t: Value.record(row, tuple([x + v * t for x, v in zip(point, speeds)]))

    tried = 0
    for point in points_of(row, n)[:8]:
        try:
            expected = [repeated(along(point), order, 0.0) for order in (2, 3, 4)]
        except (ArithmeticError, ValueError):
            continue  # at an edge of the domain
        tried += 1
        for order, right in zip((2, 3, 4), expected):
            found = derivative(along(point), order=order)(0.0)
            assert found == pytest.approx(right, rel=1e-9, abs=1e-9 * max(1.0, *map(abs, expected))), (point, order)
    assert tried >= 4


@pytest.mark.parametrize("seed", range(12))
def test_random_programs_equal_repeated_gradients(seed):
    program = random_program(Random(seed))
    speeds = [Random(seed + 100).uniform(-1.0, 1.0) for _ in program.leaves]

    def along(t):
        return program(*[x + v * t for x, v in zip(program.leaves, speeds)]) + 0.0 * t

    expected = [repeated(along, order, 0.0) for order in (1, 2, 3, 4)]
    for order, right in enumerate(expected, 1):
        found = derivative(along, order=order)(0.0)
        assert found == pytest.approx(right, rel=1e-8, abs=1e-9 * max(1.0, *map(abs, expected)))


def test_terms_that_overflow_either_way_are_told():
    """In one sum, infinite terms of both signs are nan, which is as little a derivative as infinity is."""

    def f(x):
        steep = 1e200 * x
        return dot([steep, steep], [steep, -steep])

    assert derivative(f, order=1)(1e-200) == 0.0
    with pytest.raises(OverflowError, match="a derivative of order 2 is larger than any float"):
        derivative(f, order=2)(1e-200)


def test_closed_forms_of_very_high_order():
    assert derivative(exp, order=100)(0.5) == pytest.approx(math.exp(0.5), rel=1e-12)
    assert derivative(lambda x: 1.0 / x, order=100)(10.0) == pytest.approx(math.factorial(100) / 1e101, rel=1e-12)
    assert derivative(lambda x: x**7, order=7)(3.0) == 5040.0
    assert derivative(lambda x: x**7, order=8)(3.0) == 0.0
    assert derivative(exp, order=180)(0.0) == pytest.approx(1.0, rel=1e-12)  # 180! is no float
    with pytest.raises(OverflowError, match="a derivative of order 171 is larger than any float"):
        derivative(lambda x: 1.0 / x, order=180)(1.0)


def test_a_long_chain_is_no_deep_recursion():
    def chain(x):
        for _ in range(1200):
            x = x + 0.0005 * sin(x)
        return x

    assert derivative(chain, order=4)(0.3) == pytest.approx(derivative(grad(chain), order=3)(0.3), rel=1e-10)


def test_kinks_choices_and_constants_are_those_of_the_rules():
    assert derivative(lambda x: relu(x) ** 3, order=2)(2.0) == 12.0
    assert derivative(lambda x: relu(x) ** 3, order=2)(-2.0) == 0.0
    assert derivative(lambda x: where(x > 0.0, x**3, x**2) if x > 5.0 else abs(x) * x, order=2)(-3.0) == -2.0
    assert derivative(lambda x: x * stop_gradient(x) * x, order=2)(3.0) == 6.0
    assert derivative(lambda x: Constant(2.0), order=3)(1.0) == 0.0
    assert derivative(lambda x: logsumexp(x, 3.0 * x, 1.0), order=2)(0.1) == pytest.approx(
        repeated(lambda x: logsumexp(x, 3.0 * x, 1.0), 2, 0.1)
    )


def test_where_a_derivative_is_not_there_the_operation_is_named():
    assert derivative(lambda x: x**2.5, order=2)(0.0) == 0.0
    with pytest.raises(ZeroDivisionError, match=r"power\[-0\.5\]\(0\.0\)"):
        derivative(lambda x: x**2.5, order=3)(0.0)


def test_what_depends_on_values_from_outside_can_be_differentiated_by_them():
    w, x = Value(1.5), Value(0.7)
    found = derivative(lambda x: exp(w * sin(x)), order=5)(x)
    by_w, by_x = gradient(found, [w, x])
    expected = Value(0.7)
    y = exp(w * sin(expected))
    for _ in range(5):
        (y,) = gradient(y, [expected])
    right = gradient(y, [w, expected])
    assert found.data == pytest.approx(y.data, rel=1e-12)
    assert (by_w.data, by_x.data) == pytest.approx((right[0].data, right[1].data), rel=1e-12)
    assert derivative(lambda x: derivative(lambda y: exp(x * y), order=3)(0.5), order=2)(2.0) == pytest.approx(
        (6 * 2 + 6 * 0.5 * 4 + 0.25 * 8) * math.e, rel=1e-12
    )


def test_what_the_function_has_computed_is_not_computed_again():
    second = derivative(lambda x: exp(sin(x)), order=2)(Value(0.7))  # eˢ (cos² x - s), with s = sin x in both places
    rows = [node.op.name for node in topological_order(second)]
    assert (rows.count("exp"), rows.count("sin"), rows.count("cos")) == (1, 1, 1)


def test_a_compiled_function_may_hold_a_high_derivative():
    f = compile_function(lambda x: derivative(lambda x: exp(sin(x)), order=6)(x))
    values, slopes = f.value_and_grad([[0.7], [0.2]])
    np.testing.assert_allclose(values, [derivative(lambda x: exp(sin(x)), order=6)(x) for x in (0.7, 0.2)], rtol=1e-12)
    np.testing.assert_allclose(
        slopes[:, 0], [derivative(lambda x: exp(sin(x)), order=7)(x) for x in (0.7, 0.2)], rtol=1e-10
    )


def test_an_operation_of_ones_own_is_taken_by_its_rule():
    own = Primitive("own", lambda x: x**3 / 3.0, lambda out, x: (x * x,))
    assert derivative(lambda x: own(x) * x, order=3)(2.0) == pytest.approx(16.0)
    blind = Primitive("blind", math.sin, lambda out, x: (math.cos(x),))
    with pytest.raises(TypeError, match="real number"):
        derivative(lambda x: blind(x), order=2)(2.0)


def test_the_derivatives_of_what_does_not_depend_on_the_leaf():
    x, y = Value(1.0), Value(2.0)
    assert derivatives_along(y * 2.0, x, 3, lambda node: node.data) == [4.0, 0.0, 0.0, 0.0]
    assert derivatives_along(x, x, 2, lambda node: node.data) == [1.0, 1.0, 0.0]
