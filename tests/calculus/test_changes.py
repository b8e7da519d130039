"""Data that was changed after it was used: whoever shows or keeps a graph refuses to mix old numbers and new ones."""

import math
import re
from functools import partial

import pytest
from small_graphs import product

from autograd_tiny import (
    Stepper,
    Value,
    backward_steps,
    dot,
    draw,
    explain,
    forward_steps,
    load_graph,
    mark,
    maximum,
    nn,
    optim,
    paths,
    relu,
    save_graph,
    softmax,
    total,
)
from autograd_tiny.calculus.changes import check_unchanged, first_change, follows


def after_a_step():
    w, x, y = product()
    y.backward()
    optim.SGD([w], 1.0).step()
    return w, x, y


SHOWN = {
    "draw": draw,
    "draw expanded": partial(draw, expand=True),
    "draw a summary": partial(draw, max_nodes=1),
    "draw without gradients": partial(draw, show=["data"]),
    "Stepper": Stepper,
    "backward_steps": lambda y: list(backward_steps(y)),
    "forward_steps": lambda y: list(forward_steps(y)),
    "explain": lambda y: explain(y, wrt=y.operands[0]),
    "paths": lambda y: paths(y, y.operands[0]),
    "mark": lambda y: mark(y, {"x": "3"}),
    "save_graph": lambda y: save_graph({"y": y, "x": y.operands[1]}, "never.json"),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_a_graph_whose_leaf_was_moved_by_an_optimizer_is_not_shown(show, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    w, x, y = after_a_step()
    said = "y = mul(w = -1.0, x = 3.0) gives -3.0, but 6.0 was recorded: the data of w was changed afterwards, from 2.0 to -1.0; "
    with pytest.raises(ValueError, match=re.escape(said) + ".*compute again"):
        show(y)
    assert (w.data, y.data, w.grad, y.grad, list(tmp_path.iterdir())) == (-1.0, 6.0, 3.0, 1.0, [])
    again = w * x
    show(again)
    w.data = 2.0
    show(y)


def test_a_step_that_was_taken_before_the_change_is_not_explained_after_it():
    w, _, y = product()
    steps = [*forward_steps(y), *backward_steps(y)]
    w.data = 5.0
    for step in steps:
        with pytest.raises(ValueError, match="w was changed afterwards"):
            explain(step)


def test_a_change_that_only_the_local_derivative_shows():
    w, x = Value(2.0, "w"), Value(0.0, "x")
    y = w * x
    w.data = 5.0
    with pytest.raises(ValueError, match=r"has the local derivative 5.0, but 2.0 was recorded: the data of w .*from 2.0 to 5.0"):
        draw(y)
    z = x**2
    x.data = -0.0
    check_unchanged(z, done="this")


def test_a_change_that_makes_no_difference_is_none():
    x = Value(-1.0, "x")
    y = relu(x)
    x.data = -2.0
    check_unchanged(y, done="this")
    assert "-2" in draw(y).dot


@pytest.mark.parametrize(
    ("build", "change", "blamed"),
    [
        (lambda a, b: a + b, "a", "a or b or the result"),
        (lambda a, b: a * b, "b", "b was"),
        (lambda a, b: dot([a, 2.0], [b, 3.0]), "a", "a was"),
        (lambda a, b: (a * 3.0) * b, "b", "b was"),
        (lambda a, b: (a * 3.0 + b).tanh(), "a", "a was"),
        (lambda a, b: a.log() * b, "a", "a or the result was"),
        (lambda a, b: softmax(a, b)[1], "b", "a or b or the result was"),
        (lambda a, b: maximum(a, b), "b", "a or b or the result was"),
    ],
)
def test_the_message_names_what_may_have_changed_and_nothing_that_cannot(build, change, blamed):
    leaves = {"a": Value(0.5, "a"), "b": Value(2.0, "b")}
    y = build(**leaves)
    check_unchanged(y, done="this")
    leaves[change].data += 1.0
    with pytest.raises(ValueError, match=f"the data of {blamed}"):
        check_unchanged(y, done="this")


def test_a_result_that_was_overwritten():
    _, _, y = product()
    z = y + 1.0
    y.data = 7.0
    with pytest.raises(ValueError, match=r"7\.0 was recorded: the data of the result was changed"):
        draw(z)


def test_new_data_for_which_the_operation_has_no_value():
    x = Value(2.0, "x")
    for y in (x.log(), 1.0 / (x * 1.0)):
        x.data = 0.0
        with pytest.raises(ValueError, match=r"the data of x was changed|x or the result was changed"):
            draw(y)
        x.data = 2.0


def test_special_values_follow():
    x = Value(1e200, "x")
    infinite = x * x
    nothing = infinite - infinite
    assert math.isnan(nothing.data)
    assert first_change(nothing, infinite) is None


def test_a_whole_model_and_a_graph_from_a_file(tmp_path):
    model = nn.MLP([2, 3, 2], ["tanh", "linear"])
    outputs = softmax(*model([0.5, -1.0]))
    loss = total(*outputs) + outputs[0].log()
    loss.backward()
    loaded = load_graph(save_graph(loss, tmp_path / "graph.json"))
    for graph in (loss, loaded):
        assert first_change(graph) is None
    optim.Adam(model.parameters(), 0.1).step()
    with pytest.raises(ValueError, match=re.escape("the data of layers[0].weights[0][0] was changed afterwards, from ")):
        explain(loss, wrt=model.parameters()[0])
    assert first_change(loaded) is None


def test_no_node_of_the_graph_is_touched():
    w, x, y = product()
    y.backward()
    before = [(v.data, v.grad, v.op, v.operands, v.local_derivatives) for v in (w, x, y)]
    check_unchanged(y, done="this")
    assert [(v.data, v.grad, v.op, v.operands, v.local_derivatives) for v in (w, x, y)] == before


def test_a_number_that_became_nan_is_a_change():
    w = Value(2.0, "w")
    y = 3.0 * w
    w.data = math.nan
    assert first_change(y).node is y
    w.data, y.data = 2.0, math.nan
    assert first_change(y).node is y


def test_an_output_whose_number_stayed_and_whose_derivatives_did_not():
    a, b, c = Value(0.5, "a"), Value(1.0, "b"), Value(2.0, "c")
    first = softmax(a, b, c)[0]
    assert first_change(first) is None
    b.data, c.data = c.data, b.data  # their sum of exponentials is the same
    assert "local derivative" in first_change(first).text


def test_of_many_changed_derivatives_the_first_are_told():
    xs = [Value(float(k), f"x{k}") for k in range(1, 5)]
    y = dot(xs, [1.0, 1.0, 1.0, 1.0])
    for x, new in zip(xs, (4.0, 3.0, 2.0, 1.0)):
        x.data = new
    assert "has the local derivative 4.0, 3.0, 2.0 and 1 more, but 1.0, 2.0, 3.0 and 1 more was recorded" in first_change(y).text


def test_data_follows_up_to_four_roundings_of_the_result_and_of_its_operands():
    y = Value(1.0) * Value(1.0)  # each operand counts as much as the result
    last_digit = math.ulp(1.0)
    for roundings in (-12, 0, 12):
        assert follows(y, 1.0 + roundings * last_digit)
    for roundings in (-13, 13):
        assert not follows(y, 1.0 + roundings * last_digit)
    assert not follows(y, math.inf)
    assert not follows(y, math.nan)
