"""Pictures of arrays: a box for each, tables of numbers, what backward does on every edge; arrays opened into scalars."""

import re

import pytest

from autograd_tiny import Stepper, Value, array, derivation, draw, explain, losses, maximum
from autograd_tiny.views.drawing.svg import structure


def network():
    X = array([[1.0, 2.0], [3.0, 4.0], [-1.0, 0.5]], "X")
    W1, b1 = array([[0.1, -0.2], [0.5, 0.6]], "W1"), array([0.1, 0.2], "b1")
    W2 = array([[0.1, -0.2, 0.3], [0.5, 0.6, -0.7]], "W2")
    return X, W1, b1, W2


def shown(drawing):
    return structure(drawing.svg())


def test_boxes_have_shapes_tables_and_edges_the_rules():
    X, W1, b1, W2 = network()
    Z1 = X @ W1 + b1
    A1 = Z1.tanh()
    A2 = (A1 @ W2).softmax()
    A2.label, Z1.label, A1.label = "A2", "Z1", "A1"
    L = losses.cross_entropy(A2, [0, 1, 2])
    L.label = "L"
    L.backward()
    drawing = draw(L, through="arrays")
    found = shown(drawing)
    assert drawing.description == "8 arrays, 1 scalar, 8 edges"
    kind, title, texts = found[drawing.node_id(Z1)]
    assert (kind, title) == ("node operation", "Z1 = X · W1 + b1, 3×2")
    numbers = [f"{x:.4g}" for row in (*Z1.data, *Z1.grad) for x in row]
    assert [float(t) for t in texts[1:] if t not in ("data", "grad")] == pytest.approx([float(x) for x in numbers], rel=1e-3)
    assert texts[0].startswith("Z1 = X · W1 + b1")
    edges = {title.partition(":")[0]: (title, texts) for kind, title, texts in found.values() if kind.startswith("edge")}
    assert {name: texts for name, (_, texts) in edges.items()} == {
        "X → Z1": ("· W1ᵀ",),
        "W1 → Z1": ("Xᵀ ·",),
        "b1 → Z1": ("Σ rows",),
        "Z1 → A1": ("⊙ (1 - A1²)",),
        "A1 → A2": ("(A2 ⊙ (∂L/∂A2 - Σ columns (∂L/∂A2 ⊙ A2)))...",),
        "W2 → A2": ("A1ᵀ · (A2 ⊙ (∂L/∂A2 - Σ columns (∂L/∂A2 ⊙...",),
        "A2 → L": ("-(Y / (m · A2))",),
        "Y → L": (),
    }
    assert edges["Z1 → A1"][0] == "Z1 → A1: ∂L/∂Z1 receives ∂L/∂A1 ⊙ (1 - A1²)"
    assert drawing.node_id(W1[0][1]) == drawing.node_id(W1)
    assert found[drawing.edge_id(Z1, 1)][1].startswith("W1 → Z1")
    kind, title, texts = next(entry for entry in found.values() if entry[1].startswith("Y,"))
    assert kind == "node constant"
    assert "grad" not in texts
    assert r"$\odot \left(1 - A_{1}^{2}\right)$" in drawing.tikz()


def test_the_first_line_of_a_box_in_latex_and_its_title():
    X, W, k = array([[1.0, 2.0], [3.0, 5.0]], "X"), array([[0.1, 0.2], [0.3, -0.5]], "W"), Value(1.0 / 3.0, "k")
    H = (X @ W).tanh() * (X @ W).sigmoid() + (X @ W).softplus() / (X + 4.0)
    L = H.sum() * k
    H.label, L.label = "H", "L"
    L.backward()
    drawing = draw(L, through="arrays")
    size = r"\;\;{\scriptstyle 2 \times 2}"
    first_lines = [drawing.latex[drawing.node_id(x)] for x in (X, H, k, L)]
    assert first_lines == ["X" + size, r"H = \ldots" + size, "k", r"L = k \cdot \sum H"]
    found = shown(drawing)
    assert found[drawing.node_id(k)][1] == f"k: data 0.33333333, grad {k.grad:.8g}"
    assert found[drawing.node_id(L)][1] == f"L = k · Σ H: data {L.data:.8g}, grad 1"
    edge = drawing.edge_id(L, 1)  # to the root, whose derivative is 1
    assert (found[edge][1], drawing.latex[edge]) == ("k → L: ∂L/∂k receives Σ H", r"\sum H")
    opened = draw(L, through="arrays", expand="W")
    assert opened.latex[opened.node_id(W[1][0])] == r"W\mathrm{[1][0]}"


