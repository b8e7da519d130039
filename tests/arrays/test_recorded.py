"""Arrays: the scalars they consist of, their shapes, what they refuse."""

import copy
import math
import pickle
import re

import numpy as np
import pytest

from autograd_tiny import (
    Array,
    Constant,
    Expression,
    MultiPrimitive,
    Primitive,
    Value,
    array,
    dot,
    exp,
    gradient,
    label_locals,
    leaky_relu,
    logsumexp,
    maximum,
    mean,
    minimum,
    power,
    sigmoid,
    softmax,
    total,
    where,
)
from autograd_tiny.arrays import shapes
from autograd_tiny.calculus.derivatives import grad, value_and_grad
from autograd_tiny.engine.refusals import ValueRefusedError

NUMBERS = [[1.0, -2.0, 0.5], [3.0, 0.25, -1.5]]


def matrix(label="X"):
    return array(NUMBERS, label)


def numbers(x):
    """What NumPy compares: the data of an Array or of a Value."""
    return np.array(x.data)


# Made, and taken apart.


@pytest.mark.parametrize("data", [NUMBERS, tuple(map(tuple, NUMBERS)), np.array(NUMBERS), array(NUMBERS)])
def test_an_array_is_made_of_whatever_has_rows(data):
    x = array(data, "X")
    assert x.shape == (2, 3)
    assert x.ndim == 2
    assert x.data == NUMBERS
    assert [[v.label for v in row] for row in x] == [[f"X[{i}][{j}]" for j in range(3)] for i in range(2)]


def test_a_vector_and_whole_numbers():
    b = array([1, 2], "b")
    assert b.shape == (2,)
    assert b.data == [1.0, 2.0]
    assert [type(v) for v in b] == [Value, Value]
    assert b[1].label == "b[1]"
    assert array(np.array([1, 2], dtype=np.int8)).data == [1.0, 2.0]


def test_numbers_beside_values_are_constants_and_values_stay_what_they_are():
    w = Value(2.0, "w")
    x = array([[w, 1], [0.0, w * w]])
    assert x[0][0] is w
    assert x[0][1].__class__ is Constant
    assert x[1][1].op.name == "mul"
    assert array([[Expression("e"), 2.0]])[0][1].constant_value == 2.0


def test_entries_by_every_kind_of_index():
    x, n = matrix(), np.array(NUMBERS)
    assert x[1][2] is x[1, 2] is x[-1, -1] is x[np.int64(1), 2]
    columns = [(slice(None), 1), (0, slice(None, None, -1)), (slice(None), slice(0, 3, 2)), (slice(0, 2), slice(1, 3))]
    for key in [0, -1, slice(1, None), *columns]:
        assert x[key].data == n[key].tolist(), key
        assert x[key].shape == n[key].shape
    assert [row.data for row in x] == NUMBERS
    assert len(x) == 2
    assert x[0][1:].data == [-2.0, 0.5]
    assert x.T.T[0][1] is x[0][1]
    assert (b := array([1, 2])).T is b


def test_what_numpy_makes_of_it():
    x = matrix()
    objects = np.asarray(x)
    assert objects.dtype == object
    assert objects.shape == (2, 3)
    assert objects[1, 2] is x[1][2]
    assert (np.array(x.data) == np.array(NUMBERS)).all()
    for kind in (float, "float32", np.int64):
        with pytest.raises(ValueRefusedError, match=r"would lose the derivatives; take its numbers, W\.data"):
            np.asarray(x, dtype=kind)
    assert np.asarray(x, dtype=object)[0, 0] is x[0][0]


# What is done to it: the numbers are NumPy's, the gradients those of the scalars.

OTHERS = [
    2.0, Value(0.7, "v"), array([0.5, 1.5, -1.0], "b"), array([[2.0], [-0.5]], "c"), np.array(NUMBERS) + 3.0, [[1.0, 2.0, 3.0]],
    np.float64(1.5),
]  # fmt: skip


