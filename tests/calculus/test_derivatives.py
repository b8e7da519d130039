"""Derivatives of functions: arrangement of the results, nesting, modes, bad input."""

import math
import re
from collections import OrderedDict, defaultdict
from itertools import pairwise
from random import Random
from typing import NamedTuple

import numpy as np
import pytest
from random_graphs import random_program

from autograd_tiny import (
    Constant,
    Expression,
    Value,
    atan2,
    cos,
    exp,
    gradient,
    log,
    logsumexp,
    maximum,
    nn,
    sin,
    softmax,
    sqrt,
    total,
    where,
)
from autograd_tiny.arrays.containers import Container
from autograd_tiny.calculus.derivatives import _Run, derivative, grad, hessian, hvp, jacobian, jvp, stop_gradient, value_and_grad, vjp

# The derivatives 1, 2, 3, 5 and 10 of exp(sin(x)), by mpmath.taylor with 60 digits.
EXP_SIN = {
    0.7: (1.4566392950360747, -0.11281116823489033, -3.419707631274328, 11.08839594102903, 7192.146737720741),
    -2.0: (-0.167626911274952, 0.4360288921384117, -0.3186705710097046, 0.061053180014190356, 79.74827641303057),
    3.25: (-0.8921841187643937, 0.9840466981356459, -0.2791458680120065, 7.391086865951429, -1600.4849921426828),
    0.0: (1.0, 1.0, 0.0, -8.0, -2951.0),
}  # fmt: skip


class Point(NamedTuple):
    x: object
    y: object


def rosenbrock(x):
    return total([100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x)])


def rosenbrock_hessian(x):
    """In closed form."""
    n = len(x)
    h = [[0.0] * n for _ in x]
    for i in range(n - 1):
        h[i][i] += 1200.0 * x[i] ** 2 - 400.0 * x[i + 1] + 2.0
        h[i + 1][i + 1] += 200.0
        h[i][i + 1] = h[i + 1][i] = -400.0 * x[i]
    return h


# Numbers.


@pytest.mark.parametrize("x", EXP_SIN)
def test_high_derivatives_equal_mpmath(x):
    for order, expected in zip((1, 2, 3, 5, 10), EXP_SIN[x]):
        assert derivative(lambda x: exp(sin(x)), order=order)(x) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert derivative(lambda x: exp(sin(x)))(x) == derivative(lambda x: exp(sin(x)), 1)(x)


def test_hessian_of_rosenbrock_equals_the_closed_form():
    rng = Random(1)
    x = [rng.uniform(-2.0, 2.0) for _ in range(20)]
    got, expected = hessian(rosenbrock)(x), rosenbrock_hessian(x)
    assert max(abs(g - e) for g_row, e_row in zip(got, expected) for g, e in zip(g_row, e_row)) < 1e-10
    v = [rng.uniform(-1.0, 1.0) for _ in x]
    products = [math.fsum(h * t for h, t in zip(row, v)) for row in expected]
    assert hvp(rosenbrock)(x, v) == pytest.approx(products, rel=1e-12)


def test_modes_and_nestings_agree_on_random_graphs():
    for seed in range(60):
        program = random_program(Random(seed), most_steps=6)
        x = list(program.leaves)

        def f(x, program=program):
            return program(*x) + 0.0 * x[0]  # the last step may use constants only

        def both(x):
            return [f(x), *x, f(x) * 2.0]  # more outputs than inputs: forward mode

        g = grad(f)(x)
        h = hessian(f)(x)
        size = 1.0 + max(map(abs, g)) + max(abs(e) for row in h for e in row)
        close = {"rel": 1e-10, "abs": 1e-10 * size}
        assert jacobian(both)(x)[0] == pytest.approx(g, **close)
        for i, row in enumerate(h):
            direction = [float(i == j) for j in range(len(x))]
            assert jvp(f, (x,), (direction,))[1] == pytest.approx(g[i], **close)
            assert hvp(f)(x, direction) == pytest.approx(row, **close)
            assert jvp(grad(f), (x,), (direction,))[1] == pytest.approx(row, **close)
            # grad of jvp: the rules run forward on Values
            assert grad(lambda x, d=direction: jvp(f, (x,), (d,))[1])(x) == pytest.approx(row, **close)


