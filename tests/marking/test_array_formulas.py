"""Formulas of whole arrays as claims: their shapes, their numbers wherever they are defined, and the slips that people make in them."""

import json
from itertools import pairwise

import pytest

from autograd_tiny import array, mark
from autograd_tiny.cli import main
from autograd_tiny.engine.table import sigmoid, softmax
from autograd_tiny.marking.claims import ClaimError
from autograd_tiny.marking.pages import PageError, read_page

PAGE = """\
learning_rate = 0.5
formula = '''
Z = X @ W + b
A = sigmoid(Z)
E = sum((A - Y)**2) / 2'''
claims = [CLAIMS]
[names]
m = "3"
"δ" = "E/Z"
[inputs]
X = [[0.3, -1.2], [0.8, 0.5], [-0.4, 0.9]]
W = [[0.1, -0.4, 0.3, 0.5], [0.5, 0.2, -0.3, -0.1]]
b = [[0.1, 0.0, -0.2, 0.3]]
Y = [[1.0, 0.0, 0.0, 0.5], [0.0, 1.0, 0.0, 0.5], [0.2, 0.0, 1.0, 0.5]]
"""


def page(tmp_path, *claims, text=PAGE):
    path = tmp_path / "page.toml"
    path.write_text(text.replace("CLAIMS", ", ".join(f'"{claim}"' for claim in claims)), encoding="utf-8")
    return path


def marked(tmp_path, claim, text=PAGE):
    return read_page(page(tmp_path, claim, text=text)).mark().marks[0]


@pytest.mark.parametrize(
    "claim",
    [
        "Z = X @ W + b",
        "Z = X · W + b",
        "A = sigmoid(Z)",
        "A = 1/(1 + exp(-Z))",
        "A = 1 - sigmoid(-(X@W + b))",
        "E/A = A - Y",
        "∂A/∂Z = A(1 - A)",
        "dA/dZ = A - A²",
        "E/Z = E/A * A/Z",
        "∂E/∂Z = ∂E/∂A · ∂A/∂Z",
        "δ = (A - Y) ⊙ A ⊙ (1 - A)",
        "E/W = X.T @ δ",
        "E/W = Xᵀ · ∂E/∂Z",
        "dW = Xᵀ × dZ",
        "E/W = X^T @ [(A - Y) * A * (1 - A)]",
        "E/W = Xᵀ(δ)",
        "Wᵀ = (W.T)",
        "E/b = sum(δ, axis=0)",
        "E/b = [[1, 1, 1]] @ δ",
        "E/X = δ @ W.T",
        "E = sum((A - Y)**2)/2",
        "E = m * mean((A - Y)**2) * 2",
        "W' = W - η E/W",
        "W' = W - 0.5 X.T @ δ",
        "ΔW = -0.5 dW",
        "A - Y = E/A",
        "X[0] @ W + b = Z[0]",
        "X[:, 1] = X[:, 1]",
    ],
)
def test_right_formulas(tmp_path, claim):
    found = marked(tmp_path, claim)
    assert (found.verdict, found.why) == ("right", "both are equal at 13 points"), found.sentence


@pytest.mark.parametrize(
    ("claim", "mistake", "told"),
    [
        ("E/W = X @ δ", "transposed", "X is 3×2 and ∂E/∂Z is 3×4; the columns of the left, 2, must be as many as the rows of the right, 3"),
        ("E/W = X @ δ", "transposed", "X must be transposed"),
        ("E/W = δ @ X.T", "factors swapped", "the factors of ∂E/∂Z · Xᵀ have changed places"),
        ("E/W = δ.T @ X", "transposed", "it is 4×2, where ∂E/∂W is 2×4; it is the transpose of what it should be"),
        ("E/W = X.T @ E/A", "activation derivative missing", "the derivative of the activation, ∂A/∂Z, is missing"),
        ("E/W = -X.T @ δ", "sign", "the sign is wrong; at the page's inputs it gives"),
        ("E/A = Y - A", "sign", "the sign is wrong"),
        ("E/W = X.T @ δ / m", "factor", "it is 3 times too small, as a mean over the samples is in place of their sum"),
        ("E/W = 2 X.T @ δ", "factor", "it is 2 times too large"),
        ("E/W = -X.T @ δ / m", "sign, factor", "the sign is wrong; it is 3 times too small"),
        ("E/b = sum(δ, axis=1)", "wrong axis", "over columns, where it must be over rows"),
        ("E/b = sum(δ)", "shape", "it is one number, where ∂E/∂b is 1×4"),
        ("E/X = δ * W.T", "wrong product", "the shapes must be equal"),
        ("E/X = δ @ W", "transposed", "W must be transposed"),
        ("E/X = X @ W.T", "wrong array", "X is 3×2 and W.T is 4×2"),
        ("E/W = X.T @ Z", "wrong array", "Z stands where ∂E/∂Z belongs"),
        ("Z = X @ W - b", "sign", "the sign in X · W - b is wrong"),
        ("W' = W + η E/W", "sign", "the sign in W + 0.5 · ∂E/∂W is wrong"),
        ("A = Z.T[5]", "shape", "there is no row 5"),
    ],
)
def test_mistakes_and_shapes_that_do_not_fit(tmp_path, claim, mistake, told):
    found = marked(tmp_path, claim)
    assert (found.verdict, found.mistake) == ("mistake", mistake), found.sentence
    assert told in found.why


