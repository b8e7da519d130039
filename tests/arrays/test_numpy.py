"""NumPy arrays of Values: operators, functions, broadcasting, conversion, derivatives of functions of arrays."""

import math
import subprocess
import sys

import numpy as np
import pytest

from autograd_tiny import (
    Expression,
    Value,
    array,
    atan2,
    exp,
    gradient,
    leaky_relu,
    losses,
    maximum,
    optim,
    relu,
    sigmoid,
    total,
    where,
)
from autograd_tiny.arrays import data, elementwise, grads, values
from autograd_tiny.arrays.containers import Container
from autograd_tiny.calculus.derivatives import grad, hessian, hvp, jacobian, jvp, stop_gradient, value_and_grad, vjp

X = np.array([[0.3, -0.7, 1.2], [0.5, 0.9, -0.2]])
Y = np.array([0.4, 1.5, -0.6])


def numeric_gradient(f, x, h=1e-6):
    result = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        step = np.zeros_like(x)
        step[index] = h
        result[index] = (f(x + step) - f(x - step)) / (2 * h)
    return result


FUNCTIONS = {
    "operators": lambda x: np.sum((x + Y) * 2.0 - (1.0 - x) / (2.0 + x) + -x + (Y - x) ** 2),
    "powers": lambda x: np.sum((x**2) ** 0.5 + 2.0 ** x + (x * x) ** Y + np.abs(x) ** x),
    "in place": lambda x: np.sum(added_in_place(x) ** 3),
    "exponentials": lambda x: np.sum(np.exp(x) * np.log(x * x) + np.expm1(x) * np.log1p(x) + np.sqrt(1.0 + x)),
    "trigonometry": lambda x: np.sum(np.sin(x) * np.cos(x) + np.tan(x) + np.arcsin(x / 2) * np.arccos(x / 2) + np.arctan(x)),
    "hyperbolic": lambda x: np.sum(np.sinh(x) * np.cosh(x) + np.tanh(x)),
    "two operands": lambda x: np.sum(np.hypot(x, x + 3.0) + np.arctan2(x + 2.0, x * x)),
    "other names": lambda x: np.sum(np.square(x) + np.reciprocal(x) + np.negative(x) + np.absolute(x) + np.power(x, 3) + np.conjugate(x)),
    "matrix product": lambda x: (x @ Y) @ (x @ x.T) @ (Y[:2] @ x) [:2],
    "dot": lambda x: np.dot(x, Y)[0] * np.dot(Y, x[1]) + np.vdot(x, x) + np.inner(x[0], Y) + np.trace(np.outer(x[0], x[1])),
    "einsum": lambda x: np.einsum("ij,j,kj->", x, Y, x),
    "reductions": lambda x: x.mean() * x.sum() + np.prod(x) + np.cumsum(x)[3] + x.sum(axis=0)[1] * x.mean(axis=1)[0],
    "statistics": lambda x: np.var(x) + x.std(axis=1)[0] + np.linalg.norm(x),
    "extremes": lambda x: np.max(x) * np.min(x) + np.maximum(x, 0.1).sum() + np.clip(x, -0.5, 0.6).sum() + np.sort(x.ravel())[2],
    "broadcasting": lambda x: np.sum(x[:, :, None] * x[:, None, :] + Y),
    "slicing": lambda x: x[0, 1:] @ x[1, :2] + x[:, ::-1][0, 0] * x.T[2, 0] + x.reshape(3, 2)[2, 1] + x[x > 0.4].sum(),
    "joining": lambda x: np.concatenate([x[0], x[1] ** 2]) @ np.hstack([Y, Y]) + np.stack([x[0], x[1]]).sum(),
    "choosing": lambda x: np.sum(np.where(x > 0.0, x**2, -x)),
    "own functions": lambda x: np.sum(elementwise(sigmoid)(x) * elementwise(where)(x > 0.4, x, Y) + elementwise(maximum)(x, x**2, 0.2)),
    "mixed with numbers": lambda x: np.sum(elementwise(exp)([x[0, 0], 2.0]) * elementwise(atan2)(Y, x)[0, 0]),
    "scalars on the left": lambda x: np.sum(np.float64(2) * x[0] + np.float64(2) / x[0, 0] - np.float32(0.5) ** x[0] + np.int64(3) * x),
}  # fmt: skip