def test_forward_and_reverse_are_transposes():
    def f(x, y):
        return {"a": [x[0] * y, sin(x[1])], "b": atan2(y, x[0] + x[1])}

    primals, tangents = ([1.0, 2.0], 3.0), ([0.3, -0.7], 1.1)
    outputs, pushed = jvp(f, primals, tangents)
    again, pull_back = vjp(f, *primals)
    weights = {"a": [2.0, -1.0], "b": 0.25}
    pulled = pull_back(weights)
    assert outputs == again
    forward = total([p * w for p, w in zip(Container(pushed, "").numbers, Container(weights, "").numbers)])
    reverse = total([p * t for p, t in zip(Container(pulled, "").numbers, Container(tangents, "").numbers)])
    assert forward == pytest.approx(reverse, rel=1e-14)


def test_the_jacobian_takes_the_mode_with_fewer_sweeps(monkeypatch):
    sweeps = []

    def counted(name):
        sweep = getattr(_Run, name)
        monkeypatch.setattr(_Run, name, lambda *args: sweeps.append(name) or sweep(*args))

    counted("gradient")
    counted("push_forward")
    assert jacobian(lambda x: [x[0] * x[1] * i for i in range(5)])([2.0, 3.0])[2] == [6.0, 4.0]
    assert sweeps == ["push_forward"] * 2
    sweeps.clear()
    assert jacobian(lambda x: [x[0] * x[1], x[4]])([2.0, 3.0, 0.0, 0.0, 0.0])[0] == [3.0, 2.0, 0.0, 0.0, 0.0]
    assert sweeps == ["gradient"] * 2


def test_operations_with_several_outputs_in_all_modes():
    x = [0.3, -1.0, 2.0]
    p = softmax(*x)
    expected = [[p[i] * ((i == j) - p[j]) for j in range(3)] for i in range(3)]
    eye = [[float(i == j) for j in range(3)] for i in range(3)]
    for f in (lambda x: list(softmax(x)), grad(logsumexp), lambda x: [jvp(logsumexp, (x,), (e,))[1] for e in eye]):
        assert [pytest.approx(row, rel=1e-13) for row in expected] == jacobian(f)(x)
    columns = [jvp(lambda x: softmax(x), (x,), (e,))[1] for e in eye]
    assert [pytest.approx(row, rel=1e-13) for row in zip(*columns)] == [tuple(row) for row in expected]
    forward_over_forward = jvp(lambda x: jvp(lambda x: softmax(x), (x,), (eye[0],))[1][0], (x,), (eye[1],))[1]
    assert forward_over_forward == pytest.approx(p[0] * p[1] * (2.0 * p[0] - 1.0), rel=1e-12)


def test_a_derivative_that_gradient_refuses_but_the_record_has():
    assert grad(lambda x: x**1.5)(0.0) == 0.0


def test_f_runs_once():
    calls = []

    def f(x):
        calls.append(x)
        return [x[0] * x[1], x[0], x[1] ** 3]

    jacobian(f)([2.0, 3.0])
    jvp(f, ([2.0, 3.0],), ([1.0, 0.0],))
    _, pull_back = vjp(f, [2.0, 3.0])
    pull_back([1.0, 0.0, 0.0])
    pull_back([0.0, 1.0, 0.0])
    hessian(lambda x: total(f(x)))([2.0, 3.0])
    assert len(calls) == 4


# Perturbation confusion: an inner derivative by y must not see, or hide, an outer one by x.


