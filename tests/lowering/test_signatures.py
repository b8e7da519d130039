"""What a compiled function may take and how it is called; derivatives of second order and products with vectors, compiled."""

import math
import re
from random import Random

import numpy as np
import pytest
import scipy.optimize
from random_graphs import assert_close, magnitudes, random_program, recorded

import autograd_tiny as at
from autograd_tiny import Value, dot, exp, log, nn, sin, softmax, sqrt, total, where
from autograd_tiny.formulas import read_formula
from autograd_tiny.lowering import compile_formula, compile_function, compile_loss, compile_model

BACKENDS = ["python", "llvm"]
both = pytest.mark.parametrize("backend", BACKENDS)


@both
def test_the_parameters_are_the_inputs(backend):
    f = compile_function(lambda a, b: a * b + sin(a), backend=backend)
    assert [x.label for x in f._recorded.inputs] == ["a", "b"]
    value, (d_a, d_b) = f(2.0, 3.0)
    assert value == 6.0 + math.sin(2.0)
    assert (d_a, d_b) == pytest.approx((3.0 + math.cos(2.0), 2.0))
    for again in (f(2.0, b=3.0), f(b=3, a=2), f([2.0, 3.0]), f((2, 3)), f(np.array([2.0, 3.0]))):
        assert again == f(2.0, 3.0)
    assert f.value_and_grad([2.0, 3.0])[0] == value


def test_defaults_are_kept_and_keywords_are_inputs():
    def f(a, k=2.0, *, b, scale=10.0, **more):
        return (a**k + b) * scale

    program = compile_function(f)
    assert program(3.0, b=1.0) == (100.0, (60.0, 10.0))
    assert list(program.value([[3.0, 1.0], [0.0, 2.0]])) == [100.0, 20.0]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda *xs: xs[0], r"takes any number of arguments: say how many numbers it takes, compile_function\(f, 3\)"),
        (at.maximum, "takes any number of arguments"),
        (min, r"does not say what its parameters are|missing"),
        (3.0, "takes a function, got 3.0"),
        (lambda x: x[0] * x[1], r"'Expression' object is not subscriptable; of x each was taken for a number: say how many"),
    ],
)
def test_what_does_not_say_how_many_numbers_it_takes_is_refused(function, message):
    with pytest.raises(TypeError, match=message):
        compile_function(function)


def test_no_parameters_and_both_forms_are_refused():
    with pytest.raises(ValueError, match="a function of no inputs"):
        compile_function(lambda: Value(1.0))
    with pytest.raises(TypeError, match="give one of them"):
        compile_function(lambda x: x[0], 2, like=[1.0, 2.0])


def test_names_given_twice_are_refused():
    with pytest.raises(ValueError, match="w names more than one input"):
        compile_function(lambda x: x[0] * x[1], ["w", "w"])
    with pytest.raises(ValueError, match="b names more than one input"):
        compile_loss(lambda p, s: p[0] * p[1] + s[0], ["b", "b"], 1)
    labelled = compile_function(lambda x: x[0] * x[1], [Value(1.0, "w"), Value(1.0, "w")])  # labels may be alike
    assert labelled(2.0, 3.0) == (6.0, (3.0, 2.0))
    model = nn.Neuron([Value(1.0, "w"), Value(2.0, "w")], Value(0.0))
    assert compile_model(model, lambda out, target: (out - target[0]) ** 2, n_inputs=2).n_parameters == 3


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((1.0,), {}, "takes a and b; b is missing"),
        ((1.0, 2.0, 3.0), {}, "takes a and b; 3 were given"),
        ((1.0,), {"a": 2.0}, "a is given twice"),
        ((1.0, 2.0), {"c": 3.0}, "it has no c"),
        ((), {}, "a and b is missing"),
        (([1.0, 2.0, 3.0],), {}, "b is missing"),
        (([1.0, [2.0]],), {}, "b is missing"),
    ],
)
def test_other_arguments_than_the_function_has_are_refused(args, kwargs, message):
    for program in (compile_function(lambda a, b: a * b), compile_function(lambda x: x[0] * x[1], ["a", "b"])):
        for _ in range(2):
            with pytest.raises(TypeError, match=message):
                program(*args, **kwargs)
            assert program(2.0, 3.0) == (6.0, (3.0, 2.0))  # from here on floats are let through at once


