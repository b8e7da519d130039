"""The 3-3-3 example against numbers worked out here a second time, in plain floats and without the engine."""

import json
import math

import pytest

from autograd_tiny import claims
from autograd_tiny.claims import Claim, agrees, compare, read_claims, round_like
from autograd_tiny.worked import three_three_three as example


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


def test_every_printed_number_speaks_of_the_graph():
    published = example.published_claims()
    assert len(published) == 133
    assert len(set(published)) == 133
    assert {claim.kind for claim in published} == set(claims.KINDS)


def test_the_page_is_wrong_where_it_is_wrong_and_right_where_it_is_right():
    verdicts = {(c.claim.section, c.claim.quantity): c for c in example.compare_with_published()}
    first_wrong = next(c for c in verdicts.values() if not c.agrees)
    assert (first_wrong.claim.quantity, first_wrong.claim.printed) == ("h2_in3", "4.001")
    assert first_wrong.value == pytest.approx(4.004)
    for n in (2, 3):
        slope = verdicts["Derivatives of the loss", f"∂E{n}/∂O_out{n}"]
        assert slope.value > 0 > float(slope.claim.printed)
    assert verdicts["Layer 1", "h1_in3"].agrees
    assert verdicts["Derivatives of the ReLU", "∂h1_out2/∂h1_in2"].agrees
    assert not any(c.agrees for c in verdicts.values() if c.claim.section == "Updated W_ij")


def test_paths_multiply_and_sum_to_less_than_the_total():
    recorded = example.record()
    paths = [Claim("path", (f"E{n}", f"O_out{n}", f"O_in{n}", "h2_out1"), "0") for n in (1, 2, 3)]
    (whole,) = compare([Claim("derivative", ("E_total", "h2_out1"), "0")], recorded.nodes, {})
    values = [c.value for c in compare(paths, recorded.nodes, {})]
    e1, o1, w = recorded.nodes["E1"], recorded.nodes["O_out1"], recorded.nodes["W_k1l1"]
    assert e1.data == pytest.approx(-math.log(o1.data))
    assert values[0] == pytest.approx(-(1 - o1.data) * w.data)
    assert sum(values) != pytest.approx(whole.value)  # the page's three paths leave out the softmax's other six


@pytest.mark.parametrize(
    ("printed", "value", "expected"),
    [
        ("0.2040", 0.20395, True),
        ("0.2040", 0.20394, False),
        ("0.204", 0.20394, True),
        ("4.001", 4.004, False),
        ("-0.5", -0.46, True),
        ("1.0", 1.05, True),
        ("1e-3", 0.0014, True),
        ("1.0e-3", 0.0014, False),
        ("12", 12.4, True),
        ("1", math.nan, False),
        ("1", math.inf, False),
    ],
)
def test_agreement_at_the_printed_precision(printed, value, expected):
    assert agrees(printed, value) is expected


def test_rounding_like_the_page():
    assert round_like("4.001", 3.9996) == "4.000"
    assert round_like("12", 3.7) == "4"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"data": "h", "printed": "x"}, "'x' is not a decimal number"),
        ({"data": "h", "printed": "NaN"}, "not a finite number"),
        ({"data": "h", "printed": 0.5}, "'printed' as a string"),
        ({"printed": "0.5"}, "needs one of data, derivative, path, updated"),
        ({"derivative": ["a"], "printed": "0.5"}, "derivative speaks of 2 labels"),
        ({"path": ["a"], "printed": "0.5"}, "path speaks of two or more labels"),
    ],
)
def test_bad_claims_are_named(tmp_path, entry, message):
    file = tmp_path / "claims.json"
    file.write_text(json.dumps({"claims": [entry]}), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_claims(file)


def test_a_claim_about_no_node():
    with pytest.raises(ValueError, match="'h9', but no node has that label"):
        compare([Claim("data", ("h9",), "1")], example.record().nodes, {})