def test_leaves_without_a_name_have_boxes_as_others():
    y = (array([[1.0, 2.0]]) @ array([[1.0], [2.0]])).sum() * Value(2.0)
    y.label = "y"
    titles = [title for kind, title, _ in shown(draw(y, through="all arrays")).values() if kind.startswith("node")]
    assert sorted(titles) == ["t1, 1×2", "t2, 2×1", "t3 = t1 · t2, 1×1", "t4: data 2", "y = t4 · Σ t3: data 10"]


def test_columns_of_numbers_end_alike_in_tikz():
    x = array([[1.0, -20.25], [300.5, 4.0]], "x")
    places = re.findall(r"base,right,at=\{?\\pgfpointxy\{([\d.]+)\}", draw((x * x).sum(), through="arrays").tikz())
    assert len({round(float(place)) for place in places[:4]}) == 2


def test_every_array_is_shown_where_none_has_a_name_and_on_demand():
    X, W1, b1, _ = network()
    L = (X @ W1 + b1).relu().sum()
    L.label = "L"
    titles = [title for kind, title, _ in shown(draw(L, through="arrays")).values() if kind == "node operation"]
    assert titles == ["t1 = X · W1, 3×2", "t2 = t1 + b1, 3×2", "t3 = relu(t2), 3×2", f"L = Σ t3: data {L.data:.8g}"]
    Z = X @ W1 + b1
    A = Z.relu()
    loss = A.sum()
    assert draw(loss, through="arrays").description == "5 arrays, 1 scalar, 5 edges"
    assert draw(loss, through="all arrays").description == "6 arrays, 1 scalar, 6 edges"
    assert draw(loss, through=[A]).description == "4 arrays, 1 scalar, 4 edges"
    assert draw(loss, through=A).dot == draw(loss, through=iter([A])).dot
    assert str(explain(loss, wrt=W1, through=[A])).startswith("∂loss/∂W1 = Xᵀ · ")
    assert "∂loss/∂Z" not in str(explain(loss, wrt=W1, through=[A]))
    assert "∂loss/∂Z" in str(explain(loss, wrt=W1))
    assert "∂loss/∂t1" in str(explain(loss, wrt=W1, through="all arrays"))


def test_gradients_are_shown_after_backward_and_coloured():
    X, W1, _, _ = network()
    L = (X @ W1).sum()
    assert "grad" not in draw(L, through="arrays").dot
    L.backward()
    plain, coloured = draw(L, through="arrays"), draw(L, through="arrays", color_gradients=True)
    assert "grad" in plain.dot
    assert plain.dot != coloured.dot
    assert "grad" not in draw(L, through="arrays", show=["data"]).dot
    W1[0][0].grad = 100.0
    with pytest.warns(UserWarning, match=r"shows grad 100 of W1\[0\]\[0\]"):
        draw(L, through="arrays")


def test_a_large_array_is_shown_by_its_shape():
    W = array([[0.125] * 7] * 3, "W")
    L = (W**2).sum()
    dot = draw(L, through="arrays").dot
    assert "3×7" in dot
    assert "0.125" not in dot


def test_an_array_is_opened_into_its_scalars():
    X, W1, _, _ = network()
    Z = X @ W1
    A = Z.tanh()
    L = A.sum()
    L.label, Z.label, A.label = "L", "Z", "A"
    found = shown(draw(L, through="arrays", expand=["W1", "Z"]))
    titles = {title: texts for _, title, texts in found.values()}
    assert titles["W1[1][0] → Z[2][0]: local derivative 0.5"] == ("0.5",)
    assert titles["X → Z[0][1]"] == titles["Z[0][1] → A"] == ()
    assert "W1[1][0] → Z[0][1]: local derivative 0" not in titles
    assert any(title.startswith("Z[2][1]: data") for title in titles)
    drawing = draw(L, through="arrays", expand="Z")
    assert drawing.node_id(Z[0][1]) != drawing.node_id(Z[0][0])
    assert [t for t in titles if t.startswith("Z[0][0] → A")] == ["Z[0][0] → A"]