def test_of_many_names_six_are_told():
    many = [*"abcdefgh"]
    program, six = compile_function(lambda x: total(x), many, backend="python"), "a, b, c, d, e, f and 2 more"
    other = dict.fromkeys([*"ABCDEFGH"], 1.0)
    for args, kwargs, fault in (
        ((), {}, f"{six} is missing"),
        ((1.0,) * 8, dict.fromkeys(many, 1.0), f"{six} is given twice"),
        ((1.0,) * 8, other, "it has no A, B, C, D, E, F and 2 more"),
    ):
        with pytest.raises(TypeError, match=f"takes {six}; {fault}"):
            program(*args, **kwargs)
    with pytest.raises(TypeError, match=f"; of {six} each was taken for a number"):
        compile_function(lambda a, b, c, d, e, f, g, h: a[0])


def test_a_function_of_a_list_is_called_with_its_numbers_or_with_the_list():
    program = compile_function(lambda x: x[0] * x[1], ["a", "b"])
    for again in (program(2.0, 3.0), program([2.0, 3.0]), program((2, 3)), program(np.array([2.0, 3.0])), program(b=3.0, a=2.0)):
        assert again == (6.0, (3.0, 2.0))


def test_only_an_error_of_taking_an_argument_for_a_number_says_that_it_was():
    class MineError(TypeError):
        pass

    def broken(a, b):
        raise MineError("no number")

    with pytest.raises(MineError, match=r"^no number$"):
        compile_function(broken)
    with pytest.raises(TypeError, match="use where") as caught:
        compile_function(lambda a, b: a if a > b else b)
    assert "was taken for a number" not in str(caught.value)
    others = [lambda x: x // 1, lambda x: None, lambda x: 3.0, lambda x: f"{x:.2f}", lambda x: x ^ 2, needs_a_list, lambda x: x * [x]]
    for function in others:
        with pytest.raises(TypeError) as caught:
            compile_function(function)
        assert "was taken for a number" not in str(caught.value)
    for function in (len, sum, lambda x: dot(x, [1.0]), lambda x: [*x], lambda x: (lambda a, b: a)(*x), lambda x: 1.0 in x, first_of_two):
        with pytest.raises(TypeError, match="was taken for a number"):
            compile_function(lambda x, function=function: function(x))


def needs_a_list(k):
    raise TypeError("k must be a list")


def first_of_two(x):
    a, _ = x
    return a


def layered(p, x, rate=3.0):
    return {"y": dot(p["w"], x) * rate + p["b"][0] ** 2, "more": [p["b"][1] * x[0]]}


@both
def test_arguments_and_results_are_arranged_as_for_grad(backend):
    p, x = {"w": np.array([1.0, 2.0]), "b": (0.5, -1.0)}, [3.0, 4.0]
    program = compile_function(layered, like=(p, x), backend=backend)
    values, derivatives = program(p, x)
    assert values == {"y": 33.25, "more": [-3.0]}
    expected = at.jacobian(layered, [0, 1])(p, x)
    np.testing.assert_equal(derivatives, expected)
    assert derivatives["y"][0]["w"].tolist() == [9.0, 12.0]
    assert program.flat(p, x=x).tolist() == [1.0, 2.0, 0.5, -1.0, 3.0, 4.0]
    np.testing.assert_equal(program.arranged(program.flat(p, x)), (p, x))
    assert [v.label for v in program._recorded.inputs][:3] == ["p['w'][0]", "p['w'][1]", "p['b'][0]"]


@both
def test_one_argument_like_an_array(backend):
    matrix = np.arange(6.0).reshape(2, 3)
    program = compile_function(lambda m: (m @ m.T).sum() + np.exp(m[0, 1]), like=matrix, backend=backend)
    value, gradient = program(matrix)
    assert value == pytest.approx((matrix @ matrix.T).sum() + math.e)
    np.testing.assert_allclose(gradient, at.grad(lambda m: (m @ m.T).sum() + np.exp(m[0, 1]))(matrix))
    np.testing.assert_allclose(program(matrix.ravel())[1], gradient)  # all numbers in a row
    np.testing.assert_allclose(program.value_and_grad(matrix.ravel())[1], gradient.ravel())
    arrays = compile_function(lambda m: m * 2.0, like=matrix, backend=backend)(matrix)
    assert arrays[0].shape == (2, 3)
    assert arrays[1].shape == (2, 3, 2, 3)


def test_a_list_a_row_of_arguments_and_a_model_as_examples():
    assert compile_function(total, like=[1.0, 2.0, 3.0])([1.0, 2.0, 4.0]) == (7.0, [1.0, 1.0, 1.0])
    assert compile_function(lambda *xs: xs[0] * xs[1], like=(0.0, 0.0))(2.0, 3.0) == (6.0, (3.0, 2.0))
    assert compile_function(lambda x: x[0] * x[1], like=(1.0, 2.0))((3.0, 4.0)) == (12.0, (4.0, 3.0))
    model = nn.MLP([2, 3, 1], ["tanh", "linear"], rng=Random(0))
    program = compile_function(lambda m, x: m(x)[0], like=(model, [0.0, 0.0]))
    value, (gradient, _) = program(model, [0.5, -0.5])
    assert value == pytest.approx(model([0.5, -0.5])[0].data, rel=1e-15)
    assert gradient.layers[1].biases[0] == 1.0


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        (({"w": [1.0], "b": 2.0}, 3.0), ValueError, "the argument p must be arranged as the example p, but there is no"),
        (({"w": [1.0, 2.0]}, 3.0), ValueError, r"there is no the argument p\['b'\] for the example p\['b'\]"),
        (({"w": [1.0, "x"], "b": 2.0}, 3.0), TypeError, r"the argument p\['w'\]\[1\] is the str 'x'"),
        (({"w": [1.0, 2.0], "b": 2.0},), TypeError, "x is missing"),
    ],
)
def test_arguments_arranged_otherwise_than_the_example_are_refused(args, error, message):
    program = compile_function(lambda p, x: p["w"][0] * x + p["b"], like=({"w": [0.0, 0.0], "b": 0.0}, 0.0))
    with pytest.raises(error, match=message):
        program(*args)


