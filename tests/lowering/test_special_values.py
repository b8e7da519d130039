"""At special values programs give what ``forward`` gives, values and derivatives, or docs/special-values.md says where they do not."""

import math
import operator
from functools import cache
from itertools import product
from random import Random

import numpy as np
import pytest
from special_values import differences, listed, outcome, points, rows, same, slopes

from autograd_tiny import Expression, exp, gradient, hypot, log, maximum, nn, optim, relu, sqrt, where
from autograd_tiny.engine.table import asin
from autograd_tiny.formulas import read_formula
from autograd_tiny.losses import binary_cross_entropy, hinge
from autograd_tiny.lowering import compile_function, compile_loss, compile_model


@pytest.fixture
def jax():
    """JAX, set to 64 bits."""
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield jax
    jax.config.update("jax_enable_x64", before)


@cache
def program_of(row, n, backend):
    return compile_function(lambda x: Expression.record(row, tuple(x)), n, backend=backend)


def bits(operands):
    return tuple([x.hex() for x in operands])


def is_denormal(x):
    return 0.0 < abs(x) < 2.0**-1022


def on_batches(run, *, denormals=True):
    """A way that computes all points with as many operands at once.

    Where ``forward`` refuses, it may go on with infinity or nan.  Without denormals, all that has to do with them is left out.
    """

    def way(row):
        known = {}
        for n in {len(operands) for operands in points(row)}:
            at = [operands for operands in points(row) if len(operands) == n]
            known |= {bits(operands): float(x) for operands, x in zip(at, run(row, n, np.array(at)))}

        def compute(*operands):
            given, truth = known[bits(operands)], outcome(row.forward, operands)
            if truth == "error" and not math.isfinite(given):
                raise ArithmeticError
            if not denormals and (any(map(is_denormal, operands)) or (truth != "error" and is_denormal(truth))):
                return row.forward(*operands)
            return given

        return compute

    return way


def natively(row, n, at):
    return program_of(row, n, "llvm").value(at)


def by_jax(row, n, at):
    import jax

    return jax.jit(jax.vmap(program_of(row, n, "llvm").to_jax()))(at)


def in_python(row):
    def compute(*operands):
        program = program_of(row, len(operands), "python")
        return program.value([operands])[0]

    return compute


def test_a_program_differs_from_forward_only_where_the_page_says():
    ways = {"native": on_batches(natively), "Python source": in_python}
    assert differences(ways) == listed(ways)


def wrong_slopes(row, derivatives_of, *, denormals=True):
    """Where the derivatives of a program are others than the rule's: operands, the rule's, the program's."""
    found = []
    for n in {len(operands) for operands in points(row)}:
        right = {o: d for o in points(row) if len(o) == n and (d := slopes(row, o)) is not None}
        given = derivatives_of(row, n, np.array(list(right)).reshape(-1, n)) if right else []
        for (operands, expected), got in zip(right.items(), given):
            special = not denormals and any(map(is_denormal, (*operands, *expected)))
            if not special and not all(same(float(x), float(y), tolerance=1e-12) for x, y in zip(expected, got)):
                found.append((operands, expected, tuple(map(float, got))))
    return found


def test_derivatives_of_programs_are_those_of_the_rules():
    def natively(row, n, at):
        return program_of(row, n, "llvm").value_and_grad(at)[1]

    def in_python(row, n, at):
        return [program_of(row, n, "python")(*operands)[1] for operands in at.tolist()]

    for row in rows():
        assert not wrong_slopes(row, in_python), row
        wrong = wrong_slopes(row, natively)
        if row.name in ("power[0.5]", "power[1.5]", "power[-0.5]"):
            assert [operands for operands, *_ in wrong] == [(-math.inf,)]
        else:
            assert not wrong, row


@pytest.mark.slow
def test_jax_differs_from_forward_only_where_the_page_says(jax):
    ways = {"JAX": on_batches(by_jax, denormals=False)}
    assert differences(ways) == listed(ways)


@pytest.mark.slow
def test_derivatives_by_jax_are_those_of_the_rules(jax):
    def by_jax(row, n, at):
        return jax.jit(jax.vmap(jax.grad(program_of(row, n, "llvm").to_jax())))(at)

    for row in rows():
        wrong = wrong_slopes(row, by_jax, denormals=False)
        assert [operands for operands, *_ in wrong] == ([(1.7e308, -1.0)] if row.name == "pow" else []), row  # a denormal on the way


def in_a_condition_too(x):
    """The condition of the second choice depends on a root that its branch needs in another case."""
    root = sqrt(x[0])
    first = where(x[0] > 0.0, root, 0.0)
    return where(first > 1.0, root, first)


