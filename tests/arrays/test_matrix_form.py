"""Derivatives in matrix form: every formula gives what the scalars give; what is written; what is refused."""

import json
import math
import re
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matrix_formulas import largest_difference
from random_arrays import random_program, recorded

from autograd_tiny import Value, array, derivation, explain, logsumexp, losses, maximum, minimum, nn, total
from autograd_tiny.engine.graph import adjoints
from autograd_tiny.formulas import read_formula
from autograd_tiny.text.numbers import short_number
from autograd_tiny.views.matrices.graph import MatrixGraph

ORACLES = Path(__file__).parents[1] / "oracles"
PYTORCH = json.loads((ORACLES / "pytorch.json").read_text(encoding="utf-8"))["arrays"]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_every_formula_of_a_random_program_gives_the_gradients_of_the_scalars(seed):
    leaves, loss = recorded(random_program(Random(seed)))
    assert largest_difference(loss, leaves) < 1e-10


def test_a_tidied_formula_keeps_the_rows_that_a_part_is_taken_of():
    """X - X + Y, tidied, is the one row Y, and Y[2] is none of its rows."""
    X, Y, W = array([[1, 2], [3, 4], [5, 6]], "X"), array([[1, 2]], "Y"), array([[1, 2], [3, 4], [5, 7]], "W")
    found = {"(X - X + Y)[2]": ((X - X + Y)[2] * W).sum(), "(0 · X + Y)[2]": ((X * 0.0 + Y)[2] * W).sum()}
    for text, loss in found.items():
        loss.label = "L"
        assert f"∂L/∂W = 𝟏 ⊙ {text}" in str(explain(loss, wrt=W))
        assert largest_difference(loss, [W]) < 1e-10


@pytest.mark.slow
def test_ten_thousand_random_programs():
    rng = Random(0)
    for _ in range(10_000):
        leaves, loss = recorded(random_program(rng))
        assert largest_difference(loss, leaves) < 1e-10


def test_gradients_of_random_programs_are_those_of_pytorch():
    assert len(PYTORCH) == 100
    for record in PYTORCH:
        leaves, loss = recorded(random_program(Random(record["seed"])))
        assert loss.data == pytest.approx(record["value"], rel=1e-13)
        loss.backward()
        for leaf, expected in zip(leaves, record["gradients"]):
            theirs = np.array(expected)
            assert np.abs(np.array(leaf.grad) - theirs).max() <= 1e-12 * max(1.0, np.abs(theirs).max())


@pytest.mark.parametrize("seed", range(40))
def test_explanations_of_random_programs_are_written_in_every_form(seed):
    leaves, loss = recorded(random_program(Random(seed)))
    for leaf in leaves:
        if leaf.node in MatrixGraph(loss, [leaf.node], {}).below:
            explanation = explain(loss, wrt=leaf)
            assert explanation.text.startswith(f"∂L/∂{leaf.label} = ")
            assert explanation.latex.count("{") == explanation.latex.count("}")
            assert explanation.mathml.count("<math") == len(explanation.latex_lines)
            last = [line for line in explanation.text.splitlines() if not line.startswith("with")][-1]
            number = next((d for d in np.array(gradient_of(loss, leaf)).flat if d), 0.0)
            assert float(last.split("= ")[-1]) == pytest.approx(number, rel=1e-3, abs=1e-300)


def gradient_of(loss, leaf):
    slopes = adjoints(loss)
    return [slopes.get(v, 0.0) for v in leaf.node.entries]


# What is written.


def network():
    X = array([[1.0, 2.0], [3.0, 4.0], [-1.0, 0.5]], "X")
    W1, b1 = array([[0.1, -0.2, 0.3, 0.4], [0.5, 0.6, -0.7, 0.8]], "W1"), array([0.1, 0.2, 0.3, 0.4], "b1")
    W2, b2 = array([[0.1, -0.2, 0.3], [0.5, 0.6, -0.7], [0.3, 0.2, 0.1], [1.0, 2.0, 3.0]], "W2"), array([0.0, 0.0, 0.0], "b2")
    return X, W1, b1, W2, b2