@pytest.mark.parametrize(
    ("like", "error", "message"),
    [
        (3.0, TypeError, "takes 2 arguments, a, b: like= is a tuple with an example for each"),
        ((1.0, 2.0, 3.0), TypeError, "like= is a tuple with an example for each"),
        ((1.0, None), TypeError, "b is the NoneType None where a number is needed"),
    ],
)
def test_examples_that_do_not_fit_are_refused(like, error, message):
    with pytest.raises(error, match=message):
        compile_function(lambda a, b: a * b, like=like)


@both
def test_one_point_and_many(backend):
    f = compile_function(lambda a, b: a**2 * b, backend=backend)
    value, gradient = f.value_and_grad([3.0, 5.0])
    assert isinstance(value, float)
    assert (value, list(gradient)) == (45.0, [30.0, 9.0])
    assert f.value(np.array([3.0, 5.0])) == 45.0
    assert f.value([[3.0, 5.0]]).shape == (1,)
    one = compile_function(lambda a: a**2, backend=backend)
    for point in (3.0, [3.0], np.array(3.0), np.array([3.0])):
        assert one.value(point) == 9.0
        assert isinstance(one.value(point), float)
        assert one.hessian(point).tolist() == [[2.0]]
    with pytest.raises(ValueError, match=r"a point has shape \(2,\), and points have shape \(rows, 2\); got \(3,\)"):
        f.value([1.0, 2.0, 3.0])


@both
@pytest.mark.parametrize("seed", range(8))
def test_second_derivatives_and_products_agree_with_the_eager_functions(seed, backend):
    program = random_program(Random(seed))
    n = len(program.leaves)
    compiled = compile_function(lambda x: program(*x), n, backend=backend)
    point, rng = list(program.leaves), Random(seed)
    vector = [rng.uniform(-1.0, 1.0) for _ in range(n)]
    eager = at.hessian(lambda x: program(*x))(point)
    size = 1e-12 * max(1.0, *[abs(x) for row in eager for x in row])
    np.testing.assert_allclose(compiled.hessian(point), eager, rtol=1e-11, atol=size)
    np.testing.assert_allclose(compiled.hessian([point] * 3), [eager] * 3, rtol=1e-11, atol=size)
    np.testing.assert_allclose(compiled.hvp(point, vector), at.hvp(lambda x: program(*x))(point, vector), rtol=1e-10, atol=n * size)
    value, pushed = at.jvp(lambda x: program(*x), (point,), (vector,))
    values, tangents = compiled.jvp([point] * 2, vector)
    np.testing.assert_allclose(values, [[value]] * 2, rtol=1e-14)
    leaves, root = recorded(program)
    root.backward()
    assert_close([t for (t,) in tangents], [pushed] * 2, [sum(magnitudes(root, leaves))] * 2)


