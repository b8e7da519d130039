"""Derivations in matrix form: what is given, forward with shapes, each derivative once by those before it, updates."""

import json
import math
import re
import shutil
import subprocess
from random import Random

import numpy as np
import pytest
from random_arrays import random_program, recorded

from autograd_tiny import Value, array, derivation, losses, nn
from autograd_tiny.marking.pages import read_page


def network():
    X, Y = array([[1.0, 2.0], [3.0, 4.0], [-1.0, 0.5]], "X"), [[1.0], [0.0], [1.0]]
    W1, b1 = array([[0.1, -0.2], [0.5, 0.6]], "W1"), array([0.1, 0.2], "b1")
    W2 = array([[0.5], [-0.25]], "W2")
    Z1 = X @ W1 + b1
    A1 = Z1.tanh()
    O = A1 @ W2  # noqa: E741
    for x, label in ((Z1, "Z1"), (A1, "A1"), (O, "O")):
        x.label = label
    E = losses.half_squared_error(O, Y)
    E.label = "E"
    return X, W1, b1, W2, A1, E


def test_a_network_written_out():
    _, W1, b1, *_, E = network()
    assert str(derivation(E, wrt=[W1, b1], learning_rate=0.5, digits=3)) == """\
Given

X = [[1, 2], [3, 4], [-1, 0.5]]
W1 = [[0.1, -0.2], [0.5, 0.6]]
b1 = [0.1, 0.2]
W2 = [[0.5], [-0.25]]
Y = [[1], [0], [1]]
m = 3
η = 0.5

Forward

Z1 = X · W1 + b1   (3×2) = (3×2)(2×2) + (2) = [[1.2, 1.2], [2.4, 2], [0.25, 0.7]]
A1 = tanh(Z1)   (3×2) = [[0.834, 0.834], [0.984, 0.964], [0.245, 0.604]]
O = A1 · W2   (3×1) = (3×2)(2×1) = [[0.208], [0.251], [-0.0286]]
E = 0.5 · Σ (O - Y)² / m = 0.291

Backward

∂E/∂O = (O - Y) / m   (3×1) = [[-0.264], [0.0836], [-0.343]]
∂E/∂A1 = ∂E/∂O · W2ᵀ   (3×2) = (3×1)(1×2) = [[-0.132, 0.066], [0.0418, -0.0209], [-0.171, 0.0857]]
∂E/∂Z1 = ∂E/∂A1 ⊙ (1 - A1²)   (3×2) = [[-0.0402, 0.0201], [0.00135, -0.00148], [-0.161, 0.0544]]
∂E/∂W1 = Xᵀ · ∂E/∂Z1   (2×2) = (2×3)(3×2) = [[0.125, -0.0387], [-0.156, 0.0615]]
∂E/∂b1 = Σ rows ∂E/∂Z1   (2) from (3×2) = [-0.2, 0.0731]

Update

W1' = W1 - η ∂E/∂W1 = [[0.0375, -0.181], [0.578, 0.569]]
b1' = b1 - η ∂E/∂b1 = [0.2, 0.163]"""


def test_numbers_are_those_of_the_scalars_and_every_derivative_stands_once_behind_what_it_needs():
    _, W1, b1, W2, A1, E = network()
    text = derivation(E, through="arrays", digits=17).text
    E.backward()
    for x, name in ((W1, "W1"), (b1, "b1"), (W2, "W2"), (A1, "A1")):
        shown = re.findall(rf"(?m)^∂E/∂{name}\b[^∂]*∂E[^=]*=? ?[^\[]*?(?:\n +)?= (\[.*\])$", text)
        (numbers,) = shown
        assert np.allclose(np.array(json.loads(numbers)), np.array(x.grad), rtol=1e-15)
    lefts = re.findall(r"(?m)^(∂E/∂\w+)", text)
    assert len(lefts) == len(set(lefts))
    for number, line in enumerate(re.findall(r"(?m)^∂E/∂\w+ += (.*)$", text)):
        assert set(re.findall(r"∂E/∂\w+", line)) <= set(lefts[:number])


