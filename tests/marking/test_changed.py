"""Graphs whose data was changed after it was recorded: one forward pass of what the leaves hold now, and it is told."""

import json

import pytest

from autograd_tiny import Value, mark, optim, softmax
from autograd_tiny.symbols.formula import read_formula


def stepped():
    """y = w x and E = y² after a step of gradient descent: w was 2 and is -1.6."""
    w, x = Value(2.0, "w"), Value(3.0, "x")
    y = w * x
    y.label = "y"
    e = y * y
    e.label = "E"
    e.backward()
    optim.SGD([w], 0.1).step()
    assert (w.data, y.data) == (-1.6, 6.0)
    return e


def test_the_marks_are_about_one_forward_pass():
    claims = {"w": "-1.6", "y": "-4.8", "E": "23.04", "E/y": "-9.6", "E/w": "-28.8", "y/x": "-1.6", "w'": "1.28"}
    report = mark(stepped(), claims, learning_rate=0.1)
    assert report.counts == {"right": 7}


def test_numbers_from_before_the_change_are_not_called_wrong():
    report = mark(stepped(), {"y": "6.0", "E": "36.0", "E/y": "12", "E/w": "36.0", "y/x": "2.0", "w'": "-1.6"}, learning_rate=0.1)
    assert report.counts == {"undecided": 6}
    assert report.marks[0].sentence == "y = 6.0 is undecided: it was the number before data was changed; the engine's number is -4.8."


def test_what_never_was_is_wrong():
    assert mark(stepped(), {"y": "7.3", "E/w": "36.7"}).counts == {"wrong": 2}


def test_the_change_is_told():
    report = mark(stepped(), {"y": "-4.8"})
    told = "Data was changed after it was used: y was 6 and would be -4.8. The marks are about the numbers that the graph would give now; "
    assert report.story[1].startswith(told)
    assert json.loads(report.to_json())["story"] == report.story
    assert report.story[1] in str(report)
    w = Value(2.0)
    y = (w * 3.0) * Value(2.0, "b")
    w.data = 1.0
    assert mark(y, {"b": "2.0"}).story[1].startswith("Data was changed after it was used. ")


def test_an_unchanged_graph_has_no_such_sentence():
    assert len(mark(read_formula("y = sigmoid(w*x)").record({"w": 0.5, "x": 2}).output, {"w": "0.5"}).story) == 1


def test_a_graph_that_can_no_longer_be_computed():
    w = Value(2.0, "w")
    y = w.log()
    y.label = "y"
    w.data = -1.0
    with pytest.raises(ValueError, match=r"log.*; data was changed after it was used: record the graph again, or mark it before"):
        mark(y, {"y": "0.693"})


def test_a_node_whose_own_data_was_changed():
    """A label on the number that was printed does not make it so: what is computed follows from the leaves."""
    w, x = Value(2.0, "w"), Value(3.0, "x")
    y = w * x
    y.label = "y"
    y.data = 5.0
    assert [m.verdict for m in mark(y, {"y": "6.0", "y/w": "3.0"}).marks] == ["right", "right"]


def test_the_outputs_of_a_softmax_follow_together():
    u = [Value(x, f"u{k}") for k, x in enumerate((0.3, -1.1, 0.8))]
    p = softmax(*u)
    y = p[0] * p[2]
    y.label = "y"
    assert len(mark(y, {"u0": "0.3"}).story) == 1
    u[1].data = 2.0
    assert mark(y, {"u0": "0.3"}).story[1].startswith("Data was changed after it was used: y was 0.196")