@both
def test_products_with_the_jacobian_of_several_results(backend):
    def f(a, b, c):
        return [a * b, sin(c) * a, softmax(a, b, c)[1], where(a > 0.0, sqrt(a), 0.0)]

    program = compile_function(f, backend=backend)
    points = np.array([[0.3, -1.0, 2.0], [1.5, 0.5, -0.2], [-1.0, 0.1, 0.2]])
    u, v = np.random.default_rng(1).normal(size=(3, 4)), np.random.default_rng(2).normal(size=(3, 3))
    values, derivatives = program.value_and_jacobian(points)
    for got, product in (
        (program.jvp(points, v), np.einsum("rij,rj->ri", derivatives, v)),
        (program.vjp(points, u), np.einsum("rij,ri->rj", derivatives, u)),
    ):
        np.testing.assert_allclose(got[0], values, rtol=1e-15)
        np.testing.assert_allclose(got[1], product, rtol=1e-13, atol=1e-15)
    assert program.jvp(points[0], v[0])[1].shape == (4,)
    assert program.vjp(points[0], u[0])[1].shape == (3,)
    assert (program.jacobian(points[1]) == derivatives[1]).all()
    for use in (program.hessian, lambda x: program.hvp(x, x), program.value_and_grad):
        with pytest.raises(TypeError, match="needs a function with one result, this one has 4"):
            use(points)
    with pytest.raises(ValueError, match=r"3 points and 2 vectors: give one for all, \(3,\), or one for each"):
        program.jvp(points, v[:2])


@both
@pytest.mark.parametrize(("points", "vectors"), [([[1.0, 2.0, 3.0]], [[1.0]]), ([[1.0]], [[1.0, 2.0, 3.0]]), ([[1.0, 2.0]], [[1.0]])])
def test_what_a_vector_lacks_is_not_taken_from_the_point(backend, points, vectors):
    program = compile_function(lambda x, y: x**2 * y, backend=backend)
    for product in (program.hvp, program.jvp):
        with pytest.raises(ValueError, match=r"(point|vector) 0: expected 2 numbers|must have shape \(rows, 2\)"):
            product(points, vectors)
    with pytest.raises(ValueError, match=r"(point|vector) 0: expected [12] numbers?, got|must have shape"):
        program.vjp(points, [[1.0, 2.0]] if len(points[0]) == 2 else [[]])


def test_scipy_takes_them_as_they_are():
    rosenbrock = compile_function(lambda x, y: (1.0 - x) ** 2 + 100.0 * (y - x**2) ** 2)
    for method, second in (("BFGS", {}), ("trust-exact", {"hess": rosenbrock.hessian}), ("Newton-CG", {"hessp": rosenbrock.hvp})):
        found = scipy.optimize.minimize(rosenbrock.value_and_grad, [-1.2, 1.0], jac=True, method=method, **second)
        np.testing.assert_allclose(found.x, [1.0, 1.0], atol=1e-4)  # as near as the methods go by default
    times = np.linspace(0.0, 3.0, 8)
    residuals = compile_function(lambda a, b: [a * exp(-b * t) - 2.0 * math.exp(-0.7 * t) for t in times.tolist()])
    found = scipy.optimize.least_squares(residuals.value, [1.0, 1.0], jac=residuals.jacobian)
    np.testing.assert_allclose(found.x, [2.0, 0.7], rtol=1e-6)
    root = scipy.optimize.root_scalar(compile_function(lambda x: x**2 - 2.0).value, bracket=(0.0, 2.0))
    assert root.root == pytest.approx(math.sqrt(2.0))