SAFE_BRANCHES = {
    "sqrt": (lambda x: where(x[0] > 0.0, sqrt(x[0]), 0.0), lambda x: math.sqrt(x) if x > 0 else 0.0, lambda x: 0.5 / math.sqrt(x)),
    "log": (lambda x: where(x[0] > 0.0, log(x[0]), 0.0), lambda x: math.log(x) if x > 0 else 0.0, lambda x: 1.0 / x),
    "else": (lambda x: where(x[0] <= 0.0, 0.0, 1.0 / x[0]), lambda x: 1.0 / x if x > 0 else 0.0, lambda x: -1.0 / x / x),
    "nested": (
        lambda x: where(x[0] > 0.0, where(x[0] > 2.0, log(x[0] - 2.0), asin(x[0] / 4.0)), 0.0),
        lambda x: (math.log(x - 2.0) if x > 2 else math.asin(x / 4.0)) if x > 0 else 0.0,
        lambda x: 1.0 / (x - 2.0) if x > 2 else 0.25 / math.sqrt(1.0 - x * x / 16.0),
    ),
    "overflow": (lambda x: where(x[0] > 0.0, x[0], exp(x[0] * -1e4) - exp(x[0] * -1e4)), lambda x: max(x, 0.0), lambda x: 1.0),
    "numbers": (
        lambda x: where(x[0] > -9.0, where(x[0] > 0.0, x[0], 0.0), x[0] / 0.0 + (-1.0) ** x[0]), lambda x: max(x, 0.0), lambda x: 1.0,
    ),
    "in a condition, too": (
        in_a_condition_too, lambda x: math.sqrt(x) if x > 0 else 0.0, lambda x: 0.5 / math.sqrt(x),
    ),
    "safe by hand": (
        lambda x: where(x[0] > 0.0, log(where(x[0] > 0.0, x[0], 1.0)), 0.0), lambda x: math.log(x) if x > 0 else 0.0, lambda x: 1.0 / x,
    ),
}  # fmt: skip
AT = [-1.0, -3.0, 0.0, -0.0, 0.25, 1.0, 3.5]


@pytest.mark.parametrize("name", SAFE_BRANCHES)
def test_a_branch_that_is_not_taken_adds_nothing(name):
    function, value, slope = SAFE_BRANCHES[name]
    at = AT[4:] if name == "overflow" else AT
    values, slopes = [value(x) for x in at], [slope(x) if x > 0 else 0.0 for x in at]
    for backend in ("llvm", "python"):
        program = compile_function(function, 1, backend=backend)
        got, got_slopes = program.value_and_grad([[x] for x in at])
        np.testing.assert_allclose(got, values, rtol=1e-14)
        np.testing.assert_allclose(np.ravel(got_slopes), slopes, rtol=1e-14)
        twice = compile_function(lambda x: gradient(function(x), x)[0], 1, backend=backend)
        first, second = twice.value_and_grad([[x] for x in at])
        np.testing.assert_allclose(first, slopes, rtol=1e-14)
        h = 1e-4
        expected = [(slope(x + h) - slope(x - h)) / (2.0 * h) if x > 0 else 0.0 for x in at]
        np.testing.assert_allclose(np.ravel(second), expected, rtol=1e-5)


AT_THE_ORIGIN = {
    "root": lambda x: sqrt(x[0] ** 2 + x[1] ** 2), "hypot": lambda x: hypot(x[0], x[1]), "power": lambda x: (x[0] ** 2 + x[1] ** 2) ** 0.5,
}  # fmt: skip


@pytest.mark.parametrize("backend", ["llvm", "python"])
@pytest.mark.parametrize("name", AT_THE_ORIGIN)
def test_what_decides_is_not_differentiated(name, backend):
    def direction(x):
        length = AT_THE_ORIGIN[name](x)
        return where(length > 0.0, x[0] / length, 0.0)

    program = compile_function(direction, 2, backend=backend)
    values, slopes = program.value_and_grad([[0.0, 0.0], [3.0, 4.0]])
    np.testing.assert_allclose(values, [0.0, 0.6], rtol=1e-14)
    np.testing.assert_allclose(slopes, [[0.0, 0.0], [0.128, -0.096]], rtol=1e-14)
    np.testing.assert_array_equal(program.hessian([0.0, 0.0]), np.zeros((2, 2)))
    np.testing.assert_array_equal(program.jvp([0.0, 0.0], [1.0, 1.0])[1], [0.0])


def test_an_infinite_derivative_of_a_choice_does_not_reach_the_branch_that_is_not_taken():
    program = compile_function(lambda x: sqrt(where(x[0] > 0.0, x[0], 0.0)), 1, backend="llvm")
    values, slopes = program.value_and_grad([[-1.0], [0.0], [4.0]])
    assert [*values, *np.ravel(slopes)] == [0.0, 0.0, 2.0, 0.0, 0.0, 0.25]
    assert program.hessian([-1.0]) == 0.0
    pytest.importorskip("scipy")
    assert program.jacobian([-1.0], sparsity=True).toarray() == 0.0
    exponent = compile_function(lambda x: x[0] ** where(x[0] > 0.0, x[1], 1.0), 2, backend="llvm")
    assert exponent.value_and_grad([-2.0, 0.5])[1].tolist() == [1.0, 0.0]