def test_a_shape_error_names_both_shapes_what_is_wanted_and_the_transpose_that_fits(tmp_path):
    sentence = marked(tmp_path, "E/W = X @ X").sentence
    assert sentence.startswith("∂E/∂W should be Xᵀ · ∂E/∂Z, (2×4) = (2×3)(3×4), not X @ X: the product X @ X: X is 3×2 and X is 3×2; ")
    assert "the columns of the left, 2, must be as many as the rows of the right, 3; X @ X.T would fit, 3×2 by 2×3" in sentence


def test_shapes_that_broadcast_by_accident_are_told(tmp_path):
    text = "formula = 'd = u + v; E = sum(d**2)'\nclaims = [CLAIMS]\n[inputs]\nu = [[1.0, 2.0]]\nv = [[0.5, 0.25]]\n"
    found = marked(tmp_path, "d = u + v.T", text=text)
    assert (found.verdict, found.mistake) == ("mistake", "transposed")
    assert found.why.startswith("it is 2×2, where d is 1×2; in (u + vᵀ), 1×2 and 2×1 are repeated to 2×2: was a transpose meant, ")


SOFTMAX = """\
formula = "A = softmax(X @ W); E = -sum(Y*log(A)) / m"
claims = [CLAIMS]
[inputs]
m = 3
X = [[0.3, -1.2], [0.8, 0.5], [-0.4, 0.9]]
W = [[0.1, -0.4], [0.5, 0.2]]
Y = [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
"""


def test_targets_that_add_up_to_one(tmp_path):
    text = SOFTMAX.replace("A = softmax(X @ W)", "Z = X @ W; A = softmax(Z)")
    found = marked(tmp_path, "E/Z = (A - Y)/m", text=text)
    assert (found.verdict, found.why) == ("right", "both are equal at 13 points where the rows of Y add up to 1")
    assert marked(tmp_path, "E/Z = A - Y", text=text).why.startswith("it is m times too large; at the page's inputs it gives ")
    assert marked(tmp_path, "E/Z = (Y - A)/m", text=text).mistake == "sign"
    other = text.replace("Y = [[1.0, 0.0]", "Y = [[1.0, 0.5]")
    assert marked(tmp_path, "E/Z = (A - Y)/m", text=other).verdict == "wrong"


@pytest.mark.parametrize(
    ("z", "y", "lines"),
    [
        ("[0.3, -1.2]", "[0.25, 0.75]", "entries"),
        ("[[0.3, -1.2]]", "[[1, 0]]", "entries"),
        ("[[0.3, -1.2], [0.5, 0.1]]", "[[0.25, 0.75], [0.5, 0.5]]", "rows"),
        ("[[0.3, -1.2], [0.5, 0.1]]", "[[1, 0], [0, 1]]", "rows"),  # and columns
    ],
)
def test_which_targets_add_up_to_one(tmp_path, z, y, lines):
    text = f'formula = "A = softmax(Z); E = -sum(Y*log(A))"\nclaims = [CLAIMS]\n[inputs]\nZ = {z}\nY = {y}\n'
    assert marked(tmp_path, "E/Z = A - Y", text=text).why == f"both are equal at 13 points where the {lines} of Y add up to 1"


OTHER_ROOT = """\
formula = "A = relu(Z); y = sum(A * t); E = y**2"
claims = [CLAIMS]
[inputs]
Z = [1.0, -2.0]
t = [1.0, 1.5]
"""