def test_the_classics():
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0  # Siskind and Pearlmutter's; confused engines say 2
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0) == 6.0
    assert jvp(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1], (1.0,), (1.0,))[1] == 1.0
    assert jvp(lambda x: x * jvp(lambda y: x * y, (2.0,), (1.0,))[1], (3.0,), (1.0,))[1] == 6.0
    assert grad(lambda x: x * jvp(lambda y: x * y, (2.0,), (1.0,))[1])(3.0) == 6.0
    assert jvp(lambda x: x * grad(lambda y: x * y)(2.0), (3.0,), (1.0,))[1] == 6.0


def test_the_inner_derivative_at_the_outer_variable_itself():
    assert grad(lambda x: x * grad(lambda y: x + y)(x))(1.0) == 1.0
    assert grad(lambda x: grad(lambda y: x * y)(x))(3.0) == 1.0
    assert grad(lambda x: grad(lambda y: x * y**2)(x))(3.0) == 12.0  # d/dx (2 x x)
    assert grad(lambda x: jvp(lambda y: x * y**2, (x,), (1.0,))[1])(3.0) == 12.0
    assert grad(lambda x: jvp(lambda y: x * y**2, (2.0,), (x,))[1])(3.0) == 24.0  # d/dx (4 x x)
    assert grad(lambda x: vjp(lambda y: x * y**2, x)[1](x)[0])(3.0) == 54.0  # d/dx (2 x x x)
    assert hessian(lambda x: grad(lambda y: x * y**3)(x))(2.0) == 36.0  # d²/dx² (3 x³)


def test_one_value_as_two_arguments_is_two_variables():
    x = Value(3.0)
    by_first, by_second = grad(lambda a, b: a * b**2, (0, 1))(x, x)
    assert (by_first.data, by_second.data) == (9.0, 18.0)
    assert gradient(by_second, [x])[0].data == 12.0
    assert [d.data for d in grad(lambda v: v[0] ** 2 * v[1])([x, x])] == [18.0, 9.0]


def test_three_levels():
    def f(x, y, z):
        return sin(x * y) * exp(z * x) + y**3 * z

    def nested(x):
        return grad(lambda y: grad(lambda z: f(x, y, z))(y))(x)

    h = 1e-5
    numeric = (nested(0.4 + h) - nested(0.4 - h)) / (2 * h)
    assert grad(nested)(0.4) == pytest.approx(numeric, rel=1e-8)


def test_gradient_descent_that_is_differentiated():
    """x after n steps on (x - a)² / 2 from 0 is a (1 - (1 - r)ⁿ); differentiated by a, and twice by the rate r."""

    def descent(a, rate, steps=7):
        x = 0.0
        for _ in range(steps):
            x = x - rate * grad(lambda x: 0.5 * (x - a) ** 2)(x)
        return x

    assert grad(descent)(2.0, 0.3) == pytest.approx(1.0 - 0.7**7, rel=1e-14)
    assert hessian(descent, 1)(2.0, 0.3) == pytest.approx(-2.0 * 7 * 6 * 0.7**5, rel=1e-13)


# What comes out.


def test_results_are_arranged_as_the_arguments():
    def f(p):
        return p["w"][0] * p["w"][1].x + p["b"] * p["w"][1].y

    p = {"w": [2, Point(3.0, 4.0)], "b": 5.0}
    assert grad(f)(p) == {"w": [3.0, Point(2.0, 5.0)], "b": 4.0}
    assert type(grad(f)(p)["w"][1]) is Point
    assert list(grad(f)(p)) == ["w", "b"]
    assert hessian(f)(p)["b"] == {"w": [0.0, Point(0.0, 1.0)], "b": 0.0}
    assert value_and_grad(f)(p)[0] == 26.0
    for kind in (OrderedDict, defaultdict):
        given = kind(int, a=1.0) if kind is defaultdict else kind(a=1.0)
        assert type(grad(lambda d: d["a"] ** 2)(given)) is kind
    assert grad(lambda x: Constant(1.0))([]) == []
    assert type(grad(lambda x: Constant(1.0))(2.0)) is float