def added_in_place(x):
    x = x + 0.0
    x += Y
    x[0] *= 2.0
    x[1, 1] = 5.0 * x[1, 0]
    return x


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_arrays(name):
    f = FUNCTIONS[name]
    value, slopes = value_and_grad(f)(X)
    assert value == pytest.approx(f(X), rel=1e-14)
    assert type(value) is float
    assert slopes.dtype == float
    assert slopes == pytest.approx(numeric_gradient(f, X), rel=1e-6, abs=1e-7)


def test_a_scalar_and_an_array_in_any_order():
    v, w = Value(2.0), Value(3.0)
    a, floats = np.array([v, w]), np.array([1.0, 2.0])
    for product in (a * v, v * a, v * floats, floats * v, a * np.float64(2), np.float64(2) * a):
        assert product.dtype == object
        assert all(isinstance(x, Value) for x in product)
    assert [x.data for x in floats - v] == [-1.0, 0.0]
    assert [x.data for x in v**floats] == [2.0, 4.0]
    assert [x.data for x in floats**v] == [1.0, 4.0]


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64, np.int8, np.bool_])
def test_a_numpy_scalar_beside_a_value(kind):
    v, number = Value(2.0), kind(1)
    for result, expected in [
        (number * v, 2.0), (v * number, 2.0), (number + v, 3.0), (number - v, -1.0), (v - number, 1.0),
        (number / v, 0.5), (v / number, 2.0), (number**v, 1.0), (v**number, 2.0),
    ]:  # fmt: skip
        assert type(result) is Value
        assert result.data == expected
    assert number < v
    assert v > number
    assert not number >= v


def test_a_whole_number_that_no_float_equals_is_refused():
    for x in (np.int64(2**53 + 1), np.array([1, 2**53 + 1])):
        with pytest.raises(ValueError, match="no float equals 9007199254740993"):
            values(x)
    assert Value(np.int64(2**53)).data == 2.0**53


def test_elementwise_of_numbers_gives_numbers():
    assert elementwise(where)(X > 0.0, X, 0).dtype == float
    assert elementwise(where)(X > 0.0, X, Y).tolist() == np.where(X > 0.0, X, Y).tolist()
    assert elementwise(exp)(0) == 1.0
    assert elementwise(exp)(np.zeros((0, 3))).shape == (0, 3)


def test_numpy_functions_of_one_value():
    v = Value(0.5)
    assert type(np.exp(v)) is Value
    assert np.arctan(v).data == math.atan(0.5)
    assert np.maximum(v, 2.0) == 2.0


def test_conversions():
    w = values(X, "w")
    assert w.shape == X.shape
    assert w.dtype == object
    assert w[1, 2].label == "w[1, 2]"
    assert (data(w) == X).all()
    assert data(w).dtype == float
    np.sum(w * w).backward()
    assert grads(w) == pytest.approx(2.0 * X)
    assert grads(w).dtype == float
    nested = values({"a": [1, X]}, "p")
    assert nested["a"][1][0, 0].label == "p['a'][1][0, 0]"
    assert (data(nested)["a"][1] == X).all()
    assert values(np.array(3.0)).shape == ()
    assert values(np.zeros((0, 3))).shape == (0, 3)
    assert data(np.array([Value(1.0), 2.0], dtype=object)).tolist() == [1.0, 2.0]
    assert grads(np.array([Value(1.0), 2.0], dtype=object)).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("array", [X.T, X[:, ::-1], X.astype(">f8"), X.astype(np.float32), np.asfortranarray(X), np.array([True, False])])
def test_arrays_of_any_layout(array):
    w = values(array)
    assert all(w[index].data == array[index] for index in np.ndindex(*array.shape))


