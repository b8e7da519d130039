"""Numbers from code: a NumPy backward pass written by hand, right and with mistakes planted in it, against `mark`."""

from random import Random

import numpy as np
import pytest

from autograd_tiny import Value, array, log, losses, mark, mark_all, nn
from autograd_tiny.marking.answers.computed import Answers
from autograd_tiny.marking.derivations import NamedGraph
from autograd_tiny.marking.forms.computed import computed

RNG = np.random.default_rng(3)
N = 5
X, T = RNG.normal(size=(N, 3)).round(2), RNG.normal(size=(N, 2)).round(2)
C = np.eye(2)[[0, 1, 1, 0, 1]]
W1, b1 = RNG.normal(size=(3, 4)).round(2), RNG.normal(size=4).round(2)
W2, b2 = RNG.normal(size=(4, 4)).round(2), RNG.normal(size=4).round(2)
W3, b3 = RNG.normal(size=(4, 2)).round(2), RNG.normal(size=2).round(2)
DECAY = 0.1


def recorded(loss="squares"):
    """The network in Arrays, its layers and its loss with their names."""
    given = {"W1": W1, "b1": b1, "W2": W2, "b2": b2, "W3": W3, "b3": b3}
    p = {name: array(numbers.tolist(), name) for name, numbers in given.items()}
    z1 = array(X.tolist()) @ p["W1"] + p["b1"]
    a1 = z1.tanh()
    z2 = a1 @ p["W2"] + p["b2"]
    a2 = z2.sigmoid()
    y = a2 @ p["W3"] + p["b3"]
    for name, layer in {"Z1": z1, "A1": a1, "Z2": z2, "A2": a2, "Y": y}.items():
        layer.label = name
    if loss == "softmax":
        probabilities = y.softmax()
        probabilities.label = "P"
        output = -(array(C.tolist()) * log(probabilities)).sum() / N
    else:
        fit, size = ((y - array(T.tolist())) ** 2).sum() / N, DECAY * (p["W3"] ** 2).sum()
        fit.label, size.label = "fit", "size"
        output = fit + size
    output.label = "L"
    return output


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def backward(loss="squares", *, d_tanh=None, d_sigmoid=None, d_loss=None, back=None, decay=2 * DECAY, into_w3=None):
    """The same derivatives by hand.  Each argument replaces one line."""
    z1 = X @ W1 + b1
    a1 = np.tanh(z1)
    z2 = a1 @ W2 + b2
    a2 = sigmoid(z2)
    y = a2 @ W3 + b3
    p = np.exp(y) / np.exp(y).sum(axis=1, keepdims=True)
    d_y = (p - C) / N if loss == "softmax" else 2 * (y - T) / N
    d_y = d_y if d_loss is None else d_loss(y, p)
    d_z2 = (d_y @ W3.T) * (a2 * (1 - a2) if d_sigmoid is None else d_sigmoid(z2, a2))
    d_z1 = (d_z2 @ (W2.T if back is None else back)) * (1 - a1**2 if d_tanh is None else d_tanh(z1, a1))
    return {
        "W3": (a2 if into_w3 is None else into_w3(z2, a2)).T @ d_y + (decay * W3 if loss == "squares" else 0),
        "b3": d_y.sum(axis=0),
        "W2": a1.T @ d_z2,
        "b2": d_z2.sum(axis=0),
        "W1": X.T @ d_z1,
        "b1": d_z1.sum(axis=0),
        "d_z1": d_z1,
    }


def changed(**arrays):
    """The right derivatives, but for some arrays that are made of them."""
    right = backward()
    return right | {name: np.asarray(make(right)) for name, make in arrays.items()}


def judged(gradients, loss="squares", **options):
    """The report, and the findings of every array by its name."""
    report = mark(recorded(loss), {name: x for name, x in gradients.items() if name[0] != "d"}, **options)
    found = {}
    for m in report.marks:
        found.setdefault(m.claim.quantity.nodes[1].partition("[")[0], set()).add(m.finding)
    return report, found


@pytest.mark.parametrize("loss", ["squares", "softmax"])
def test_a_right_backward_pass_is_right(loss):
    right = backward(loss)
    assert judged(right, loss)[0].counts == {"right": 12 + 4 + 16 + 4 + 8 + 2}
    single = {name: x.astype(np.float32) for name, x in right.items()}
    assert judged(single, loss)[0].ok
    assert judged({name: x.tolist() for name, x in right.items()}, loss)[0].ok
    assert judged({name: x[None] if x.ndim == 1 else x for name, x in right.items()}, loss)[0].ok  # keepdims=True