def test_a_network_in_matrix_form():
    X, W1, b1, W2, b2 = network()
    Z1 = X @ W1 + b1
    A1 = Z1.relu()
    Z2 = A1 @ W2 + b2
    A2 = Z2.softmax()
    L = losses.cross_entropy(A2, [0, 1, 2])
    assert str(explain(L, wrt=W1)) == """\
∂L/∂W1 = Xᵀ · ∂L/∂Z1   (2×4) = (2×3)(3×4)
∂L/∂Z1 = ∂L/∂A1 ⊙ step(Z1)   (3×4)
∂L/∂A1 = ∂L/∂Z2 · W2ᵀ   (3×4) = (3×3)(3×4)
∂L/∂Z2 = A2 ⊙ (∂L/∂A2 - Σ columns (∂L/∂A2 ⊙ A2))
       = (A2 - Y) / m   (3×3)
∂L/∂A2 = -(Y / (m · A2))   (3×3)
∂L/∂W1[0][0] = X[0][0] · ∂L/∂Z1[0][0] + X[1][0] · ∂L/∂Z1[1][0] + X[2][0] · ∂L/∂Z1[2][0]
             = 1 · 0.03399 + 3 · 0.1613 + (-1) · (-0.08988)
             = 0.6076
with m = 3"""
    assert r"\frac{A_{2} - Y}{m}\qquad (3 \times 3)" in explain(L, wrt=b2).latex
    assert str(explain(L, wrt=b2)).startswith("∂L/∂b2 = Σ rows ∂L/∂Z2   (3) from (3×3)\n")


def test_what_lies_between_named_arrays_is_one_formula():
    X, W1, b1, _, _ = network()
    L = ((X @ W1 + b1).tanh() ** 2).sum()
    L.label = "L"
    first = str(explain(L, wrt=W1)).splitlines()[0]
    assert first == "∂L/∂W1 = 2 · Xᵀ · (tanh(X · W1 + b1) ⊙ (1 - tanh(X · W1 + b1)²))   (2×4) = (2×3)(3×4)"


def test_labels_of_arrays_stand_before_variables():
    X, W1, b1, _, _ = network()
    hidden = X @ W1 + b1
    hidden.label = "H"
    L = hidden.sum()
    text = str(explain(L, wrt=W1))
    assert text.startswith("∂L/∂W1 = Xᵀ · ∂L/∂H   (2×4) = (2×3)(3×4)\n∂L/∂H = 𝟏   (3×4)\n")


def test_vectors_are_columns():
    W, x, b = array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "W"), array([1.0, 2.0], "x"), array([0.5, 0.0, -0.5], "b")
    z = W @ x + b
    E = losses.half_squared_error(z.sigmoid(), [1.0, 0.0, 1.0])
    assert str(explain(E, wrt=W)).startswith("∂E/∂W = ∂E/∂z · xᵀ   (3×2) = (3×1)(1×2)\n")
    assert str(explain(E, wrt=x)).startswith("∂E/∂x = Wᵀ · ∂E/∂z   (2) = (2×3)(3)\n")
    row = x @ W.T
    E = (row**2).sum()
    assert str(explain(E, wrt=x)).startswith("∂E/∂x = Wᵀ · ∂E/∂row   (2) = (2×3)(3)\n")


def test_a_product_that_is_transposed_keeps_its_shape():
    A, C = array([[1.0, 2.0], [3.0, -1.0], [0.5, 2.0], [1.0, 1.0]], "A"), array([[1.0], [2.0], [3.0], [-1.0]], "C")
    B, b = array([[1.0, 2.0, 3.0], [3.0, 5.0, 6.0]], "B"), array([1.0, 2.0, -1.0], "b")
    Z = (A @ (B + b)).T @ C
    L = (Z * Z).sum()
    assert str(explain(L, wrt=b)).startswith("∂L/∂b = Σ rows Aᵀ · C · (∂L/∂Z)ᵀ   (3) from (2×3)\n")
    assert str(explain(L, wrt=B)).startswith("∂L/∂B = Aᵀ · C · (∂L/∂Z)ᵀ   (2×3) = (2×4)(4×3)\n")


@pytest.mark.parametrize(
    ("numbers", "mean"),
    [([1.0, 2.0, 3.0], "2 · x / m   (3)"), ([[1.0], [2.0], [3.0]], "2 · x / m   (3×1)"), ([[1.0, 2.0, 3.0]], "2 · x / 3   (1×3)")],
)
def test_a_mean_is_over_the_samples_where_each_has_one_number(numbers, mean):
    x = array(numbers, "x")
    L = (x * x).mean()
    text = str(explain(L, wrt=x))
    assert text.startswith(f"∂L/∂x = {mean}\n")
    assert ("with m" in text) == ("/ m" in mean)