@pytest.mark.parametrize(
    ("claim", "text", "right", "latex"),
    [
        ("Z = X @ W - b", PAGE, "X · W + b, (3×4) = (3×2)(2×4) + (1×4)", r"X \cdot W + b\qquad (3 \times 4) = (3 \times 2)"),
        ("y/A = A", OTHER_ROOT, "t, (2)", r"t\qquad (2)"),
        ("y/Z = t", OTHER_ROOT, "∂y/∂A ⊙ step(Z), (2)", r"\frac{\partial y}{\partial A} \odot "),
        ("E/Z = t", OTHER_ROOT, "∂E/∂A ⊙ step(Z), (2)", r"\frac{\partial E}{\partial A} \odot "),
        ("W' = W", PAGE, "W - ∂E/∂W / 2, (2×4)", r"W - \frac{\frac{\partial E}{\partial W}}{2}\qquad (2 \times 4)"),
        ("A/Z = A", PAGE, "A ⊙ (1 - A), (3×4)", r"A \odot \left(1 - A\right)\qquad (3 \times 4)"),
        ("X = W", PAGE, "an array, (3×2)", r"\text{an array}\qquad (3 \times 2)"),
    ],
)
def test_the_right_formula_is_told(tmp_path, claim, text, right, latex):
    told = marked(tmp_path, claim, text=text).formulas
    assert told.right == right
    assert told.right_latex.startswith(latex)


def test_names_that_look_alike_in_latex_are_told_apart(tmp_path):
    text = "formula = 'z = x1 + x_1; E = sum(z)'\nclaims = [CLAIMS]\n[inputs]\nx1 = [1.0, 2.0]\nx_1 = [0.5, 0.25]\n"
    assert marked(tmp_path, "z = x1 - x_1 + x1", text=text).formulas.printed_latex.startswith(
        r"\mathrm{x1} - \mathrm{x\_1} + \mathrm{x1}\qquad"
    )


def test_a_factor_is_told_where_some_derivatives_are_always_zero(tmp_path):
    text = "formula = 'A = 1*Z; E = sum(A[0]**2)'\nclaims = [CLAIMS]\n[inputs]\nZ = [[1.0, 2.0], [3.0, 4.0]]\n"
    assert marked(tmp_path, "E/A = 6 A * [[1, 1], [0, 0]]", text=text).why.startswith("it is 3 times too large; at ")


def test_what_holds_around_the_inputs_or_for_some_of_them(tmp_path):
    text = "formula = 'A = relu(Z); E = sum(A * t)'\nclaims = [CLAIMS]\n[inputs]\nZ = [1.0, 2.0]\nt = [1.0, 1.0]\n"
    assert marked(tmp_path, "E/Z = t", text=text).why.startswith("it holds around the page's inputs; at Z[0] = ")
    found = marked(tmp_path, "E/A = t*t", text=text)
    assert (found.verdict, found.why.partition(";")[0]) == ("undecided", "it holds as long as t is as the page has it")
    found = marked(tmp_path, "E/A = relu(t) * u", text=text.replace("[inputs]", "[inputs]\nu = 1.0").replace("* t)", "* t) + 0*u"))
    told = "it holds as long as t and u are as the page has them"  # relu(t) is t at some points, at others it is 0
    assert (found.verdict, found.why.partition(";")[0]) == ("undecided", told)
    assert marked(tmp_path, "E/A = log(Z - 3)", text=text).verdict == "undecided"


def test_wrong_where_nothing_known_gives_it(tmp_path):
    found = marked(tmp_path, "A = sin(Z)")
    assert (found.verdict, found.mistake) == ("wrong", "")
    assert found.why.startswith("at the page's inputs it gives ")
    for claim in ("E = sum(A)", "E = mean(A)"):  # of one number, too, at a single point any factor would do
        found = marked(tmp_path, claim)
        assert (found.verdict, found.mistake) == ("wrong", "")


def test_from_python_with_the_derivative_of_the_output_by_its_short_name():
    x, w = array([[0.3, -1.2], [0.8, 0.5], [-0.4, 0.9]], "X"), array([[0.1, -0.4], [0.5, 0.2]], "W")
    z = x @ w
    z.label = "Z"
    loss = sigmoid(z).sum()
    loss.label = "L"
    report = mark(loss, {"L/W": "X.T @ dZ", "dZ": "sigmoid(Z) (1 - sigmoid(Z))", "L/X": "dZ @ W"})
    assert [m.verdict for m in report.marks] == ["right", "right", "mistake"]
    assert report.marks[2].formulas.right == "∂L/∂Z · Wᵀ, (3×2) = (3×2)(2×2)"