@pytest.mark.parametrize("operate", [lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y, lambda x, y: x / y])
@pytest.mark.parametrize("other", OTHERS)
def test_arithmetic_is_entry_by_entry_in_both_orders(operate, other):
    x, data = matrix(), np.array(getattr(other, "data", other) if not isinstance(other, np.ndarray) else other)
    for result, expected in [(operate(x, other), operate(np.array(NUMBERS), data)), (operate(other, x), operate(data, np.array(NUMBERS)))]:
        assert isinstance(result, Array)
        assert numbers(result) == pytest.approx(expected)


FUNCTIONS = {
    "negative": (lambda x: -x, lambda x: -x),
    "square": (lambda x: x**2, lambda x: x**2),
    "a power of two": (lambda x: (x * x + 1.0) ** 0.5, lambda x: (x * x + 1.0) ** 0.5),
    "a Value as exponent": (lambda x: (x * x) ** Value(1.5), lambda x: (x * x) ** 1.5),
    "absolute": (abs, abs),
    "a method": (lambda x: x.exp(), np.exp),
    "a function": (exp, np.exp),
    "a family": (lambda x: leaky_relu(x, 0.1), lambda x: np.where(x > 0, x, 0.1 * x)),
    "a power by name": (lambda x: power(x, 3), lambda x: x**3),
    "where": (lambda x: where(x > 0.3, x, x**2), lambda x: np.where(x > 0.3, x, x**2)),
    "where of a Value": (lambda x: where(Value(1.0), x, 0.0), lambda x: x),
    "a comparison": (lambda x: x * (x > 0.4), lambda x: x * (x > 0.4)),
    "the larger": (lambda x: maximum(x, 0.3), lambda x: np.maximum(x, 0.3)),
    "softmax": (softmax, lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)),
    "softmax method": (lambda x: x.softmax(), lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)),
    "logsumexp": (logsumexp, lambda x: np.log(np.exp(x).sum(axis=1))),
    "transpose": (lambda x: x.T, lambda x: x.T),
    "sums": (lambda x: x.sum(axis=0) * x.mean(axis=0) + x.sum(), lambda x: x.sum(axis=0) * x.mean(axis=0) + x.sum()),
    "sums of rows": (lambda x: x.sum(axis=1) * x.mean(axis=-1) - x.mean(), lambda x: x.sum(axis=1) * x.mean(axis=1) - x.mean()),
    "total and mean": (lambda x: x * total(x) + mean(x), lambda x: x * x.sum() + x.mean()),
    "extremes": (lambda x: x * maximum(x) - minimum(x), lambda x: x * x.max() - x.min()),
    "matrix product": (lambda x: x @ x.T @ x, lambda x: x @ x.T @ x),
    "matrix and vector": (lambda x: x @ x[0] + x.T[1] @ x @ x.T, lambda x: x @ x[0] + x.T[1] @ x @ x.T),
    "vectors": (lambda x: (x[0] @ x[1]) * x, lambda x: (x[0] @ x[1]) * x),
    "lists": (lambda x: [[1.0, 2.0]] @ x, lambda x: np.array([[1.0, 2.0]]) @ x),
    "a NumPy array on the left": (lambda x: np.eye(2) @ x, lambda x: x),
    "dot": (lambda x: x * dot(x[0], [1.0, 2.0, 3.0], 0.5), lambda x: x * (x[0] @ [1.0, 2.0, 3.0] + 0.5)),
    "sum of a list": (lambda x: sum([x, x.exp()]), lambda x: x + np.exp(x)),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_have_numpys_numbers_and_the_derivatives_of_differences(name):
    ours, theirs = FUNCTIONS[name]
    x, point = matrix(), np.array(NUMBERS)
    result = ours(x)
    assert numbers(result) == pytest.approx(theirs(point), rel=1e-14)
    weights = np.cos(np.arange(numbers(result).size)).reshape(numbers(result).shape)
    (result * weights).sum().backward()
    for i, j in np.ndindex(2, 3):
        up, down = point.copy(), point.copy()
        up[i, j] += 1e-6
        down[i, j] -= 1e-6
        difference = ((theirs(up) - theirs(down)) * weights).sum() / 2e-6
        assert x.grad[i][j] == pytest.approx(difference, rel=1e-6, abs=1e-8)