@pytest.mark.parametrize(
    ("function", "point", "error", "message"),
    [
        (lambda a, b: log(a) * b, (-1.0, 2.0), ValueError, r"log\(a = -1.0\): needs a > 0; compute it only there"),
        (lambda a, b: b / a, (0.0, 2.0), ZeroDivisionError, r"div\(b = 2.0, a = 0.0\): needs a != 0|div\(b = 2.0, a = 0.0\)"),
        (lambda a, b: exp(a) + b, (1000.0, 2.0), OverflowError, r"exp\(a = 1000.0\): the result is larger than any float"),
        (lambda a, b: sqrt(a) + b, (0.0, 2.0), ZeroDivisionError, r"sqrt\(a = 0.0\) is 0.0, but its derivative there is not finite"),
    ],
)
def test_outside_of_a_domain_one_call_raises_what_the_engine_raises(function, point, error, message):
    program = compile_function(function)
    for _ in range(2):
        with pytest.raises(error, match=message):
            program(*point)
        assert math.isfinite(program(1.0, 2.0)[0])  # from here on floats are let through at once


@both
def test_labels_inside_are_named_where_a_call_fails(backend):
    def f(a, b):
        h = a - b
        h.label = "h"
        return log(h)

    with pytest.raises(ValueError, match=r"log\(h = -1.0\): needs h > 0"):
        compile_function(f, backend=backend)(1.0, 2.0)


def test_a_batch_goes_on_and_says_on_request_which_rows_and_why():
    f = compile_function(lambda a, b: log(a) * b)
    points = np.ones((20, 2))
    points[[3, 5, 9, 11, 17], 0] = [-1.0, 0.0, math.nan, -2.0, -3.0]
    values, gradients = f.value_and_grad(points)
    assert np.flatnonzero(~np.isfinite(values)).tolist() == [3, 5, 9, 11, 17]
    for call in (f.value, f.value_and_grad, f.jacobian, f.value_and_jacobian):
        with pytest.raises(ValueError, match="without a finite result") as caught:
            call(points, check=True)
        text = str(caught.value)
        assert text.startswith("5 of 20 rows of the batch without a finite result: row 3: log(a = -1.0): needs a > 0")
        assert "; row 5: log(a = 0.0): needs a > 0" in text
        assert re.search(r"; row 9: .*'a' must be finite, got nan", text)
        assert text.endswith("; and rows 11, 17")
    assert f.value(points[:3], check=True).tolist() == [0.0] * 3
    assert gradients.shape == (20, 2)


@pytest.mark.parametrize(
    ("bad", "end"),
    [
        (3, "; row 2: log(a = -2.0): needs a > 0"),
        (4, "; and row 3"),
        (5, "; and rows 3, 4"),
        (10, "; and rows 3, 4, 5, 6, 7, 8, 9"),
        (11, "; and rows 3, 4, 5, 6, 7, 8, 9, ..."),
    ],
)
def test_of_many_bad_rows_three_are_explained_and_ten_are_named(bad, end):
    f = compile_function(lambda a: log(a) / a, backend="llvm")
    points = [[0.0], *[[float(-k)] for k in range(1, bad)], [1.0]]
    points[0] = [1e-320]  # another error than the others have: the quotient overflows
    with pytest.raises(OverflowError, match=f"{bad} of {bad + 1} rows") as caught:
        f.value(points, check=True)
    text = str(caught.value)
    assert re.search(re.escape(end) + "(; compute it only there.*)?$", text)
    assert re.findall(r" row (\d+): ", text) == ["0", "1", "2"]


def test_an_overflow_that_no_operation_refuses_is_told_too():
    f = compile_function(lambda a, b: a * b)
    with pytest.raises(OverflowError, match=r"1 of 2 rows .*: row 1: mul\(a = 1e\+200, b = 1e\+200\) is inf"):
        f.value([[1.0, 1.0], [1e200, 1e200]], check=True)
    steep = compile_function(lambda a: sin(a * 1e200) * 1e200)
    assert math.isfinite(steep.value([1.0], check=True))
    with pytest.raises(OverflowError, match=r"row 0: the derivative by a is -?inf"):
        steep.value_and_grad([[1.0]], check=True)


def test_nan_in_one_row_of_very_many_is_found():
    f = compile_loss(lambda p, s: (p[0] * s[0] - sqrt(s[1])) ** 2, 1, 2)
    batch = np.ones((1_000_000, 2))
    assert f.value_and_grad([2.0], batch, check=True)[0] == 1.0
    batch[777_777, 0] = math.nan
    assert math.isnan(f.value_and_grad([2.0], batch)[0])
    for call in (f.value, f.value_and_grad):
        with pytest.raises(ValueError, match=r"1 of 1000000 rows .*: row 777777: .*'x\[0\]' must be finite, got nan"):
            call([2.0], batch, check=True)
    batch[777_777, 0], batch[5, 1] = 1.0, -1.0
    with pytest.raises(ValueError, match=r"row 5: sqrt\(x\[1\] = -1.0\)"):
        f.value_and_grad([2.0], batch, check=True)