@pytest.mark.slow
@pytest.mark.parametrize("name", SAFE_BRANCHES)
def test_a_branch_that_is_not_taken_adds_nothing_in_jax(jax, name):
    function, value, slope = SAFE_BRANCHES[name]
    made = compile_function(function, 1).to_jax()
    for x in AT[4:] if name == "overflow" else AT:
        point = np.array([x])
        assert float(made(point)) == pytest.approx(value(x), rel=1e-14)
        assert jax.grad(made)(point)[0] == pytest.approx(slope(x) if x > 0 else 0.0, rel=1e-14)
        second = (slope(x + 1e-4) - slope(x - 1e-4)) / 2e-4 if x > 0 else 0.0
        for hessian in (jax.hessian(made)(point), jax.jacrev(jax.grad(made))(point)):
            assert float(hessian[0, 0]) == pytest.approx(second, rel=1e-5)


EXTREME = [0.0, -0.0, 5e-324, 1e-310, 1e-300, math.inf, -math.inf, -1.0, 2.0]


def test_the_safe_pattern_has_the_right_gradient_at_special_values():
    def function(x):
        return log(where(x[0] > 0.0, x[0], 1.0))

    with np.errstate(divide="ignore", over="ignore"):
        slopes = [1.0 / np.float64(x) if x > 0 else 0.0 for x in EXTREME]
    for backend in ("llvm", "python"):
        values, got = compile_function(function, 1, backend=backend).value_and_grad([[x] for x in EXTREME[4:]])
        np.testing.assert_allclose(values, [math.log(x) if x > 0 else 0.0 for x in EXTREME[4:]], rtol=1e-15)
        np.testing.assert_allclose(np.ravel(got), slopes[4:], rtol=1e-15)
    _, got = compile_function(function, 1, backend="llvm").value_and_grad([[x] for x in EXTREME])
    np.testing.assert_array_equal(np.ravel(got), slopes)


@pytest.mark.parametrize("backend", ["llvm", "python"])
def test_missing_data_that_are_not_chosen_add_nothing_and_others_are_not_swallowed(backend):
    masked = compile_loss(lambda p, s: where(s[0] == s[0], (p[0] * s[0] - s[1]) ** 2, 0.0), 1, 2, backend=backend)
    loss, slopes = masked.value_and_grad([2.0], [[math.nan, 1.0], [3.0, 1.0]])
    assert (loss, list(slopes)) == (12.5, [15.0])
    for loss_of in (lambda o, t: hinge(o[0], t[0]), lambda o, t: relu(o[0] - t[0]), lambda o, t: maximum(o[0], t[0])):
        model = nn.MLP([2, 3, 1], ["relu", "linear"], rng=Random(0))
        compiled = compile_model(model, loss_of, backend=backend)
        rows_ = [[0.5, -0.5, 1.0], [math.nan, 1.0, -1.0]]
        assert math.isnan(compiled.value_and_grad(compiled.parameter_vector(), rows_)[0])
        history = compiled.fit(np.array(rows_), optimizer=optim.SGD(model.parameters(), 0.1), epochs=1)
        assert math.isnan(history[0])


@pytest.mark.parametrize("backend", ["llvm", "python"])
def test_a_cross_entropy_where_a_probability_is_1_is_that_of_the_eager_loop(backend):
    model = nn.MLP([1, 1], ["sigmoid"], rng=Random(0))
    for parameter, start in zip(model.parameters(), (1.0, 0.0)):
        parameter.data = start
    compiled = compile_model(model, binary_cross_entropy, backend=backend)
    history = compiled.fit([[40.0, 1.0], [-1.0, 0.0]], optimizer=optim.SGD(model.parameters(), 0.1), epochs=2)
    assert history == pytest.approx([0.1566, 0.1530], abs=5e-5)
    assert [x.data for x in model.parameters()] == pytest.approx([1.02663, -0.02663], abs=5e-6)


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne])
def test_comparisons_choose_as_on_floats_also_at_nan(compare):
    def chosen(x):
        return where(compare(x[0], x[1]), 5.0, 7.0)

    pairs = list(product([math.nan, 1.0, 2.0, -0.0, 0.0, math.inf], repeat=2))
    wanted = [chosen(pair) for pair in pairs]
    for backend in ("llvm", "python"):
        assert compile_function(chosen, 2, backend=backend).value(pairs).tolist() == wanted
    sign = {operator.eq: "==", operator.ne: "!=", operator.le: "<=", operator.ge: ">=", operator.lt: "<", operator.gt: ">"}[compare]
    read = read_formula(f"y = where(a {sign} b, 5, 7)").express()
    inputs = [read.nodes["a"], read.nodes["b"]]
    assert [read.output.evaluate(dict(zip(inputs, pair))) for pair in pairs] == wanted