def test_jacobian_shapes():
    assert jacobian(lambda x: x**2)(3.0) == 6.0
    assert jacobian(lambda x: [x, x**2])(3.0) == [1.0, 6.0]
    assert jacobian(lambda x: x[0] * x[1])([2.0, 3.0]) == [3.0, 2.0]
    assert jacobian(lambda x: (x[0], {"a": x[1]}))([2.0, 3.0]) == ([1.0, 0.0], {"a": [0.0, 1.0]})
    assert jacobian(lambda x, y: [x * y, x], (0, 1))(2.0, 3.0) == [(3.0, 2.0), (1.0, 0.0)]
    assert jacobian(lambda x: [])([2.0]) == []
    assert hessian(lambda x, y: x * y**2, (0, 1))(2.0, 3.0) == ((0.0, 6.0), (6.0, 4.0))


def test_keys_may_come_in_any_order():
    assert jvp(lambda p: p["a"] * p["b"], ({"a": 2.0, "b": 3.0},), ({"b": 10.0, "a": 1.0},)) == (6.0, 23.0)


def test_other_arguments_are_passed_on_as_they_are():
    def f(name, x, *, options):
        assert name == "f"
        return x * len(options)

    assert grad(f, 1)("f", 2.0, options=[1, 2]) == 2.0
    assert hvp(lambda x, a, b: a * x**b)(2.0, 1.0, 3.0, b=3) == 36.0


def test_values_in_values_out():
    x = Value(2.0, "x")
    d = grad(lambda x: x**3)(x)
    assert isinstance(d, Value)
    assert d.data == 12.0
    d.backward()
    assert x.grad == 12.0
    assert isinstance(grad(lambda x: Value(1.0))(x), Value)
    assert isinstance(derivative(sin, 0)(x), Value)
    value, tangent = jvp(sin, (2.0,), (x,))
    assert type(value) is float
    assert gradient(tangent, [x])[0].data == math.cos(2.0)
    _, tangents = jvp(lambda x, y: [x * y, y * y], (2.0, 3.0), (x, 0.0))
    assert [t.data for t in tangents] == [6.0, 0.0]
    weight = Value(3.0)
    (pulled,) = vjp(sin, 2.0)[1](weight)
    assert gradient(pulled, [weight])[0].data == math.cos(2.0)


def test_results_that_depend_on_values_from_outside_are_values():
    w = Value(3.0)
    d = grad(lambda x: w * x**2)(5.0)
    assert gradient(d, [w])[0].data == 10.0
    rows = jacobian(lambda x: [x, w * x, x])(5.0)
    assert [isinstance(r, Value) for r in rows] == [True] * 3
    _, tangent = jvp(lambda x: w * x, (5.0,), (1.0,))
    assert gradient(tangent, [w])[0].data == 1.0
    assert isinstance(grad(lambda x: w)(5.0), Value)
    assert type(grad(lambda x: 3.0 * x**2)(5.0)) is float


def test_a_model_gives_a_model_of_derivatives():
    model = nn.MLP([2, 3, 1], ["tanh", "linear"], rng=Random(0))
    before = model.state_dict()

    def loss(model):
        return (model([0.5, -1.0])[0] - 2.0) ** 2

    gradients = grad(loss)(model)
    loss(model).backward()
    expected = {name: p.grad for name, p in model.named_parameters().items()}
    assert {name: d.data for name, d in gradients.named_parameters().items()} == pytest.approx(expected)
    assert model.state_dict() == before
    with pytest.raises(TypeError, match="argument 0: this MLP has no Values as parameters"):
        grad(loss)(model.frozen())


def test_formulas_in_formulas_out():
    x = Expression("x")
    assert grad(lambda x: x * sin(x))(x).evaluate({x: 2.0}) == pytest.approx(math.sin(2.0) + 2.0 * math.cos(2.0))
    assert jvp(lambda x: x**3, (x,), (1.0,))[1].evaluate({x: 2.0}) == 12.0