def test_between_scalars_all_paths_count():
    X = array([1.5, -2.0], "X")
    y = (X * X + X).sum()
    titles = [title for _, title, _ in shown(draw(y, through="arrays", expand=["X", "t2"])).values()]
    assert [t for t in titles if t.startswith("X[0] → t2[0]")] == ["X[0] → t2[0]: local derivative 1"]
    A = X * X + X
    y = A.sum()
    titles = [title for _, title, _ in shown(draw(y, through=[A], expand=["X", "A"])).values()]
    assert [t for t in titles if t.startswith("X[0] → A[0]")] == ["X[0] → A[0]: local derivative 4"]


def test_what_has_no_derivative_in_matrix_form_is_drawn_without():
    w, X = Value(2.0, "w"), array([[1.0, 2.0], [3.0, 5.0]], "X")
    tied = array([[w, 1.0], [3.0, w]], "W")
    for y in (maximum(X) * 2.0, (tied @ tied).sum()):
        titles = [title for kind, title, _ in shown(draw(y, through="arrays")).values() if kind.startswith("edge")]
        assert any("no derivative in matrix form" in title for title in titles)
        with pytest.raises((TypeError, ArithmeticError), match="explain the derivative by one entry"):
            Stepper(y, through="arrays")
    opened = draw((tied @ tied).sum(), through="arrays", expand=["W"])
    assert "W[0][0]" in opened.dot
    assert "W[1][1]" in opened.dot


def test_scalars_beside_arrays_have_boxes_too():
    x, s = array([1.0, 2.0], "x"), Value(3.0, "s")
    y = s * (x * x).sum()
    y.label = "y"
    y.backward()
    titles = [title for _, title, _ in shown(draw(y, through="arrays")).values()]
    assert "s: data 3, grad 5" in titles


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"through": "arrays", "expand": ["W"]}, "none is called 'W'; did you mean"),
        ({"through": "arrays", "expand": ["big"]}, "big is 9×9, and more than 64 scalars"),
        ({"through": "arrays", "direction": "up"}, "a direction is one of"),
        ({"through": "arrays", "max_nodes": 2}, "more than max_nodes=2; list the arrays to show"),
        ({"through": "matrices"}, "'arrays', 'all arrays' or a list"),
        ({"through": [array([1.0], "other")]}, "through lists Arrays, and Values beside them, that the result depends on"),
    ],
)
def test_what_cannot_be_drawn(options, complaint):
    X, W1, _, _ = network()
    big = array([[1.0] * 9] * 9, "big")
    L = (X @ W1).sum() + big.sum()
    with pytest.raises(ValueError, match=re.escape(complaint)):
        draw(L, **options)


def test_without_arrays_there_is_nothing_to_draw():
    x = Value(2.0, "x")
    with pytest.raises(ValueError, match="computed from no Array as a whole; leave out through='arrays'"):
        draw(x * x, through="arrays")
    X = array([[1.0, 2.0]], "X")
    with pytest.raises(ValueError, match="shows the entries of another Array"):
        draw((X.T @ X).sum(), through=[X.T])
    with pytest.raises(ValueError, match="and Values beside them, that the result depends on"):
        explain((X.T @ X).sum() + X[0][1], wrt=X, through=[X[0][1]])  # an entry is in its array, not beside it


def test_arrays_and_scalars_of_one_name_are_told_apart():
    W, other, scalar = array([[1.0, 2.0]], "W"), array([[3.0], [4.0]], "W"), Value(2.0, "W")
    y = scalar * (W @ other).sum()
    y.label = "y"
    names = {texts[0].split(" ")[0] for kind, _, texts in shown(draw(y, through="arrays")).values() if kind.startswith("node")}
    assert names == {"W", "W#2", "W#3", "t1", "y"}


@pytest.mark.parametrize("show", [lambda L, W: draw(L, through="arrays"), lambda L, W: Stepper(L, through="arrays"), derivation])
def test_numbers_that_were_changed_after_use_are_shown_by_nobody(show):
    X, W1, _, _ = network()
    L = (X @ W1).sum()
    W1[0][0].data = 7.0
    with pytest.raises(ValueError, match="was changed afterwards"):
        show(L, W1)