def test_comparisons_record_one_or_zero():
    x, n = matrix(), np.array(NUMBERS)
    for compare in [lambda a: a < 0.5, lambda a: a <= 0.5, lambda a: a > 0.5, lambda a: a >= 0.5, lambda a: a == 0.5, lambda a: a != 0.5]:
        assert compare(x).data == (compare(n) * 1.0).tolist()
        assert isinstance(compare(x), Array)
    assert (Value(0.5) < x).data == [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]


def test_a_product_is_one_dot_for_each_entry():
    x, w = matrix(), array([[1.0], [2.0], [3.0]], "W")
    z = x @ w
    assert [v.op.name for row in z for v in row] == ["dot", "dot"]
    assert z[1][0].operands == (*x[1], *w.T[0])


def test_a_function_of_many_operands_of_ones_own_works_by_row():
    both = MultiPrimitive("both", lambda x, y: (x + y, x - y), lambda out, i, x, y: (1.0, 1.0 if i == 0 else -1.0))
    difference = Primitive("spread", lambda *xs: max(xs) - min(xs), lambda out, *xs: [0.0] * len(xs))
    x = array([[1.0, 2.0], [3.0, 5.0]])
    assert both(x).data == [[3.0, -1.0], [8.0, -2.0]]
    assert difference(x).data == [1.0, 2.0]
    assert both(x[1]).data == [8.0, -2.0]
    assert [type(x[1].by_row(row)).__name__ for row in (difference, logsumexp)] == ["Reduced", "Reduced"]
    assert (difference(x[1]).data, logsumexp(x[1]).data) == (2.0, pytest.approx(5.0 + math.log1p(math.exp(-2.0))))


@pytest.mark.parametrize(
    ("thing", "axis", "expected"),
    [
        (array([1.0, 2.0, 6.0]), None, 9.0),
        (array([1.0, 2.0, 6.0]), 0, 9.0),
        (array([1.0, 2.0, 6.0]), -1, 9.0),
        (array([[1.0, 2.0, 6.0]]), None, 9.0),
        (array([[1.0, 2.0, 6.0]]), 0, [1.0, 2.0, 6.0]),
        (array([[1.0, 2.0, 6.0]]), -2, [1.0, 2.0, 6.0]),
        (array([[1.0, 2.0, 6.0]]), 1, [9.0]),
        (array([[1.0, 2.0, 6.0]]), -1, [9.0]),
    ],
)
def test_sums_and_means_over_every_axis(thing, axis, expected):
    assert thing.sum(axis=axis).data == expected
    n = 3.0 if expected in (9.0, [9.0]) else 1.0
    assert thing.mean(axis=axis).data == ([x / n for x in expected] if isinstance(expected, list) else expected / n)


def test_a_scalar_of_arrays_is_a_value_in_every_respect():
    x = matrix()
    loss = (x * x).sum() / 2.0
    assert isinstance(x.sum(), Value)
    assert repr(x.sum()) == "Value(1.25, op=total)"
    named = x.sum()
    named.label = "Reduced"
    assert repr(named) == "Value(1.25, 'Reduced', op=total)"
    loss.backward()
    assert x.grad == NUMBERS
    assert [d.data for d in gradient(x.mean(), [x[0][0]])] == [pytest.approx(1 / 6)]
    twin = copy.deepcopy(x.sum())
    assert twin.data == 1.25
    assert twin.operands[0] is not x[0][0]


