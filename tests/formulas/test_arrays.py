"""Vectors and matrices in formulas: the same nodes as in Python, refusals with both shapes, bounded work."""

from types import SimpleNamespace

import pytest

from autograd_tiny import Value, array, exp, logsumexp, maximum, softmax, where
from autograd_tiny.cli import main
from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.formulas import FormulaError, read_assignments, read_formula
from autograd_tiny.formulas.running import MOST_OPERANDS
from autograd_tiny.symbols.expression import evaluate

AT = {
    "X": [[1.0, -2.0], [0.5, 3.0], [2.0, 0.25]],
    "W": [[0.5, -1.0], [2.0, 0.75]],
    "x": [1.0, -2.0],
    "b": [0.5, 0.25],
    "s": 2.0,
}

SAME = [
    ("y = sum(W @ x + b)", lambda at: (at.W @ at.x + at.b).sum()),
    ("y = sum(tanh(X @ W + b), axis=0)[1]", lambda at: (at.X @ at.W + at.b).tanh().sum(axis=0)[1]),
    ("y = mean(X * s)", lambda at: (at.X * at.s).mean()),
    ("y = mean(exp(X), axis=1) @ mean(X, axis=1)", lambda at: exp(at.X).mean(axis=1) @ at.X.mean(axis=1)),
    ("y = sum(W.T @ x)", lambda at: (at.W.T @ at.x).sum()),
    ("y = x @ W @ x", lambda at: at.x @ at.W @ at.x),
    ("y = W[0][1] * W[1, 0] - x[1]", lambda at: at.W[0][1] * at.W[1, 0] - at.x[1]),
    ("y = sum(X[:, 1]) + sum(X[1:, :1])", lambda at: at.X[:, 1].sum() + at.X[1:, :1].sum()),
    ("y = sum(where(W > 0, W, s))", lambda at: where(at.W > 0, at.W, at.s).sum()),
    ("y = sum(softmax(X) * X)", lambda at: (softmax(at.X) * at.X).sum()),
    ("y = sum(logsumexp(X)**2)", lambda at: (logsumexp(at.X) ** 2).sum()),
    ("y = max(X)", lambda at: maximum(at.X)),
    ("y = sum((x + [1, s])**2)", lambda at: ((at.x + array([1.0, at.s])) ** 2).sum()),
    ("y = sum([[1, s], [3, 4]] @ x)", lambda at: (array([[1.0, at.s], [3.0, 4.0]]) @ at.x).sum()),
    ("y = sum([x, b] @ W)", lambda at: (array([at.x, at.b]) @ at.W).sum()),
    ("p, q = W; y = p @ q", lambda at: at.W[0] @ at.W[1]),
    ("y = dot(x, b, s)", lambda at: at.x @ at.b + at.s),
]


def flat(x):
    """The numbers in nested lists."""
    return [number for item in x for number in flat(item)] if isinstance(x, list) else [x]


@pytest.mark.parametrize(("text", "function"), SAME, ids=[text for text, _ in SAME])
def test_a_formula_is_what_the_same_line_of_python_is(text, function):
    read = read_formula(text)
    recorded = read.record({name: AT[name] for name in read.inputs})
    recorded.output.backward()
    at = SimpleNamespace(**{name: array(x, name) if isinstance(x, list) else Value(x, name) for name, x in AT.items()})
    expected = function(at)
    expected.backward()
    assert recorded.output.data == pytest.approx(expected.data)
    for name in read.inputs:
        thing, same = (recorded.arrays if name in recorded.arrays else recorded.nodes)[name], getattr(at, name)
        assert thing.data == same.data
        assert flat(thing.grad) == pytest.approx(flat(same.grad))


def test_entries_and_wholes_have_names():
    recorded = read_formula("Z = X @ W + b; A = softmax(Z); y = sum(A)").record({name: AT[name] for name in "XWb"})
    assert list(recorded.arrays) == ["X", "W", "b", "Z", "A"]
    assert recorded.nodes["A[2][1]"] is recorded.arrays["A"][2][1]
    assert recorded.nodes["Z[0][1]"].label == "Z[0][1]"
    assert recorded.arrays["Z"].node.label == "Z"
    assert recorded.unused == ()
    assert read_formula("Z = 2*X; V = X*X; y = sum(V)").record({"X": AT["X"]}).unused == ("Z",)