def test_a_derivative_waits_for_all_that_uses_its_array():
    x, W, V = array([1.0, -0.5], "x"), array([[0.5, 1.0], [2.0, 0.25]], "W"), array([[1.0, 0.0], [3.0, 1.0]], "V")
    a = (W @ x).tanh()
    b = V @ a
    c = a * 2.0
    L = (b * c).sum() + a.sum()
    lefts = re.findall(r"(?m)^(∂L/∂\w+)", derivation(L, wrt=[W, V]).text)
    assert sorted(lefts) == ["∂L/∂V", "∂L/∂W", "∂L/∂a", "∂L/∂b", "∂L/∂c"]
    assert lefts.index("∂L/∂a") > max(lefts.index("∂L/∂b"), lefts.index("∂L/∂c"))
    assert lefts.index("∂L/∂W") > lefts.index("∂L/∂a")


def test_what_is_given_and_in_which_order():
    _, W1, _, W2, A1, E = network()
    assert [s.title for s in derivation(E, wrt=W2).sections] == ["Given", "Forward", "Backward"]
    assert "∂E/∂W1" not in derivation(E, wrt=W2).text
    through = derivation(E, wrt=[W1, A1], through=[A1]).text
    assert "Z1" not in through
    assert "A1 = tanh(X · W1 + b1)" in through
    s = Value(2.0, "s")
    L = s * E
    L.label = "L"
    both = derivation(L, wrt=[W1, s], learning_rate=1.0).text
    assert "∂L/∂s = E = 0.2913" in both
    assert "s' = s - η ∂L/∂s = 1.709" in both
    big = array([[0.5] * 7] * 7, "big")
    L = big.sum()
    L.label = "L"
    assert derivation(L, wrt=big).text.splitlines()[-1] == "∂L/∂big = 𝟏   (7×7)"


def test_in_latex_and_html():
    _, W1, b1, *_, E = network()
    written = derivation(E, wrt=[W1, b1], learning_rate=0.5)
    assert r"&= \begin{pmatrix} 1.2 & 1.2 \\ 2.4 & 2 \\ 0.25 & 0.7 \end{pmatrix}" in written.markdown
    assert r"\frac{\partial E}{\partial W_{1}} &= X^{T} \cdot \frac{\partial E}{\partial Z_{1}}\qquad (2 \times 2)" in written.latex
    assert r"\left(0.1, 0.2\right)" in written.latex
    assert written.html.count("<mtable>") >= 10


def test_a_page_that_can_be_marked_is_in_matrices(tmp_path):
    _, W1, b1, *_, E = network()
    page = derivation(E, wrt=[W1, b1], learning_rate=0.5).save(tmp_path / "page.toml")
    text = page.read_text(encoding="utf-8")
    assert "Z1 = X @ W1 + b1\nA1 = tanh(Z1)\nO = A1 @ W2\nE = 0.5 * sum((O - Y) ** 2) / 3\n" in text
    assert "W2 = [[0.5], [-0.25]]\n" in text
    assert '"E/W1 = [[0.125, -0.03872], [-0.1556, 0.06154]]"' in text
    assert '"b1\' = [0.2, 0.1635]"' in text
    report = read_page(page).mark()
    assert report.counts == {"right": 43}


@pytest.mark.parametrize("seed", range(12))
def test_pages_of_random_programs_are_right(seed, tmp_path):
    _, loss = recorded(random_program(Random(seed)))
    text = derivation(loss, through="all arrays", digits=9).toml
    assert "[[" in text.partition("[inputs]")[2]
    (tmp_path / "page.toml").write_text(text, encoding="utf-8")
    assert set(read_page(tmp_path / "page.toml").mark().counts) <= {"right", "rounded"}


def test_what_formulas_have_no_word_for_is_a_page_of_scalars(tmp_path):
    x = array([[1.0, -2.0], [0.5, 3.0]], "x")
    y = x[::-1].sum()
    y.label = "y"
    text = derivation(y, wrt=[x]).toml
    assert "y = " in text
    (tmp_path / "page.toml").write_text(text, encoding="utf-8")
    assert set(read_page(tmp_path / "page.toml").mark().counts) == {"right"}


@pytest.mark.parametrize("number", [math.inf, math.nan])
def test_a_number_that_no_page_can_hold_is_named(number):
    x = array([[1.0, 2.0]], "x")
    x[0][1].data = number
    y = (x * 2.0).sum()
    y.label = "y"
    with pytest.raises(ValueError, match=rf"derivation: x_0_1 is {number}, and a page that can be marked holds numbers from"):
        derivation(y, wrt=x).toml  # noqa: B018