def test_arrays_of_formulas():
    a = [[Expression(f"a{i}{j}") for j in range(2)] for i in range(2)]
    z = softmax(array(a) @ array([1.0, 2.0], "b").data + 1.0)
    values = {a[i][j]: 0.5 * i - j for i in range(2) for j in range(2)}
    point = np.array([[0.5 * i - j for j in range(2)] for i in range(2)]) @ [1.0, 2.0] + 1.0
    assert [e.evaluate(values) for e in z] == pytest.approx((np.exp(point) / np.exp(point).sum()).tolist())
    assert isinstance(array(a).sum(), Expression)
    with pytest.raises(TypeError, match="an Expression combines with numbers and Expressions"):
        array(a) + matrix()[:, :2]


# Containers: what holds Values finds those in Arrays.


def test_derivatives_of_functions_of_arrays():
    f = lambda w, b: ((w @ [1.0, 2.0, -1.0] + b) ** 2).sum()  # noqa: E731
    w, b = np.array(NUMBERS), np.array([0.5, 1.0])
    value, (dw, db) = value_and_grad(f, (0, 1))(array(NUMBERS), array([0.5, 1.0]))
    z = w @ [1.0, 2.0, -1.0] + b
    assert value.data == pytest.approx((z**2).sum())
    assert numbers(dw) == pytest.approx(np.outer(2 * z, [1.0, 2.0, -1.0]))
    assert numbers(db) == pytest.approx(2 * z)
    assert isinstance(grad(lambda w: (w**3).sum())(array(NUMBERS)), Array)  # Values in, Values out, to be differentiated again


def test_variables_name_entries_by_their_places():
    z = matrix("") @ [1.0, 2.0, 3.0]
    unlabelled = array([[Value(1.0)]])
    label_locals()
    assert z[1].label == "z[1]"
    assert repr(matrix()[0]) == "array([1, -2, 0.5], 'X[0]')"
    assert repr(matrix().T[1:]) == "array([[ -2, 0.25],\n       [0.5, -1.5]], 'X.T[1:]')"
    assert unlabelled[0][0].label == "unlabelled[0][0]"


def test_a_deep_copy_has_entries_of_its_own_and_pickle_takes_leaves():
    x = matrix()
    z = x @ x.T
    twin = copy.deepcopy(z)
    assert twin.data == z.data
    assert twin[0][0] is not z[0][0]
    assert twin.node.operands[0].entries[0] is twin[0][0].operands[0]  # arrays and scalars of the copy belong together
    again = pickle.loads(pickle.dumps(x))
    assert again.data == NUMBERS
    assert again.label == "X"
    with pytest.raises(TypeError, match="part of a graph, which pickle does not take"):
        pickle.dumps(z)


# Labels.


def test_a_label_names_the_whole_and_the_entries_that_have_none():
    own = Value(1.0, "own")
    z = array([own, own * own, own + 1.0])
    z.label = "z"
    assert [v.label for v in z] == ["own", "z[1]", "z[2]"]
    z.label = "y"
    assert [v.label for v in z] == ["own", "y[1]", "y[2]"]
    z.label = ""
    assert [v.label for v in z] == ["own", "", ""]
    assert (matrix() @ [1.0, 2.0, 3.0])[0].label == ""  # what was only computed has none


def test_labels_of_entries_and_of_the_whole_may_be_the_same():
    from autograd_tiny.symbols.naming import names

    w, x = Value(1.0, "W"), array([[2.0]], "W")
    other = Value(3.0, "W[0][0]")
    called = names(w * x[0][0] * other)
    assert called[w] == "W"
    assert {called[x[0][0]], called[other]} == {"W[0][0]", "W[0][0]#2"}


# Shown.


def test_how_an_array_is_written():
    assert repr(matrix()) == "array([[1,   -2,  0.5],\n       [3, 0.25, -1.5]], 'X')"
    assert repr(array([1.0, 0.123456])) == "array([1, 0.1235])"
    assert repr(array([[Expression("e") * 2.0]])) == "array([[e * 2]])"
    large = repr(array([[float(i * j) for j in range(40)] for i in range(50)], "big"))
    assert large.endswith("], 'big', shape=50×40)")
    assert len(large.splitlines()) == 13
    assert "…" in large