def test_a_mean_that_overflows_where_no_row_does():
    f = compile_loss(lambda p, s: p[0] * s[0], 1, 1)
    with pytest.raises(OverflowError, match="no row alone is: scale the loss"):
        f.value_and_grad([1e308], [[1.0], [1.0]], check=True)


def test_a_branch_that_is_not_taken_is_no_reason():
    f = compile_function(lambda a: where(a > 0.0, sqrt(a), 0.0) / a)
    assert f(-1.0) == (-0.0, (-0.0,))
    with pytest.raises(ZeroDivisionError, match=r"div\(.*a = 0.0\)"):
        f(0.0)


def test_what_a_program_is_reads_at_a_glance():
    pytest.importorskip("llvmlite")
    f = compile_function(lambda a, b: a * b, backend="python")
    assert repr(f) == "<CompiledFunction of a and b: 1 result, python>"
    long = compile_function(lambda x: x, 20)
    assert repr(long) == "<CompiledFunction of x[0], x[1], x[2], x[3], x[4], x[5] and 14 more: 20 results, llvm>"
    model = nn.MLP([2, 3, 1], ["tanh", "linear"], rng=Random(0))
    compiled = compile_model(model, lambda out, target: (out[0] - target[0]) ** 2, backend="python")
    assert repr(compiled) == "<CompiledModel of 13 parameters, 3 numbers in a sample, python>"


@both
def test_a_formula_of_arrays_has_an_argument_and_a_gradient_for_each(backend):
    text = "Z = X @ W + b; A = softmax(Z); E = -sum(Y*log(A)) / m"
    point = {"X": [[0.3, -1.2], [0.8, 0.5], [-0.4, 0.9]], "W": [[0.1, -0.4], [0.5, 0.2]], "b": [0.1, -0.2], "m": 3.0}
    point["Y"] = [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]
    shapes = {"X": (3, 2), "W": (2, 2), "b": (2,), "Y": (3, 2)}
    program = compile_formula(text, shapes=shapes, backend=backend)
    recorded = read_formula(text).record(point)
    recorded.output.backward()
    value, gradients = program(*[point[name] for name in ("X", "W", "b", "Y", "m")])
    assert value == pytest.approx(recorded.output.data, rel=1e-14)
    for name, gradient in zip(("X", "W", "b", "Y"), gradients):
        assert np.array(gradient) == pytest.approx(np.array(recorded.arrays[name].grad), rel=1e-12), name
    assert gradients[-1] == pytest.approx(recorded.nodes["m"].grad, rel=1e-12)
    assert program(**point)[0] == value


def test_arguments_of_a_formula_that_do_not_fit():
    program = compile_formula("E = sum(W @ x)", shapes={"W": (2, 3), "x": (3,)}, backend="python")
    with pytest.raises(TypeError, match="the compiled formula takes W and x; x is missing"):
        program([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    with pytest.raises((TypeError, ValueError), match="the argument x"):
        program([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [1.0, 2.0])


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        (lambda x: x * x, "can't multiply sequence"),
        (lambda x: x.exp(), "'list' object has no attribute 'exp'"),
        (lambda x, y: x * y, "missing 1 required positional argument: 'y'"),
        (math.sqrt, "must be real number, not list"),
    ],
)
def test_who_takes_the_list_for_numbers_is_told_what_a_function_is_called_with(function, fault):
    called = r"the function is called with one list, of 2 numbers: for a function of numbers one by one leave the count out"
    with pytest.raises(TypeError, match=f"{fault}.*; {called}"):
        compile_function(function, 2)
    called = "; the loss is called with two lists, the parameters and the numbers of a sample$"
    with pytest.raises(TypeError, match=called):
        compile_loss(lambda p, s: function(p), 2, 1)
    called = "; the loss is called with two lists, what the model gives and the targets$"
    with pytest.raises(TypeError, match=called):
        compile_model(nn.MLP([1, 2], ["linear"], rng=Random(0)), lambda outputs, targets: function(outputs))
    with pytest.raises(TypeError) as caught:
        compile_function(lambda x: x[0] + "a", 2)
    assert "called with" not in str(caught.value), "which is another mistake"
