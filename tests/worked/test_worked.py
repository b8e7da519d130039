"""The 3-3-3 example against numbers worked out here a second time, in plain floats and without the engine."""

import inspect
import math
from functools import cache
from pathlib import Path

import pytest

from autograd_tiny.worked import three_three_three as example


@cache
def report():
    return example.marked()


def matrix_product(row, matrix, bias):
    return [sum(x * w[j] for x, w in zip(row, matrix)) + bias[j] for j in range(len(bias))]


def by_hand():
    """Forward and backward in matrix form: gradients of all weights, and the loss."""
    a0 = example.INPUTS
    a1 = [max(0.0, z) for z in matrix_product(a0, example.WEIGHTS_IJ, example.BIASES)]
    a2 = [1 / (1 + math.exp(-z)) for z in matrix_product(a1, example.WEIGHTS_JK, example.BIASES)]
    e = [math.exp(z) for z in matrix_product(a2, example.WEIGHTS_KL, example.BIASES)]
    out = [x / sum(e) for x in e]
    loss = -sum(math.log(o) if t else math.log(1 - o) for o, t in zip(out, example.TARGETS))
    d_out = [-1 / o if t else 1 / (1 - o) for o, t in zip(out, example.TARGETS)]
    mixed = sum(d * o for d, o in zip(d_out, out))
    d3 = [o * (d - mixed) for o, d in zip(out, d_out)]
    d2 = [sum(w * d for w, d in zip(row, d3)) * a * (1 - a) for row, a in zip(example.WEIGHTS_KL, a2)]
    d1 = [sum(w * d for w, d in zip(row, d2)) for row in example.WEIGHTS_JK]
    return loss, [[[a * d for d in ds] for a in below] for below, ds in ((a0, d1), (a1, d2), (a2, d3))]


@pytest.mark.parametrize("expanded", [False, True])
def test_the_engine_equals_the_matrix_form(expanded):
    recorded = example.record(expanded=expanded)
    recorded.loss.backward()
    loss, gradients = by_hand()
    assert recorded.loss.data == pytest.approx(loss, rel=1e-14)
    for layer, expected in zip(recorded.model.layers, gradients):
        for row, expected_row in zip(layer.weights, expected):
            assert [w.grad for w in row] == pytest.approx(expected_row, rel=1e-12)


def test_updated_parameters():
    _, gradients = by_hand()
    assert example.updated_parameters()["W_k1l3"] == pytest.approx(0.8 - 0.01 * gradients[2][0][2], rel=1e-12)
    assert example.record().nodes["W_k1l3"].data == 0.8


def test_the_page_as_a_file_is_the_network_in_code():
    page, recorded = example.in_scalars(), example.record()
    from_file = page.record()
    assert {name: node.data for name, node in from_file.nodes.items()} == {name: node.data for name, node in recorded.nodes.items()}
    assert page.learning_rate == example.LEARNING_RATE


@pytest.mark.slow
def test_the_page_as_a_file_has_the_same_marks():
    page = example.in_scalars()
    assert [m.verdict for m in page.mark().marks] == [m.verdict for m in report().marks]


@pytest.mark.slow
def test_the_page_in_matrices_has_the_same_marks_and_is_short():
    marks = example.page().mark().marks
    by_name = {"·".join(map(example.with_indices, m.claim.quantity.nodes)) + m.claim.section: m for m in marks}
    assert len(by_name) == len(marks) == 133
    for m in report().marks:
        same = by_name["·".join(m.claim.quantity.nodes) + m.claim.section]
        assert (same.verdict, same.mistake, same.claim.printed) == (m.verdict, m.mistake, m.claim.printed)
        assert same.value == pytest.approx(m.value, rel=1e-12)
    lines = Path(inspect.getfile(example)).with_suffix(".toml").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 100
    assert lines.index("[[section]]") <= 16  # fifteen lines and an empty one before the claims


def test_every_printed_number_is_marked():
    published = example.page().claims
    assert len(published) == len(set(published)) == 133
    assert {claim.quantity.kind for claim in published} == {"data", "derivative", "path"}
    assert report().counts == {"right": 39, "rounded": 15, "carried": 50, "mistake": 18, "stale": 9, "wrong": 2}


def test_the_engines_updates_are_those_of_the_optimizer():
    after = example.updated_parameters()
    updates = [m for m in report().marks if m.claim.quantity.nodes[-1].endswith("'")]
    assert len(updates) == 27
    assert [m.value for m in updates] == pytest.approx([after[m.claim.quantity.nodes[0].removesuffix("'")] for m in updates], rel=1e-12)


def marks(section):
    return {str(m.claim.quantity): m for m in report().marks if m.claim.section == section}


def test_the_first_slip():
    slip = report().first_slip
    assert (str(slip.claim.quantity), slip.claim.printed.text, slip.right, slip.verdict) == ("h2_in3", "4.001", "4.004", "wrong")


def test_the_derivatives_of_the_loss_are_from_another_softmax():
    stale = marks("Derivatives of the loss").values()
    assert [m.verdict for m in stale] == ["stale"] * 3
    assert {m.fits for m in stale} == {("O_out1 = 0.2698", "O_out2 = 0.3223", "O_out3 = 0.4078")}
    assert [m.mistake for m in stale] == ["", "sign", "sign"]


def test_a_neighbour_in_the_derivative_of_the_softmax():
    slip = marks("Derivatives of the softmax")["∂O_out3/∂O_in3"]
    assert (slip.verdict, slip.mistake) == ("mistake", "neighbour taken")
    assert slip.claim.printed.number == pytest.approx(0.51583 * (1 - 0.28559), abs=5e-5)


def test_derivatives_of_one_loss_follow_their_formula_and_are_wrong_as_the_gradient():
    assert {m.verdict for m in marks("δW_kl").values()} == {"carried"}
    updates = marks("Updated W_kl").values()
    assert {m.mistake for m in updates} == {"one path kept", "one path kept, decimal place"}
    assert all(m.sources for m in updates)


def test_three_of_nine_paths_are_added():
    assert {m.mistake for m in marks("Derivatives of the total loss by layer 2").values()} == {"softmax diagonal only"}
    assert {m.mistake for m in marks("Derivatives of the total loss by layer 1").values()} == {"one path kept"}


def test_lost_decimal_places():
    assert marks("Updated W_jk")["W_j3k3'"].mistake == "decimal place"
    assert marks("Factor put into the update of W_ij")["∂E_total/∂W_i3j1"].mistake == "decimal place"
    assert {m.verdict for m in marks("Updated W_ij").values()} == {"carried"}


def test_what_cannot_be_explained_is_said_to_be_so():
    unexplained = [m for m in report().marks if m.verdict == "wrong"]
    assert [(str(m.claim.quantity), m.claim.printed.text) for m in unexplained] == [("h2_in3", "4.001"), ("∂E2/∂O_out2", "-0.301")]
    assert all(m.sentence.endswith("nothing known explains it.") for m in unexplained)