def test_a_table_for_notebooks_escapes_names():
    html = array([[1.0, 2.5]], "<W>")._repr_html_()
    assert "&lt;W&gt; <small>(1×2)</small>" in html
    assert "<td>2.5</td>" in html


def test_long_vectors_have_a_gap():
    text = repr(array(list(range(30))))
    assert text.startswith("array([0, 1, 2, 3, 4, 5, …, 24,")
    assert text.endswith("shape=30)")


# What is refused.


@pytest.mark.parametrize(
    ("data", "error", "complaint"),
    [
        ([[1, 2], [3]], ValueError, "array 'X' is ragged: row 0 has length 2, row 1 has length 1"),
        ([], ValueError, "array 'X' would be empty; it needs at least one entry"),
        ([[]], ValueError, "array 'X' would be empty"),
        ([[1, 2], []], ValueError, "ragged: row 0 has length 2, row 1 has length 0"),
        ([[[1]]], ValueError, r"array 'X' has three dimensions: \[0\]\[0\] is \[1\]"),
        (np.zeros((2, 2, 2)), ValueError, "array 'X' has three dimensions"),
        (np.array(3.0), TypeError, "array 'X' is made of a list of numbers, or of rows"),
        (3.0, TypeError, "a number alone is a Value"),
        ("12", TypeError, "array 'X' is made of a list"),
        ([1, [2]], TypeError, "entry 0 is 1, and others are rows"),
        ([["a"]], TypeError, r"entry \[0\]\[0\] of array 'X' must be a number, a Value or an Expression; got the str 'a'"),
        ([None], TypeError, r"entry \[0\] of array 'X' must be a number"),
        ([[1.0, math.nan]], ValueError, r"entry \[0\]\[1\] of array 'X' must be finite, got nan"),
        ([2**53 + 1], ValueError, r"entry \[0\] of array 'X' is a float, and no float equals"),
        ([Value(1.0), Expression("e")], TypeError, "array 'X' holds Values and Expressions"),
    ],
)
def test_what_is_no_array(data, error, complaint):
    with pytest.raises(error, match=complaint):
        array(data, "X")


def test_a_label_is_a_string():
    with pytest.raises(TypeError, match="a label is a string, got 3"):
        array([1.0], 3)


X, W, V = matrix(), array([[1.0, 2.0], [3.0, 4.0]], "W"), array([1.0, 2.0], "v")