def test_what_was_repeated_is_summed_over_what_it_was_repeated_along():
    X, s = array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]], "X"), array([2.0], "s")
    sums = {"Σ rows X   (3)": [1.0, 2.0, 4.0], "Σ rows X   (1×3)": [[1.0, 2.0, 4.0]], "Σ columns X   (2×1)": [[1.0], [2.0]]}
    for written, numbers in {**sums, "Σ X   (1×1)": [[3.0]]}.items():
        factor = array(numbers, "c")
        L = (X * factor).sum()
        assert str(explain(L, wrt=factor)).startswith(f"∂L/∂c = {written} from (2×3)\n")
    L = (s * array([1.0, 2.0, 3.0], "v")).sum()
    assert str(explain(L, wrt=s)).startswith("∂L/∂s = Σ v   (1) from (3)\n")  # a vector is a column
    assert largest_difference(L, [s]) < 1e-12


def test_scalars_after_arrays_are_part_of_the_chain():
    X, W1, _, _, _ = network()
    S = (X @ W1).sum()
    factor = Value(2.0, "k")
    J = S * factor / 4.0 + W1[0][1] ** 2
    text = str(explain(J, wrt=W1))
    assert text.splitlines()[0].startswith("∂J/∂W1 = ")
    assert "at [0][1]" in text  # the entry that is used alone
    J.backward()
    assert W1[0][1].grad == pytest.approx(3.0 * 0.5 + 2.0 * -0.2)


def test_what_cancels_keeps_its_shape():
    b, W = array([1.0, 2.0, 3.0], "b"), array([[0.5], [0.25], [2.0]], "W")
    L = ((b - b + 1.0) @ W).sum()
    assert str(explain(L, wrt=W)).startswith("∂L/∂W = (b - b + 1) · ")
    X = array([[1.0, 2.0], [3.0, 4.0]], "X")
    L = (X - X + b[:2]).sum(axis=0) @ b[1:]
    text = str(explain(L, wrt=b))
    L.backward()
    assert float(text.split("= ")[-1].split("\n")[0]) == b[0].grad


def test_what_is_left_of_a_sum_that_cancels_is_no_difference():
    """0.2 + 0.1 - 0.3 by the scalars is 5.6e-17, rounded once 2.8e-17; the other entry has no path at all."""
    x, mask = array([1.0, 2.0], "x"), array([1.0, 0.0], "m")
    A, B, C = x * 0.3, x * 0.1, x * 0.2
    L = ((-A + B + C) * mask).sum()
    assert str(explain(L, wrt=x)).splitlines()[0] == "∂L/∂x = 0.2 · ∂L/∂C + 0.1 · ∂L/∂B + 0.3 · ∂L/∂A"
    assert adjoints(L)[x[0]] > 5e-17


def test_an_entry_is_written_without_terms_that_are_0():
    X = array([[1.0, 2.0], [3.0, 4.0]], "X")
    A, B = X[1] * 3.0, X * X
    L = A.sum() + B.sum()
    assert str(explain(L, wrt=X)).splitlines()[-3:] == [
        "∂L/∂X[0][0] = 2 · ∂L/∂B[0][0] · X[0][0]",
        "            = 2 · 1 · 1",
        "            = 2",
    ]
    L = (X * 0.0).sum()
    assert "∂L/∂X[0][0] = 0\n" in str(explain(L, wrt=X))


def test_a_long_sum_of_an_entry_is_shortened():
    X, w = array([[float(i), 1.0] for i in range(8)], "X"), array([0.5, -0.25], "w")
    z = X @ w
    L = losses.mean_squared_error(z, [0.0] * 8)
    lines = str(explain(L, wrt=w)).splitlines()
    assert "X[0][0] · ∂L/∂z[0] + X[1][0] · ∂L/∂z[1] + … + X[7][0] · ∂L/∂z[7]" in lines[2]