def test_the_learning_rate_has_a_name_of_its_own():
    x, weights = array([1.0, 2.0], "x"), [Value(3.0, label) for label in ("η", "rate", "learning rate", "x'")]
    y = (x * math.prod(weights)).sum()
    y.label = "y"
    text = derivation(y, wrt=[x], learning_rate=0.1).text
    assert "rate 2 = 0.1\n" in text
    assert "x (new) = x - rate 2 ∂y/∂x" in text


def test_arrays_that_no_formula_can_name_have_another_name(tmp_path):
    model = nn.MLP([2, 2, 1], ["tanh", "sigmoid"], rng=Random(0))
    loss = losses.binary_cross_entropy(model(array([[0.5, 1.0], [1.0, -1.0]], "X")), [1.0, 0.0])
    loss.label = "L"
    page = derivation(loss, through="arrays", learning_rate=0.5, digits=6).save(tmp_path / "page.toml")
    assert "layers_0_weights = [[" in page.read_text(encoding="utf-8")
    assert read_page(page).mark().counts.keys() == {"right"}


def test_a_loss_of_a_formula_without_a_name_is_typed_with_the_formula(tmp_path):
    Z = array([[1.0, 2.0], [3.0, 5.0]], "X") @ array([[0.1, 0.2], [0.3, -0.5]], "W")
    L = losses.cross_entropy((Z * 2.0).softmax(), [0, 1])
    Z.label, L.label = "Z", "L"
    page = derivation(L, through="arrays").save(tmp_path / "page.toml")
    assert "\nL = (-sum(Y * log(softmax(Z * 2)))) / 2\n" in page.read_text(encoding="utf-8")
    assert read_page(page).mark().counts.keys() == {"right"}


QUOTIENTS = {
    "X · W / k   (2×2) = (2×3)(3×2)": lambda X, W, k: (X @ W) / k,
    "X / k · W   (2×2) = (2×3)(3×2)": lambda X, W, k: (X / k) @ W,
    "(k / X) · W   (2×2) = (2×3)(3×2)": lambda X, W, k: (k / X) @ W,
    "k / (X · W)   (2×2)": lambda X, W, k: k / (X @ W),
    "X · W / X[:, :2]   (2×2)": lambda X, W, k: (X @ W) / X[:, :2],
    "X - X / k   (2×3)": lambda X, W, k: X - X / k,
}


@pytest.mark.parametrize("written", QUOTIENTS)
def test_quotients_with_brackets_only_where_a_reader_needs_them_and_the_shapes_of_products(written):
    X, W = array([[1.0, 2.0, 3.0], [3.0, 5.0, 4.0]], "X"), array([[0.1, 0.2], [0.3, -0.5], [1.0, 2.0]], "W")
    Z = QUOTIENTS[written](X, W, Value(2.0, "k"))
    L = (Z * Z).sum()
    Z.label, L.label = "Z", "L"
    assert f"\nZ = {written} = [[" in derivation(L, through="arrays").text


@pytest.mark.slow
def test_pdflatex_sets_it(tmp_path):
    program = shutil.which("pdflatex")
    assert program, "pdflatex is not installed"
    _, W1, b1, *_, E = network()
    derivation(E, wrt=[W1, b1], learning_rate=0.5).save(tmp_path / "page.tex")
    done = subprocess.run([program, "-interaction=nonstopmode", "page.tex"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout


@pytest.mark.parametrize(
    ("wrt", "options", "complaint"),
    [
        (lambda X, A1: [array([1.0], "q")], {}, "was not computed from q as a whole; give Arrays that lead to it"),
        (lambda X, A1: [X, X[0][0]], {}, "as a whole; give the Array that it is an entry of"),
        (lambda X, A1: [X.T], {}, r"X\.T in wrt shows the entries of another Array"),
        (lambda X, A1: [A1], {"learning_rate": 0.1}, "all in wrt were computed"),
        (lambda X, A1: [X], {"through": "all"}, "'arrays', 'all arrays' or a list of Arrays where wrt has an Array"),
    ],
)
def test_what_cannot_be_derived(wrt, options, complaint):
    X, *_, A1, E = network()
    with pytest.raises(ValueError, match=complaint):
        derivation(E, wrt=wrt(X, A1), **options)