def test_a_named_list_holds_leaves_and_what_it_was_made_of():
    recorded = read_formula("w = [1, x]; y = w[0] * w[1]").record({"x": 3})
    recorded.output.backward()
    assert (recorded.nodes["w[0]"].grad, recorded.nodes["w[1]"].grad) == (3.0, 1.0)
    assert recorded.nodes["w[1]"] is recorded.nodes["x"]


def test_as_expressions_of_given_shapes():
    read = read_formula("y = sum(relu(W @ x + b))")
    written = read.express({"W": (2, 2), "x": (2,), "b": (2,)})
    values = read.record({name: AT[name] for name in "Wxb"})
    inputs = {node: values.nodes[name].data for name, node in written.nodes.items() if node.op is None}
    assert evaluate([written.output], inputs)[0] == values.output.data
    with pytest.raises(FormulaError, match="1,000,000 entries"):
        read.express({"W": (10**9, 10**9)})


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        (
            "y = sum(R @ M)",
            11,
            "R is 1×6 and M is 5×6; the columns of the left, 6, must be as many as the rows of the right, 5; R @ M.T would fit, 1×6 by 6×5",
        ),
        ("y = sum(X + W)", 11, "add: X is 3×2 and W is 2×2; entry by entry the shapes must be equal"),
        ("y = sum(X + [1, 2, 3])", 11, "X is 3×2"),
        ("y = sum(X.T + x)", 13, "for one entry of x per row of X.T make it a column: [x].T"),
        ("y = sum(x ** b)", 11, "the Array 'b' is an exponent"),
        ("y = s @ x", 7, "times a number is *; an input that is an array is given as a list, s = ["),
        ("y = W[2][0]", 7, "the Array 'W' has shape 2×2; there is no row 2"),
        ("y = x[0][1]", 10, "only a list, an array"),
        ("y = s.T", 6, "only an array has a transpose, .T; an input that is an array is given as a list, s = [[1, 2], [3, 4]]"),
        ("y = z * s.T", 10, "given as a list, s = [["),  # and not z, which is a number, too
        ("y = sum(s, axis=0)", 5, "over an axis is of an array; an input that is an array is given as a list, s = ["),
        ("y = sum(x, axis=1)", 5, "the Array 'x' has shape 2; its axis is"),
        ("y = W @ x", 1, "the last formula gives a list of 2; it must give one number"),
        ("y = W @ W", 1, "the last formula gives a matrix, 2×2; it must give one number"),
        ("y = sum(log(W))", 9, "log(W[0][1] = -1.0)"),
        ("y = sum([[1, 2], [3, x]])", 5, "a list has three dimensions"),
        ("a, c, d = x; y = a", 1, "3 names for 2 numbers"),
    ],
)
def test_what_does_not_fit_is_refused_where_it_stands(text, column, message):
    at = {**AT, "R": [[1.0] * 6], "M": [[2.0] * 6] * 5, "z": 3.0}
    read = read_formula(text)
    with pytest.raises(FormulaError) as caught:
        read.record({name: at[name] for name in read.inputs})
    assert message in caught.value.message
    assert caught.value.column == column


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("y = sum([[1, 2], [3]])", "a list is ragged: row 0 has length 2, row 1 has length 1"),
        ("y = sum([[[1]]])", "a list has three dimensions"),
        ("y = sum(W, axis=2)", "`sum` takes `axis=0`, over the rows, or `axis=1`, over the columns, behind an array"),
        ("y = sum(axis=0)", "behind an array"),
        ("y = W[-1]", "an item is taken by whole numbers"),
        ("y = W[0][", "an item is taken by whole numbers"),
        ("y = W.shape", "formulas have no attributes but .T"),
        ("y = tanh(x, axis=0)", "operands have no names"),
        ("y = x + [1, 2][5]", "there is no item 5"),
        ("W[0] = 2", "only a name can stand left of `=`"),
        ("y = W @", "belongs here, not the end of the formula"),
    ],
)
def test_what_no_shape_can_mend_is_refused_when_it_is_read(text, message):
    with pytest.raises(FormulaError) as caught:
        read_formula(text)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("W=[[1,2],[3,4]]", [[1.0, 2.0], [3.0, 4.0]]),
        ("W = [[1, 2], [3, 4]].T", [[1.0, 3.0], [2.0, 4.0]]),
        ("x=[1/2, -pi, 1e-3]", [0.5, -3.141592653589793, 0.001]),
        ("x=(1, 2)", [1.0, 2.0]),
    ],
)
def test_arrays_on_the_command_line(word, value):
    (given,) = read_assignments([word]).values()
    assert given == value


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("W=[[1,2],[3]]", "an array is ragged"),
        ("W=[1,2", "`[` is never closed"),
        ("W=[1 2]", "an operator is missing before `2`"),
        ("W=[]", "belongs here, not `]`"),
        ("W=[1,nan]", "`nan` is not finite"),
        ("W=[1,1e999]", "larger than any float"),
        ("W=[y,1]", "`y` is no number"),
        ("W=[[[1]]]", "three dimensions"),
        ("W=[1], x=2", "each value is a word of its own"),
    ],
)
def test_no_arrays(word, message):
    with pytest.raises(FormulaError) as caught:
        read_assignments([word])
    assert message in caught.value.message