PLANTED = {
    "tanh missing": (backward(d_tanh=lambda z, a: 1), "W1", "activation derivative missing", "∂L/∂Z1 = ∂L/∂A1 * (1 - A1 ** 2)"),
    "sigmoid missing": (backward(d_sigmoid=lambda z, a: 1), "W2", "activation derivative missing", "∂L/∂Z2 = ∂L/∂A2 * (A2 * (1 - A2))"),
    "tanh at its output": (backward(d_tanh=lambda z, a: 1 - np.tanh(a) ** 2), "W1", "wrong point", "∂L/∂Z1 = "),
    "tanh at its input": (backward(d_tanh=lambda z, a: 1 - z**2), "W1", "wrong point", "its input in place of its output"),
    "tanh without its square": (backward(d_tanh=lambda z, a: 1 - a), "W1", "mistaken rule", "of tanh, the square is forgotten"),
    "the sigmoid itself": (backward(d_sigmoid=lambda z, a: a), "W2", "mistaken rule", "∂L/∂Z2 = ∂L/∂A2 * (A2 * (1 - A2))"),
    "a square without its 2": (backward(d_loss=lambda y, p: (y - T) / N), "W3", "mistaken rule", "the exponent is not brought down"),
    "sum beside a penalty": (backward(d_loss=lambda y, p: 2 * (y - T)), "W3", "factor", "the term fit is 5 times too large, as a sum over"),
    "sign beside a penalty": (backward(d_loss=lambda y, p: 2 * (T - y) / N), "W3", "sign", "the term fit has the wrong sign"),
    "sum for mean": (backward(d_loss=lambda y, p: 2 * (y - T), decay=2 * DECAY * N), "W3", "factor", "a sum over the samples"),
    "without the 2": (backward(d_loss=lambda y, p: (y - T) / N, decay=DECAY), "W3", "factor", "2 times too small"),
    "sign": (backward(d_loss=lambda y, p: 2 * (T - y) / N, decay=-2 * DECAY), "W3", "sign", "the sign is wrong"),
    "no decay": (backward(decay=0), "W3", "term left out", "the term size"),
    "Z for A": (backward(into_w3=lambda z, a: z, decay=2 * DECAY), "W3", "activation missing", "the input of sigmoid"),
    "W for W.T": (backward(back=W2), "W1", "transposed", "on the way back W2 stands where its transpose should"),
    "W1 transposed": (changed(W1=lambda g: g["W1"].T), "W1", "transposed", "∂L/∂W1 should be 3 × 4, not 4 × 3: it is transposed"),
    "W2 transposed": (changed(W2=lambda g: g["W2"].T), "W2", "transposed", "rows and columns have changed places"),
    "other axis": (changed(b1=lambda g: g["d_z1"].sum(axis=1)), "b1", "wrong axis", "over the 5 samples"),
    "not added up": (changed(b1=lambda g: g["d_z1"]), "b1", "wrong axis", "the shares of the 5 samples are not added up"),
    "a column": (changed(b1=lambda g: g["b1"][:, None]), "b1", "shape", "NumPy would subtract such a column"),
    "a mean": (changed(b1=lambda g: g["b1"] / N), "b1", "factor", "a mean over the samples is in place of their sum"),
    "last sample": (changed(W1=lambda g: np.outer(X[-1], g["d_z1"][-1])), "W1", "one path kept", "only the last one counts"),
    "one number": (changed(b1=lambda g: 0.5), "b1", "shape", "∂L/∂b1 should be 4 long, not one number"),
}


@pytest.mark.parametrize("case", PLANTED)
def test_a_planted_mistake_is_named_where_it_is_and_blamed_once(case):
    gradients, where, mistake, said = PLANTED[case]
    report, found = judged(gradients)
    assert found[where] <= {f"mistake: {mistake}", "right"}, found
    assert all(findings <= {"right", "carried"} for name, findings in found.items() if name != where), found
    assert said in " ".join(report.story)
    assert len([sentence for sentence in report.story if "should be " in sentence and "not " in sentence]) == 1


def test_mistakes_of_softmax():
    def diagonal(y, p):
        return -C / p / N * p * (1 - p)

    _, found = judged(backward("softmax", d_loss=diagonal), "softmax")
    assert found["W3"] == {"mistake: softmax diagonal only"}
    _, found = judged(backward("softmax", d_loss=lambda y, p: -C / p / N), "softmax")
    assert found["W3"] == {"mistake: activation derivative missing"}
    assert found["W1"] == {"carried"}


def test_two_mistakes_in_one_pass():
    """A second one on top of the first, and both in one array."""
    both = backward(d_loss=lambda y, p: 2 * (y - T), decay=2 * DECAY * N, d_tanh=lambda z, a: 1)
    _, found = judged(both)
    assert found["W3"] == {"mistake: factor"}
    assert found["W2"] == {"carried"}
    assert "activation derivative missing" in str(found["W1"])
    assert found["b1"] == {"carried"}
    _, found = judged({"W1": both["W1"]})
    assert found["W1"] == {"mistake: activation derivative missing, factor"}