@pytest.mark.parametrize(
    ("array", "error", "complaint"),
    [
        (np.array([1.0, np.nan]), ValueError, r"numbers\[1\]: .* must be finite, got nan"),
        (np.array([[1.0, 2.0], [np.inf, 0.0]]), ValueError, r"numbers\[1, 0\]: .* must be finite, got inf"),
        (np.array([1j]), TypeError, r"numbers must be an array of real numbers, got one of complex128"),
        (np.array(["a", "b"]), TypeError, r"numbers\[0\] is the str 'a'"),
        (np.array([1.0, None]), TypeError, r"numbers\[1\] is the NoneType None"),
        (np.array([Value(1.0)]), TypeError, "is a Value already"),
    ],
)
def test_arrays_that_hold_no_numbers(array, error, complaint):
    with pytest.raises(error, match=complaint):
        values(array)


# In-place writes.


def test_writing_into_an_array_of_values_changes_no_graph():
    x = values(np.array([1.0, 2.0]))
    old = x.copy()
    y = np.sum(x * x)
    x[0] = Value(10.0)
    x *= 3.0
    assert y.data == 5.0
    assert [d.data for d in gradient(y, list(old))] == [2.0, 4.0]
    y.backward()
    assert grads(old).tolist() == [2.0, 4.0]
    assert data(x).tolist() == [30.0, 6.0]
    assert grads(x).tolist() == [0.0, 0.0]


def test_a_value_put_into_an_array_of_floats_is_refused():
    floats, v = np.zeros(2), Value(1.0)

    def put():
        floats[0] = v

    for write in (put, lambda: np.array([v], dtype=float), lambda: floats.fill(v), lambda: math.exp(v)):
        with pytest.raises(TypeError, match=r"would lose the derivative.*a NumPy array holds Values if made with dtype=object"):
            write()
    with pytest.raises(TypeError, match="dtype"):
        floats += values(floats)
    assert floats.tolist() == [0.0, 0.0]


COMPLEX = [np.complex64(1 + 2j), np.complex128(0.5), np.timedelta64(3, "s"), np.array([3]).view("m8")[0]]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("x", COMPLEX, ids=repr)
def test_no_imaginary_part_and_no_unit_is_left_out_unseen(x):
    w = Value(1.0)
    takers = [
        Value, w.__class__.constant, Expression.constant, lambda x: w * x, lambda x: Expression("x") + x, lambda x: w**x,
        lambda x: total(w, x), lambda x: leaky_relu(w, x), lambda x: grad(lambda y: y)(x), lambda x: values([x]),
        lambda x: optim.SGD([w], x), lambda x: losses.hinge(w, x), lambda x: values(np.array([x])),
        lambda x: grad(lambda y: total(y))(np.array([x])), lambda x: array([x]), lambda x: array(np.array([x])),
        lambda x: np.array([x, x]) * array([1.0, 2.0]), lambda x: array([[1.0, 2.0]]) @ np.array([x, x]),
    ]  # fmt: skip
    for take in takers:
        with pytest.raises(TypeError):
            take(x)
    for kind in ("m8[ns]", "M8[ns]", complex):
        with pytest.raises(TypeError, match=r"must be an array of real numbers, got one of (timedelta64|datetime64|complex128)"):
            values(np.array([1, 2], dtype=kind))
    with pytest.raises(TypeError, match="x must be a plain array, got a masked one; fill in its missing entries first"):
        values(np.ma.array([1.0, 2.0], mask=[False, True]), "x")


@pytest.mark.parametrize("f", [sigmoid, relu, exp, maximum, leaky_relu], ids=repr)
def test_an_array_given_to_a_function_of_numbers_is_told_of_elementwise(f):
    for whole in (np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0]])):
        with pytest.raises(TypeError, match=rf"(?s)\(array\(\[.*; for arrays of NumPy use arrays.elementwise\({f.name}\)"):
            f(whole)


# Functions of arrays.