def test_weights_of_a_layer_by_the_name_of_the_array():
    from autograd_tiny.worked.matrix_form import record

    claims = ["∂E/∂W_ih = X · (∂E/∂Z1)ᵀ", "∂E/∂W_ho = h1 (E/O * O/Z2).T", "∂E/∂W_ho = ∂E/∂Z2 · h1ᵀ"]
    assert [m.verdict for m in mark(record().loss, claims).marks] == ["right", "right", "mistake"]


def test_a_softmax_and_its_loss_as_recorded():
    z, y = array([[0.3, -1.2, 0.5], [0.8, 0.5, -0.1]], "Z"), array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], "Y")
    a = softmax(z)
    a.label = "A"
    loss = -(y * a.log()).sum() / 2
    loss.label = "L"
    assert mark(loss, "dZ = (A - Y)/2").marks[0].verdict == "right"


def test_reports_show_formulas_with_their_shapes(tmp_path, capsys):
    path = page(tmp_path, "E/W = X @ δ", "E/W = X.T @ δ", "E = 1.35")
    report = read_page(path).mark()
    assert report.story[0].startswith("1 number and 2 formulas: ")
    assert "Xᵀ · ∂E/∂Z, (2×4) = (2×3)(3×4)" in str(report)
    entry = json.loads(report.to_json())["marks"][0]
    assert entry["engine"] is None
    assert entry["right"] == "Xᵀ · ∂E/∂Z, (2×4) = (2×3)(3×4)"
    assert entry["right_latex"] == r"X^{T} \cdot \frac{\partial E}{\partial Z}\qquad (2 \times 4) = (2 \times 3)(3 \times 4)"
    assert entry["printed_latex"] == r"X \cdot \frac{\partial E}{\partial Z}\qquad (3 \times 2)(3 \times 4)"
    html = report._repr_html_()
    assert html.count("<math") == 4
    assert "×" in html
    assert report.notes()
    assert main(["mark", str(path)]) == 1
    assert "X must be transposed" in " ".join(capsys.readouterr().out.split())


def test_signs_and_shapes_of_what_does_not_fit_and_of_lists(tmp_path):
    found = marked(tmp_path, "E/W = X.T @ (A ⊙ (X @ δ))")
    assert found.formulas.printed_latex == (
        r"X^{T} \cdot \left(A \odot \left(X \cdot \frac{\partial E}{\partial Z}\right)\right)\qquad (3 \times 2)(3 \times 4)"
    )
    found = marked(tmp_path, "E/b = [[1, 1, 1]] @ δ")
    assert found.formulas.printed_latex.endswith(r"\qquad (1 \times 4) = (1 \times 3)(3 \times 4)")


@pytest.mark.parametrize(
    ("claim", "latex"),
    [
        ("E = sum(A)", r"\sum A"),
        ("E = mean(A)", r"\text{mean}\left(A\right)"),
        ("A = softmax(Z)", r"\mathrm{softmax}\left(Z\right)\qquad (3 \times 4)"),
        ("E/b = sum(δ, axis=1)", r"\sum_{\mathrm{columns}} \frac{\partial E}{\partial Z}\qquad (3) \text{ from } (3 \times 4)"),
        ("X[0:2, 1] = X[1:, 0]", r"{X}_{1:, 0}\qquad (2)"),
        ("X[:, 1] = X[:, 0]", r"{X}_{:, 0}\qquad (3)"),
        ("X[1] = X[0, :]", r"{X}_{0, :}\qquad (2)"),
        ("E/b = [[1, 2, 3]] @ X", r"\left[\left[1, 2, 3\right]\right] \cdot X\qquad (1 \times 2) = (1 \times 3)(3 \times 2)"),
        ("E/A = 1 * [A + Y]", r"1 \cdot \left(A + Y\right)\qquad (3 \times 4)"),  # brackets, and no list
    ],
)
def test_parts_sums_and_lists_in_latex(tmp_path, claim, latex):
    assert marked(tmp_path, claim).formulas.printed_latex == latex


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        ("E/W = X.T @ ((Y - A) * A * (1 - A)) + W", "Y - A has the wrong sign"),
        ("E/W = -(X.T @ δ) + W", "-Xᵀ · ∂E/∂Z has the wrong sign"),
        ("E/W = X.T @ δ - W", "the sign in Xᵀ · ∂E/∂Z - W is wrong"),
        ("E/W = -W + X.T @ δ", "-W has the wrong sign"),
    ],
)
def test_a_wrong_sign_within_a_formula(tmp_path, claim, told):
    found = marked(tmp_path, claim, text=PAGE.replace("/ 2'''", "/ 2 + sum(W**2) / 2'''"))
    assert (found.mistake, found.why.partition(";")[0]) == ("sign", told)