def test_single_entries_are_looked_at_one_by_one():
    report, found = judged(changed(W1=lambda g: g["W1"] * np.where(np.arange(12).reshape(3, 4) == 6, -1, 1)))
    assert found["W1"] == {"right", "mistake: sign"}
    assert [m.claim.called for m in report.slips] == ["∂L/∂W1[1][2]"]
    report, found = judged(changed(b2=lambda g: g["b2"] + [0, 0.123, 0, 0], b1=lambda g: g["b1"] * [1, np.nan, 1, 1]))
    assert found["b2"] == {"right", "wrong"}
    assert found["b1"] == {"right", "wrong"}
    assert "it is nan" in str(report)
    report, _ = judged(changed(W1=lambda g: g["W1"] + np.arange(12).reshape(3, 4) + 0.1))
    assert report.counts["wrong"] == 12


@pytest.mark.parametrize(("in_vain", "is_told"), [(2, True), (3, False)])
def test_after_three_entries_that_nothing_explains_the_others_are_wrong_and_no_more(in_vain, is_told):
    entries = np.arange(12).reshape(3, 4)
    add, times = np.where(entries < in_vain, [0.1234, 0.2718, 0.3779, 0], 0), np.where(entries == 5, -1, 1)
    _, found = judged(changed(W1=lambda g: g["W1"] * times + add))
    assert found["W1"] == {"right", "wrong"} | ({"mistake: sign"} if is_told else set())


def test_what_was_handed_in_is_gone_on_with():
    """The derivative by a layer in between is wrong in no way that is known; what follows from it is not punished again."""
    right = backward()
    d_z1 = right["d_z1"] + RNG.normal(size=(N, 4))
    report = mark(recorded(), {"Z1": d_z1, "dZ1": d_z1})
    assert report.counts.get("wrong")
    report = mark(recorded(), {"L/Z1": d_z1, "W1": X.T @ d_z1, "b1": d_z1.sum(axis=0)})
    assert report.counts == {"wrong": 20, "carried": 16}


def test_forward_arrays_and_updates():
    z1 = X @ W1 + b1
    assert mark(recorded(), {"Z1": z1, "A1": np.tanh(z1), "Y": (X @ W1)[:, :2]}).counts == {"right": 40, "wrong": 10}
    report = mark(recorded(), {"Z1": X @ W1, "A1": np.tanh(X @ W1)})
    assert {m.finding for m in report.marks[:8]} == {"mistake: term left out"}
    right = backward()
    moved = {f"{name}'": given - 0.1 * right[name] for name, given in {"W1": W1, "b3": b3}.items()}
    assert mark(recorded(), moved, learning_rate=0.1).counts == {"right": 14}


def test_the_parameters_of_a_model_and_numbers_that_stand_alone():
    model = nn.MLP([3, 4, 2], ["tanh", "linear"], rng=Random(0))
    loss = losses.mean_squared_error(model(X.tolist()), T.tolist())
    loss.backward()
    given = model.layers[0].weights.grad
    assert mark(loss, {"layers[0].weights": given, "layers[1].biases": np.array(model.layers[1].biases.grad)}).counts == {"right": 14}
    by_name = {name: x.grad for name, x in model.named_parameters().items()}
    assert mark(loss, by_name).counts == {"right": 26}
    wrong = mark(loss, {"layers[0].weights": (2 * np.array(given)).tolist()})
    assert wrong.slips[0].mistake == "factor"
    assert wrong.slips[0].claim.called == "∂output/∂layers[0].weights[0][0]"
    w, x = Value(0.5, "w"), Value(-1.25, "x")
    y = (w * x).tanh()
    y.label = "y"
    report = mark(y, {"w": -1.25, "x": np.array([y.data]), "y": y.data, "dx": (1 - y.data**2) * 0.5})
    assert [m.finding for m in report.marks] == ["mistake: activation derivative missing", "mistake: copied", "right", "right"]


def test_the_tolerance_is_said_and_taken():
    right = backward()
    near = right | {"W1": right["W1"] + 1e-4 * np.abs(right["W1"]).max()}
    assert judged(near)[1]["W1"] == {"wrong"}
    report, found = judged(near, tolerance=1e-3)
    assert found["W1"] == {"right"}
    assert "to within 0.001 of the largest number of their array" in report.story[1]
    with pytest.raises(ValueError, match=r"a tolerance is a share .* got 2.0"):
        Answers(NamedGraph(recorded()), tolerance=2.0)