@pytest.mark.parametrize(
    ("operate", "error", "complaint"),
    [
        (lambda: X @ X, ValueError, r"X @ X: X is 2×3 and X is 2×3; the columns of the left, 3, must .*, 2; X @ X.T would fit, 2×3 by 3×2"),
        (lambda: X @ W, ValueError, r"X is 2×3 and W is 2×2; .*; X.T @ W would fit, 3×2 by 2×2"),
        (lambda: X @ V, ValueError, r"X is 2×3 and v is 2; .*; X.T @ v would fit, 3×2 by 2 and v @ X would fit, 2 by 2×3"),
        (lambda: X @ [1.0, 2.0, 3.0, 4.0], ValueError, "no transpose of them fits either"),
        (lambda: X @ 2.0, TypeError, "@ is the product of two Arrays, got 2.0; times a number is *"),
        (lambda: Value(2.0) @ X, TypeError, "@ is the product of two Arrays, got Value"),
        (lambda: X + W, ValueError, "add: X is 2×3 and W is 2×2; entry by entry the shapes must be equal"),
        (lambda: X * X.T, ValueError, r"mul: X is 2×3 and X.T is 3×2; .*; X.T would fit"),
        (lambda: X - V, ValueError, r"v is 2; .*; for one entry of v per row of X make it a column: array\(\[v\]\).T; X.T would fit"),
        (lambda: dot(W, W), TypeError, r"dot takes two vectors, got shapes 2×2 and 2×2; of matrices write W @ x"),
        (lambda: X**W, TypeError, r"the Array 'W' is an exponent; .* entry by entry write exp\(B \* log\(A\)\)"),
        (lambda: 2.0**X, TypeError, "the Array 'X' is an exponent"),
        (lambda: power(X, V), TypeError, "the Array 'v' is an exponent"),
        (lambda: 1 if X > 0 else 2, ValueRefusedError, r"is neither true nor false; ask one entry, .* where\(W > 0, x, y\)"),
        (lambda: float(X), ValueRefusedError, r"the Array 'X' is no single number"),
        (lambda: X.backward(), TypeError, "the Array 'X' has shape 2×3; backward starts at one number"),
        (lambda: X.__setitem__(0, V), TypeError, "the entries of the Array 'X' are not replaced"),
        (lambda: X[0].__setitem__(1, Value(1.0)), TypeError, r"W\[0\]\[1\].data = 0.5, and compute again"),
        (lambda: X[2], IndexError, "the Array 'X' has shape 2×3; there is no row 2"),
        (lambda: X[0, -4], IndexError, "there is no column -4"),
        (lambda: X[0, 1, 2], IndexError, r"takes no more than 2 indices, got \(0, 1, 2\)"),
        (lambda: X[5:], IndexError, r"the Array 'X'\[5:\] holds no entry"),
        (lambda: X["a"], TypeError, "an index of the Array 'X' is a whole number or a slice, got 'a'"),
        (lambda: X[True], TypeError, "an index of the Array 'X' is a whole number or a slice, got True"),
        (lambda: X.sum(axis=2), ValueError, r"its axis is 0 \(over rows\), 1 \(over columns\) or None \(over all\), got 2"),
        (lambda: V.mean(axis=1), ValueError, "its axis is None or 0, got 1"),
        (lambda: softmax(X, X), TypeError, r"softmax works on the rows of one Array, got 2 arguments; stack them: array\(\[a, b\]\)"),
        (lambda: softmax([X, X]), TypeError, r"softmax works on the rows of one Array, got 2 arguments; stack them: array\(\[a, b\]\)"),
        (lambda: X + "a", TypeError, "unsupported operand"),
        (lambda: X * [[1.0, 2.0], [3.0]], ValueError, "a list beside an Array is ragged"),
        (lambda: X ^ 2, TypeError, r"\^ is no power in Python"),
        (lambda: round(X), ValueRefusedError, "is no single number"),
    ],
)  # fmt: skip
def test_what_is_refused_with_a_remedy(operate, error, complaint):
    with pytest.raises(error, match=complaint):
        operate()


def test_the_transposes_that_are_offered_do_fit():
    known = {"X": X, "W": W, "c": array([[1.0], [2.0]], "c"), "v": V}
    known |= {f"{name}.T": a.T for name, a in known.items()}
    said = [refusal_of(a, b) for a in known.values() for b in known.values()]
    offers = [found for text in said for found in re.findall(r"(\S+) @ (\S+) would fit, (\S+ by \d+(?:×\d+)?)", text)]
    assert len(offers) > 20
    for left, right, sizes in offers:
        assert sizes == f"{shapes.written(known[left].shape)} by {shapes.written(known[right].shape)}"
        known[left] @ known[right]


def refusal_of(a, b):
    try:
        a @ b
    except ValueError as error:
        return str(error)
    return ""


def test_shapes_that_fit_by_accident_give_what_numpy_gives():
    row, column = array([[1.0, 2.0]]), array([[1.0], [3.0]])
    assert (row + column).data == [[2.0, 3.0], [4.0, 5.0]]
    assert shapes.written((row + column).shape) == "2×2"


def test_an_entry_that_overflows_says_which_operation():
    with pytest.raises(OverflowError, match=r"exp\(X\[0\]\[0\] = 1000.0\)"):
        exp(array([[1000.0]], "X"))


def test_arrays_of_one_entry():
    assert sigmoid(array([[0.0]])).data == [[0.5]]
    assert (2.0 * array([0.5]) + [1.0]).data == [2.0]
    assert str((array([Expression("e")]) * 2.0)[0]) == "e * 2"