LONG = "[" + ",".join(["x"] * 20_000) + "]"
WORK = [
    f"v = {LONG}; " + "; ".join(f"a{i} = v" for i in range(5_000)) + "; x",
    f"v = {LONG}; y = " + "+".join(["v[0:19999][0]"] * 5_000),
    f"v = [{LONG}]; y = " + "+".join(["v.T[0][0]"] * 5_000),
    f"v = {LONG}; w = [{','.join(['v'] * 20_000)}]",
    f"v = {LONG}; y = sum([v] + [v].T)",
    f"v = {LONG}; y = sum([v].T @ [v])",
    f"v = {LONG}; y = sum(v, axis=0)" + "+ sum(v, axis=0)" * 5_000,
    f"v = {LONG}; y = sum(softmax([v]))",
]


@pytest.mark.parametrize("text", WORK, ids=range(len(WORK)))
def test_the_work_is_bounded_by_the_operands_in_all(text):
    with pytest.raises(FormulaError, match=f"more than {MOST_OPERANDS:,} operands in all"):
        read_formula(text).record({"x": 1})  # each asks for minutes to days of work


def test_shapes_that_are_given_may_have_as_many_entries(monkeypatch):
    monkeypatch.setattr("autograd_tiny.formulas.formula.MOST_OPERANDS", 8)
    read = read_formula("sum(W @ x)")
    assert read.express({"W": (3, 2), "x": (2,)}).arrays["W"].shape == (3, 2)
    with pytest.raises(FormulaError, match="arrays of these shapes have more than 8 entries"):
        read.express({"W": (3, 2), "x": (3,)})


def test_explain_by_a_whole_array_in_a_terminal(capsys):
    formula, values = "Z = W @ x; a = tanh(Z); y = sum(a)", ["W=[[1,2],[3,4]]", "x=[0.1,0.2]"]
    assert main(["explain", formula, *values, "--wrt", "W"]) == 0
    assert "∂y/∂W = ∂y/∂Z · xᵀ   (2×2) = (2×1)(1×2)" in capsys.readouterr().out
    assert main(["explain", formula, *values, "--wrt", "W[1][0]"]) == 0
    assert "∂y/∂W[1][0]" in capsys.readouterr().out
    assert main(["explain", formula, *values, "--wrt", "V"]) == 2
    assert "the formula has no 'V', it has y, W, x, Z, a" in capsys.readouterr().err
    assert main(["explain", formula, *values, "--wrt", "x", "--derivation"]) == 0
    assert "∂y/∂x = Wᵀ · ∂y/∂Z   (2) = (2×2)(2)" in capsys.readouterr().out


def test_step_and_draw_take_arrays(capsys, tmp_path):
    formula, values = "y = sum(relu(W @ x))", ["W=[[1,2],[3,4]]", "x=[0.1,0.2]"]
    assert main(["step", formula, *values]) == 0
    assert "W[0][0] · x[0] + W[0][1] · x[1]" in capsys.readouterr().out
    assert main(["draw", formula, *values, "-o", str(tmp_path / "y.dot")]) == 0
    assert "W[1][0]" in (tmp_path / "y.dot").read_text(encoding="utf-8")
    assert main(["draw", formula, values[0], "x=[1,2,3]", "-o", str(tmp_path / "y.dot")]) == 2
    assert "W is 2×2 and x is 3" in capsys.readouterr().err


def test_a_dot_with_its_bias_is_one_node_of_vectors_too():
    recorded = read_formula("w = [1, -2]; x = (a, c); y = dot(w, x, 3)").record({"a": 5, "c": 7})
    assert recorded.output.op.name == "dot"
    assert len(all_nodes(recorded.output)) == 6