def test_what_is_left_of_0_is_rounding_and_a_small_number_is_none():
    """A number that is added to all sums of a softmax cancels: its derivative is 0, and 1e-16 where it is worked out."""
    shift = array([[0.25], [-0.5]], "c")
    sums = array([[0.3, -1.2, 0.7], [0.1, 0.4, -0.2]]) + shift
    sums.label = "S"
    loss = -(array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]) * log(sums.softmax())).sum()
    loss.label = "L"
    for given in (np.array([[2e-16], [-1e-16]]), [[0.0], [3e-16]], np.array([[1e-7], [2e-8]], np.float32)):
        assert mark(loss, {"c": given}).counts == {"right": 2}
    assert not mark(loss, {"c": [[1e-9], [0.0]]}).ok
    w = Value(1e-7, "w")
    y = w * w
    y.label = "y"
    assert mark(y, {"w": 0.0}).marks[0].verdict != "right"  # it is 2e-07
    difference = w - 1e-7
    difference.label = "d"
    assert mark(difference, {"d": 1e-23}).ok
    assert not mark(difference, {"d": 1e-16}).ok


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"W4": [[1.0]]}, r"W4: the graph has no array 'W4'; there are W1, b1, Z1"),
        ({"W1": [[1.0], [1.0, 2.0]]}, "W1: an array has rows of one length"),
        ({"W1": []}, "W1: an array has rows of one length; this one is empty"),
        ({"W1": [["a"]]}, "W1: a number from code is a float"),
        ({"W1": np.ones((2, 2), int).view("m8")}, "W1: a number from code is a real number, got an array of timedelta64"),
        ({"W1": {"a": 1}}, "W1: a number from code is a float"),
    ],
)
def test_answers_that_are_none(answer, message):
    with pytest.raises((ValueError, TypeError), match=message):
        mark(recorded(), answer)


def test_the_table_has_a_line_for_an_array():
    report, _ = judged(backward(d_tanh=lambda z, a: 1))
    lines = str(report).splitlines()
    arrays = ("W3, 8", "b3, 2", "W2, 16", "b2, 4", "W1, 12", "b1, 4")
    assert [line.split("  ")[0] for line in lines[1:7]] == [f"∂L/∂{array} entries" for array in arrays]
    assert "The same in 11 more of its entries. 4 later numbers carry it on." in lines[-1]
    assert report._repr_html_().count("<tr") == 7


def test_a_class_that_hands_in_arrays():
    handed = {"Ada": backward(), "Bob": PLANTED["a column"][0], "Eve": PLANTED["tanh missing"][0], "Max": {"b3": backward()["b3"]}}
    handed = {who: {name: x for name, x in arrays.items() if name[0] != "d"} for who, arrays in handed.items()}
    everybody = mark_all(recorded(), handed)
    assert everybody.points == {"Ada": 46, "Bob": 42, "Eve": 34, "Max": 2}
    assert "∂L/∂b1 should be 4 long, not 4 × 1: the numbers are right" in everybody.first_slips["Bob"]
    assert "the derivative of tanh is missing" in everybody.first_slips["Eve"]
    assert everybody.reports["Max"].counts == {"right": 2, "unanswered": 44}
    turned = {"Ada": {"b1": backward()["d_z1"]}, "Bob": {"b1": backward()["d_z1"][::-1] * [1, -1, 1, -1]}}
    assert [m.mistake for m in mark_all(recorded(), turned).reports["Bob"].marks] == ["shape"] * 4  # though largest and shape are Ada's
    for who, report in everybody.reports.items():
        assert who == "Max" or report.counts == mark(recorded(), handed[who]).counts


def test_a_number_from_code_is_as_near_as_the_largest_of_its_array_says():
    entry = computed(10.0, 0.005, 20.0)  # to within 0.1
    assert entry.unit == pytest.approx(0.2)
    assert [entry.states(10.0 + x) for x in (0.099, -0.099, 0.101, -0.101)] == [True, True, False, False]
    assert [entry.states(10.149, *more) for more in ((), (0.05,), (0.0, 0.05))] == [False, True, True]
    assert [entry.is_near_an_edge(10.0 + x) for x in (0.0, 0.0997, 0.0999, 0.1001, 0.1003, -0.1001)] == [
        False, False, True, True, False, True
    ]  # fmt: skip
    assert computed(0.0, 0.005, 0.0).unit == 0.01  # of an array of zeros, as of ones


def test_what_is_left_where_much_has_cancelled_is_rounding():
    entry = computed(0.0, 0.005, 2.0, rounding=0.001)
    assert [entry.widened(size).unit for size in (1.0, 10.0, 100.0)] == [0.02, 0.02, 0.2]
    wider = entry.widened(100.0)
    assert (wider.number, wider.text, wider.tolerance, wider.largest, wider.rounding) == (0.0, "0", 0.005, 2.0, 0.001)
    assert computed(0.0, 0.005, 0.0).widened(0.0).unit == 0.01
