"""The dense layer's rules and the softmax's, written out in NumPy; and the slide's sign."""

import numpy as np
import pytest

from autograd_tiny.optim import SGD
from autograd_tiny.worked import dense

ACTUAL = np.eye(3)[dense.TARGETS]


@pytest.fixture(scope="module")
def data():
    return {name: np.array(matrix) for name, matrix in dense.record().data().items()}


@pytest.fixture(scope="module")
def gradients():
    return {name: np.array(matrix) for name, matrix in dense.record().gradients().items()}


def test_forward(data):
    z1 = data["X"] @ data["W1"] + data["b1"]
    e = np.exp(np.maximum(z1, 0) @ data["W2"] + data["b2"])
    prediction = e / e.sum(axis=1, keepdims=True)
    assert data["A2"] == pytest.approx(prediction, rel=1e-13)
    assert dense.record().loss.data == pytest.approx(-np.log(prediction[ACTUAL == 1]).mean(), rel=1e-13)


def test_every_relu_is_on_for_some_samples_and_off_for_others(data):
    on = data["Z1"] > 0
    assert on.any(axis=0).all()
    assert not on.all(axis=0).any()


def test_softmax_and_loss_together(data, gradients):
    assert gradients["A2"] == pytest.approx(-ACTUAL / (len(ACTUAL) * data["A2"]), abs=1e-15)
    assert gradients["Z2"] == pytest.approx((data["A2"] - ACTUAL) / len(ACTUAL), abs=1e-15)


@pytest.mark.parametrize(("layer", "inputs"), [(1, "X"), (2, "A1")])
def test_the_three_rules_of_a_dense_layer(data, gradients, layer, inputs):
    upstream = gradients[f"Z{layer}"]
    assert gradients[f"W{layer}"] == pytest.approx(data[inputs].T @ upstream, abs=1e-15)
    assert gradients[f"b{layer}"] == pytest.approx(upstream.sum(axis=0, keepdims=True), abs=1e-15)
    assert gradients[inputs] == pytest.approx(upstream @ data[f"W{layer}"].T, abs=1e-15)


def test_relu_lets_through_what_was_positive(data, gradients):
    assert gradients["Z1"] == pytest.approx(gradients["A1"] * (data["Z1"] > 0), abs=0)


def test_the_slides_sign_climbs_by_the_numbers_that_the_docstring_states(gradients):
    model = dense.network()
    before = dense.record(model).loss
    before.backward()
    for parameter in model.parameters():
        parameter.grad = -parameter.grad  # everything below the softmax is proportional to what it hands down
    SGD(model.parameters(), 0.5).step()
    climbed = dense.record(model).loss.data
    descended = dense.train(1, 0.5)[-1]
    assert descended < before.data < climbed
    for number in (gradients["Z2"][0, 0], before.data, descended, climbed):
        assert f"{number:.4f}" in dense.__doc__


def test_descent_is_the_slides_rule(gradients):
    model = dense.network()
    before = np.array(dense.record(model).data()["W1"])
    dense.record(model).loss.backward()
    SGD(model.parameters(), 0.5).step()
    assert np.array(dense.record(model).data()["W1"]) == pytest.approx(before - 0.5 * gradients["W1"], rel=1e-14)


def test_training_fits_the_batch():
    losses = dense.train()
    assert len(losses) == 51
    assert losses[-1] < 0.06 < 1.2 < losses[0]