def test_the_number_of_samples_has_no_name_where_something_else_has_it():
    m, w = array([[1.0], [2.0]], "m"), array([0.5], "w")
    z = m @ w
    L = losses.hinge(z, [1.0, -1.0])
    text = str(explain(L, wrt=w))
    assert "with m" not in text
    assert " / 2)" in text.splitlines()[1]


def test_a_layer_of_a_network():
    model = nn.MLP([2, 3, 1], ["tanh", "sigmoid"], rng=Random(0))
    X = array([[0.5, 1.0], [1.0, -1.0]], "X")
    L = losses.binary_cross_entropy(model(X), [1.0, 0.0])
    text = str(explain(L, wrt=model.layers[1].weights))
    assert "∂L/∂layers[1].weights = " in text
    assert r"\mathrm{layers[1].weights}" in explain(L, wrt=model.layers[1].weights).latex


KNOWN = {
    "softmax and cross-entropy": (lambda z: z.softmax(), losses.cross_entropy, [0, 1, 2], "(A - Y) / m"),
    "the same, summed": (lambda z: z.softmax(), lambda a, y: losses.cross_entropy(a, y, batch="sum"), [0, 1, 2], "A - Y"),
    "sigmoid and binary": (lambda z: z.sigmoid(), losses.binary_cross_entropy, [[1.0, 0.0, 0.5]] * 3, "(A - Y) / m"),
    "cross-entropy from logits": (lambda z: z * 1.0, losses.cross_entropy_from_logits, [0, 1, 2], "(softmax(A) - Y) / m"),
    "binary from logits": (lambda z: z * 1.0, losses.binary_cross_entropy_from_logits, [[1.0, 0.0, 0.5]] * 3, "(sigmoid(A) - Y) / m"),
    "half squared error": (lambda z: z * 1.0, losses.half_squared_error, [[1.0, 0.0, 0.5]] * 3, "(A - Y) / m"),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_simplifications_are_found_and_hold(name):
    activation, loss, targets, expected = KNOWN[name]
    Z = array([[0.3, -0.4, 1.0], [2.0, 0.1, -1.0], [0.5, 0.25, -0.75]], "Z")
    A = activation(Z)
    A.label = "A"
    L = loss(A, targets)
    text = str(explain(L, wrt=Z))
    assert f"= {expected}   (3×3)" in text
    assert largest_difference(L, [Z]) < 1e-12


TARGETS = [[1.0, 0.0, 0.0], [0.25, 0.5, 0.25], [0.0, 0.0, 1.0]]
TYPED = {
    "E = -sum(Y*log(A)) / m": "(A - Y) / m",
    "E = -sum(Y*log(A)) / 3": "(A - Y) / 3",
    "E = sum(-Y*log(A))": "A - Y",
    "E = 2*sum(log(A)*Y)": "2 · (Y - A)",
    "L = -sum(Y*log(A), axis=1); E = mean(L)": "((-∂E/∂L) · 𝟏) ⊙ (Y - A)",
}


def typed(loss, targets=TARGETS):
    formula = read_formula(f"Z = X @ W; A = softmax(Z); {loss}")
    numbers = {"X": [[0.3, -1.2], [0.8, 0.5], [-0.4, 0.9]], "W": [[0.1, -0.4, 0.2], [0.5, 0.2, 0.1]], "Y": targets, "m": 3.0}
    return formula.record({name: numbers[name] for name in formula.inputs})


@pytest.mark.parametrize("loss", TYPED)
def test_a_cross_entropy_that_is_typed_is_as_simple_and_holds(loss):
    recorded = typed(loss)
    told = f"= {TYPED[loss]}   (3×3), as each row of Y adds up to 1"
    assert told in str(explain(recorded.output, wrt=recorded.arrays["Z"]))
    assert told in str(derivation(recorded.output, through="arrays"))
    assert largest_difference(recorded.output, [recorded.arrays[name] for name in ("Z", "W", "Y")]) < 1e-12


@pytest.mark.parametrize(
    ("loss", "targets"),
    [
        ("E = -sum(Y*log(A)) / m", [[1.0, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        ("E = -sum(Y**2*log(A)) / m", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        ("E = -sum(Y*log(A)) - sum(A**2)", TARGETS),
        ("E = -sum(Y*log(A) + log(A))", TARGETS),
        ("E = -sum(Y*log(A + 1))", TARGETS),
    ],
)
def test_a_loss_that_only_looks_like_it_is_not_simplified(loss, targets):
    recorded = typed(loss, targets)
    assert "adds up to 1" not in str(explain(recorded.output, wrt=recorded.arrays["Z"]))


def test_a_simplification_that_does_not_hold_is_not_written():
    Z = array([[0.3, -0.4], [2.0, 0.1]], "Z")
    A = Z.softmax()
    A.label = "A"
    E = losses.cross_entropy(A, [0, 1])
    B = A**2  # A is used twice
    B.label = "B"
    L = E + B.sum()
    assert "(A - Y)" not in str(explain(L, wrt=Z))
    L = losses.cross_entropy(A, [0, 1]) + (A**2).sum()  # twice in one formula: the two together hand on a sum
    assert "= (A - Y) / m + " in str(explain(L, wrt=Z))


def test_a_formula_that_does_not_give_the_gradient_is_never_shown(monkeypatch):
    from autograd_tiny.arrays import structure

    X, W = array([[1.0, 2.0]], "X"), array([[0.5, -0.5], [3.0, 4.0]], "W")
    L = (X @ W).sum()
    for wrong in (lambda slope: 2.0 * slope, lambda slope: slope * slope):  # in all entries; only in those that are not 1
        monkeypatch.setattr(structure.product, "pull", lambda g, out, a, b, wrong=wrong: (g @ b.T, wrong(a.T @ g)))
        with pytest.raises(ArithmeticError, match="the matrix form of the derivative by W does not give what the scalars give"):
            explain(L, wrt=W)


@pytest.mark.parametrize(
    ("call", "error", "complaint"),
    [
        (lambda X, W, L: explain(L, wrt=array([1.0], "q")), ValueError, "was not computed from q as a whole"),
        (lambda X, W, L: explain(X, wrt=W), TypeError, "only a recorded Value can be explained"),
        (lambda X, W, L: explain(L, wrt=W, through="all"), ValueError, "'named', 'arrays', 'all arrays' or a list of Arrays"),
        (lambda X, W, L: explain(L, wrt=W, digits=0), ValueError, "a float has 1 to 17 significant digits"),
    ],
)
def test_what_cannot_be_explained(call, error, complaint):
    X, W, _, _, _ = network()
    with pytest.raises(error, match=complaint):
        call(X, W, (X @ W).sum())


def test_changed_data_is_refused():
    X, W, _, _, _ = network()
    L = (X @ W).sum()
    W[0][0].data = 7.0
    with pytest.raises(ValueError, match="was changed afterwards"):
        explain(L, wrt=W)


def test_a_function_of_each_row_without_a_rule_is_explained_by_entry():
    X = array([[1.0, 2.0], [3.0, 5.0]], "X")
    L = maximum(X) * 2.0
    with pytest.raises(TypeError, match=r"maximum has no derivative in matrix form; explain the derivative by one entry, W\[0\]\[1\]"):
        explain(L, wrt=X)
    assert "2" in str(explain(L, wrt=X[1][1]))


@pytest.mark.parametrize(
    ("function", "spread", "of"),
    [
        (maximum, " · 𝟏", "X[0][0], X[0][1], X[1][0], X[1][1]"), (minimum, " · 𝟏", "X[0][0], X[0][1], X[1][0], X[1][1]"),
        (logsumexp, "", "X[0][0], X[0][1]"),
    ],
)  # fmt: skip
def test_a_function_of_all_entries_is_one_number_and_one_of_each_row_a_vector(function, spread, of):
    X, w = array([[1.0, -2.0], [3.0, 5.0]], "X"), array([0.5, 4.0], "w")
    L = total(function(X) * w)
    L.label = "L"
    lines = str(explain(L, wrt=w)).splitlines()
    assert lines[:2] == [f"∂L/∂w = {function.name}(X){spread}   (2)", f"∂L/∂w[0] = {function.name}({of})"]
    assert lines[-1].strip() == f"= {short_number(function(*[1.0, -2.0, 3.0, 5.0][: len(of.split())]))}"


def test_python_sums_of_entries_are_followed_too():
    X, W, _, _, _ = network()
    Z = X @ W
    L = total([Z[i][0] for i in range(3)])
    text = str(explain(L, wrt=W))
    assert "∂L/∂W" in text
    assert math.isfinite(float(re.findall(r"= (\S+)$", text, re.MULTILINE)[-1]))