def test_every_mistake_is_told_for_itself(tmp_path):
    story = read_page(page(tmp_path, "E/W = X @ δ", "E/X = δ @ W")).mark().story
    assert len(story) == 3
    assert not any("The same in" in sentence for sentence in story)


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ("Z/W = X", "∂Z/∂W is no array: Z is 3×4 and W is 2×4; the derivative of an array by an array"),
        ("E/V = X @ W", "the formula has no 'V'"),
        ("E/W = X @ V", "the formula has no 'V'"),
        ("E/W = X @ (", "belongs here, not the end of the formula"),
        ("E/W = X @ @ W", "belongs here"),
        ("E/W = X.sum()", "formulas have no attributes but .T"),
        ("E/W = 0.5", "W is an array, 2×4, of which one number is W[1][3]"),
    ],
)
def test_what_cannot_be_meant(tmp_path, claim, message):
    with pytest.raises((PageError, ClaimError)) as caught:
        read_page(page(tmp_path, claim)).mark()
    assert message in str(caught.value)


def test_a_softmax_is_no_function_entry_by_entry(tmp_path):
    text = SOFTMAX.replace("A = softmax(X @ W)", "Z = X @ W; A = softmax(Z)")
    with pytest.raises(PageError, match="∂A/∂Z: every entry of the one depends on several of the other"):
        read_page(page(tmp_path, "A/Z = A*(1 - A)", text=text)).mark()


def test_a_line_of_formulas_ends_in_numbers_and_may_be_called_by_a_name(tmp_path):
    lines = ["δ = (A - Y) ⊙ A ⊙ (1 - A) = [[-0.13, 0.15, 0.17, 0.02], [_, _, _, _], [_, _, _, _]]", "W[0, 1] = -0.4", "E/W[0,1] = 9.9"]
    marks = read_page(page(tmp_path, *lines)).mark().marks
    assert [m.claim.called for m in marks] == ["δ", *[f"∂E/∂Z[0][{j}]" for j in range(4)], "W[0, 1]", "E/W[0,1]"]
    assert [m.verdict for m in marks[:1] + marks[5:]] == ["right", "right", "wrong"]


def test_lists_in_formulas_that_are_no_arrays(tmp_path):
    assert "ragged" in marked(tmp_path, "Z = X @ [[1, 2], [3]] + b").why
    assert "three dimensions" in marked(tmp_path, "Z = [[[1, 2], [3, 4]], 5] @ X").why
    with pytest.raises(PageError, match="a whole array is printed of its numbers, Z = "):
        read_page(page(tmp_path, "Z + A = [[1, 2], [3, 4]]")).mark()


def test_numbers_and_formulas_of_arrays_stand_on_one_page(tmp_path):
    numbers = ["Z = [[_, -0.28, _, _], [_, _, _, _], [_, _, _, _]]", "E/W = [[1, _, _, _], [_, _, _, _]]"]
    claims = ["E/W[0][0] = 0.1", "E/W = X.T @ δ", *numbers]
    report = read_page(page(tmp_path, *claims)).mark()
    assert [m.claim.called for m in report.marks] == ["∂E/∂W[0][0]", "∂E/∂W", "Z[0][1]", "∂E/∂W[0][0]"]
    assert all(a.number < b.number for a, b in pairwise(report.marks))


def test_an_array_of_one_entry_is_claimed_as_a_whole():
    w, x = array([[0.5]], "W"), array([2.0], "x")
    z = w @ x
    z.label = "z"
    loss = (z * z).sum()
    loss.label = "E"
    assert mark(loss, ["E/z = 2*z", "E/W = 2*z*x"]).counts == {"right": 2}