def test_a_function_may_branch_on_data():
    def f(x):
        return x**2 if x > 0.0 else -x

    assert (grad(f)(3.0), grad(f)(-3.0)) == (6.0, -1.0)

    def newton(a):
        x = a
        while abs((x * x - a).data) > 1e-12:
            x = 0.5 * (x + a / x)
        return x

    assert grad(newton)(2.0) == pytest.approx(0.5 / math.sqrt(2.0), rel=1e-12)
    assert grad(lambda x: where(x > 1.0, x, maximum(x, 0.0)) * sqrt(x))(4.0) == 3.0


def test_stop_gradient():
    assert grad(lambda x: x * stop_gradient(x))(3.0) == 3.0
    assert derivative(lambda x: x * stop_gradient(x**2), 2)(3.0) == 0.0
    assert jvp(lambda x: x * stop_gradient(x), (3.0,), (1.0,)) == (9.0, 3.0)
    assert stop_gradient({"a": [1, 2.0]}) == {"a": [1.0, 2.0]}
    x = Value(3.0)
    (y,) = stop_gradient([x])
    (x * y).backward()
    assert x.grad == 3.0
    formula = Expression("x")
    assert str(gradient(formula * stop_gradient(formula), [formula])[0]) == "stop_gradient(x)"


def test_rows_are_functions_like_others():
    assert grad(exp)(0.0) == 1.0
    assert hessian(logsumexp)([0.0, 0.0]) == [[0.25, -0.25], [-0.25, 0.25]]
    assert [d.data for d in grad(atan2, (0, 1))(Value(1.0), 1.0)] == pytest.approx([0.5, -0.5])


# What is refused, and what is left behind.


@pytest.mark.parametrize(
    ("returned", "complaint"),
    [
        (lambda x: 3.0, r"the result of f is the float 3.0 where a Value is needed; .* A constant is returned as Constant\(3.0\)"),
        (lambda x: x.data, "the result of f is the float 2.0 where a Value is needed; was it computed from .data"),
        (lambda x: None, "f returned None where a Value is needed; is its return statement missing"),
        (lambda x: [x, x], r"the result of f must be one Value, got the list \[.*jacobian"),
        (lambda x: "no", "the result of f is the str 'no' where a number is needed"),
        (lambda x: [x, "no"], r"the result of f\[1\] is the str 'no'"),
    ],
)
def test_functions_that_give_no_value(returned, complaint):
    def f(x):
        return returned(x)

    for transform in (grad, value_and_grad, derivative, hessian):
        with pytest.raises(TypeError, match=complaint):
            transform(f)(2.0)


def test_outputs_that_are_no_values():
    with pytest.raises(TypeError, match=r"the result of <lambda>\['b'\]\[1\] is the float 1.0 where"):
        jacobian(lambda x: {"a": x, "b": [x, 1.0]})(2.0)
    with pytest.raises(TypeError, match=r"the result of <lambda>\[0\] is the float 1.0 where"):
        vjp(lambda x: [1.0], 2.0)
    with pytest.raises(TypeError, match="returned None"):
        jvp(lambda x: None, (2.0,), (1.0,))


@pytest.mark.parametrize(
    ("argument", "error", "complaint"),
    [
        ([1.0, [2.0, {"w": "3"}]], TypeError, r"argument 1\[1\]\[1\]\['w'\] is the str '3' where a number is needed, or a list"),
        (None, TypeError, "argument 1 is the NoneType None"),
        (1j, TypeError, "argument 1 is the complex 1j"),
        ({1.0, 2.0}, TypeError, "argument 1 is the set"),
        ([math.nan], ValueError, r"argument 1\[0\]: .* must be finite, got nan"),
        ([2**53 + 1], ValueError, r"argument 1\[0\]: .* no float equals 9007199254740993"),
        ([10**400], OverflowError, r"argument 1\[0\]: .* larger than any float"),
    ],
)
def test_arguments_that_are_no_numbers(argument, error, complaint):
    with pytest.raises(error, match=complaint):
        grad(lambda a, x: a * x, 1)(1.0, argument)


def test_ints_are_floats():
    d = grad(lambda x: x / 2)(3)
    assert (d, type(d)) == (0.5, float)
    assert hessian(lambda x: x[0] ** 3)([2]) == [[12.0]]