def test_arrays_in_arrays_out():
    a = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    x = np.array([0.5, -1.0])
    assert (jacobian(lambda x: a @ x)(x) == a).all()
    assert jacobian(lambda x: a @ x**2)(x) == pytest.approx(a * 2 * x)
    assert (jacobian(lambda x: a[0] @ x)(x) == a[0]).all()
    assert (jacobian(lambda x: list(a @ x))(x)[2] == a[2]).all()
    assert hessian(lambda x: (x @ x) ** 2)(x) == pytest.approx(8 * np.outer(x, x) + 4 * (x @ x) * np.eye(2))
    assert hvp(lambda x: (x @ x) ** 2)(x, np.array([1.0, 0.0])) == pytest.approx(8 * x[0] * x + 4 * (x @ x) * np.eye(2)[0])
    value, tangent = jvp(lambda x: a @ x**2, (x,), (np.array([0.0, 1.0]),))
    assert value == pytest.approx(a @ x**2)
    assert tangent == pytest.approx(a[:, 1] * 2 * x[1])
    _, pull_back = vjp(lambda x: a @ x**2, x)
    assert pull_back(np.array([1.0, 0.0, 0.0]))[0] == pytest.approx(a[0] * 2 * x)


def test_shapes_of_jacobians_and_hessians():
    x = np.arange(6.0).reshape(2, 3)
    j = jacobian(lambda x: x[:, None] * np.ones((1, 4, 1)))(x)
    assert j.shape == (2, 4, 3, 2, 3)
    for index in np.ndindex(2, 4, 3):
        expected = np.zeros((2, 3))
        expected[index[0], index[2]] = 1.0
        assert (j[index] == expected).all()
    assert hessian(lambda x: np.sum(x**2))(x).shape == (2, 3, 2, 3)
    assert jacobian(lambda x: x[0, 0] ** 2)(x).shape == (2, 3)
    assert jacobian(lambda t: np.array([t, t**2]))(3.0).tolist() == [1.0, 6.0]
    by_name = jacobian(lambda p: p["a"] * p["t"])({"a": np.array([1.0, 2.0]), "t": 3.0})
    assert by_name["a"].tolist() == [[3.0, 0.0], [0.0, 3.0]]
    assert by_name["t"].tolist() == [1.0, 2.0]
    rows, columns = jacobian(lambda a, b: np.outer(a, b), (0, 1))(np.ones(2), np.ones(3))
    assert (rows.shape, columns.shape) == ((2, 3, 2), (2, 3, 3))


def test_arrays_of_values_stay_differentiable():
    x = values(np.array([1.0, 2.0]))
    slopes = grad(lambda x: np.sum(x**3))(x)
    assert slopes.dtype == object
    np.sum(slopes).backward()
    assert grads(x).tolist() == [6.0, 12.0]
    nested = grad(lambda x: np.sum(grad(lambda y: np.sum(x * y**2))(x) * x))(np.array([1.0, 2.0]))
    assert nested == pytest.approx(6.0 * np.array([1.0, 2.0]) ** 2)  # of 2 x³
    assert grad(lambda x: np.sum(x * stop_gradient(x)))(np.array([1.0, 2.0])).tolist() == [1.0, 2.0]


def test_a_function_that_gives_an_array_of_floats_is_refused():
    with pytest.raises(TypeError, match=r"the result of <lambda>\[0\] is the float 1.0 where a Value is needed"):
        jacobian(lambda x: np.ones(2))(X)
    with pytest.raises(TypeError, match="must be one Value, got the ndarray"):
        grad(lambda x: x * 2.0)(X)


def test_structure_of_arrays_is_checked():
    with pytest.raises(ValueError, match=r"there is no tangents\[0\]\[0, 2\] for primals\[0\]\[0, 2\]"):
        jvp(lambda x: np.sum(x), (X,), (X[:, :2],))


def test_containers_rebuild_arrays():
    container = Container([X, 1.0], "x")
    assert container.names()[-2:] == ["x[0][1, 2]", "x[1]"]
    again = container.rebuild(container.numbers)
    assert (again[0] == X).all()
    assert again[0].dtype == float


def test_numpy_is_not_imported_for_other_containers():
    script = "import sys; from autograd_tiny import arrays; from autograd_tiny.calculus import derivatives"
    script += "\nprint(derivatives.grad(abs)(-2.0), 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "-1.0 False\n"