def test_arguments_of_wrong_structure():
    with pytest.raises(ValueError, match=r"tangents must be arranged as primals, but there is no tangents\[0\]\[1\] for primals\[0\]\[1\]"):
        jvp(lambda x: x[0], ([1.0, 2.0],), ([1.0],))
    with pytest.raises(ValueError, match=r"there is no primals\[0\]\['b'\] for tangents\[0\]\['b'\]"):
        jvp(lambda x: x["a"], ({"a": 1.0},), ({"a": 1.0, "b": 1.0},))
    with pytest.raises(ValueError, match=r"there is no primals\[0\]\['b'\] for tangents"):
        jvp(lambda x: x["a"], ({"a": 1.0},), ({"b": 1.0},))
    with pytest.raises(ValueError, match="cotangents must be arranged as the result of <lambda>"):
        vjp(lambda x: [x, x], 1.0)[1]([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="arranged as"):
        hvp(rosenbrock)([1.0, 2.0], 1.0)
    with pytest.raises(ValueError, match="<lambda> was called with 1 arguments, and argnums is 1: it must be the place"):
        grad(lambda x: x, 1)(2.0)
    for argnums in ((0, -1), 2.0, "x", -1, None, [0, 0]):
        with pytest.raises(ValueError, match=f"argnums is {re.escape(repr(argnums))}: it must be the place of an argument"):
            grad(lambda x: x, argnums)(2.0)
    with pytest.raises(TypeError, match="derivative of <lambda>: its first argument must be a number, got a list; use grad"):
        derivative(lambda x: x[0])([2.0])
    with pytest.raises(ValueError, match="the order is a whole number from 0 up, got -1"):
        derivative(sin, -1)


def test_a_copy_belongs_to_its_graph_again_when_f_has_failed():
    seen = []

    def f(x):
        seen.append(x)
        assert x.op is None  # a leaf, so that no walk goes on to what the argument was computed from
        return log(x - 5.0)

    x = Value(2.0)
    with pytest.raises(ValueError, match="log"):
        grad(f)(x)
    (seen[0] * 3.0).backward()
    assert x.grad == 3.0


def test_nothing_is_written_to_grad():
    x, w = Value(2.0), Value(3.0)
    hessian(lambda x: w * x**3 + cos(x))(x)
    jvp(lambda x: w * x**3, (x,), (1.0,))
    assert (x.grad, w.grad) == (0.0, 0.0)


def test_containers_come_back_as_they_were():
    thing = {"a": [1.0, (2.0, Point(3.0, []))], "b": {"c": 4.0}}
    container = Container(thing, "thing")
    thing["later"] = 5.0
    assert container.rebuild(container.numbers) == {"a": [1.0, (2.0, Point(3.0, []))], "b": {"c": 4.0}}
    assert container.names() == ["thing['a'][0]", "thing['a'][1][0]", "thing['a'][1][1][0]", "thing['b']['c']"]


def test_places_and_orders_of_every_kind_of_whole_number():
    def f(x, y):
        return x * y**2

    assert grad(f, np.int64(1))(2.0, 3.0) == 12.0
    assert grad(f, [np.int64(0), np.uint8(1)])(2.0, 3.0) == grad(f, np.array([0, 1]))(2.0, 3.0) == (9.0, 12.0)
    assert derivative(lambda x: x**3, np.int64(2))(5.0) == 30.0
    for argnums in (np.float64(1.0), 1.0, {0, 1}, None, [0.0], "0", True):
        with pytest.raises(ValueError, match="argnums is"):
            grad(f, argnums)(2.0, 3.0)
    with pytest.raises(ValueError, match="the order is a whole number"):
        derivative(f, 1.0)


def test_the_derivative_is_the_first_if_no_order_is_given():
    assert derivative(lambda x: x**3)(2.0) == 12.0


def test_grad_says_its_own_name():
    with pytest.raises(TypeError, match=r"^grad takes a function, got 3"):
        grad(3)
