"""The matrix form against the slides' formulas, written out in NumPy."""

import numpy as np
import pytest

from autograd_tiny.worked import matrix_form


@pytest.fixture(scope="module")
def recorded():
    return matrix_form.record()


@pytest.fixture(scope="module")
def data(recorded):
    return {name: np.array(matrix) for name, matrix in recorded.data().items()}


@pytest.fixture(scope="module")
def gradients(recorded):
    return {name: np.array(matrix) for name, matrix in recorded.gradients().items()}


@pytest.fixture(scope="module")
def delta(data):
    """∂E/∂O * ∂O/∂Z2, one number per sample."""
    return (data["O"] - [matrix_form.TARGETS]) * data["O"] * (1 - data["O"])


def hidden(data, d_z2_d_h1, delta):
    """∂E/∂Z1, with the slides' ∂h1/∂Z1 = h1 (1 - h1)."""
    return data["h1"] * (1 - data["h1"]) * (d_z2_d_h1 @ delta)


def test_forward(recorded, data):
    z1 = data["W_ih"].T @ data["X"] + data["b_ih"]
    h1 = 1 / (1 + np.exp(-z1))
    z2 = data["W_ho"].T @ h1 + data["b_ho"]
    out = 1 / (1 + np.exp(-z2))
    assert data["h1"] == pytest.approx(h1, rel=1e-14)
    assert data["O"] == pytest.approx(out, rel=1e-14)
    assert recorded.loss.data == pytest.approx(0.5 * np.sum((out - matrix_form.TARGETS) ** 2), rel=1e-14)


def test_the_shapes_are_those_on_the_slides(gradients):
    shapes = {name: gradient.shape for name, gradient in gradients.items()}
    assert shapes == {
        "X": (3, 6), "W_ih": (3, 5), "b_ih": (5, 1), "Z1": (5, 6), "h1": (5, 6), "W_ho": (5, 1), "b_ho": (1, 1), "Z2": (1, 6), "O": (1, 6)
    }  # fmt: skip


def test_the_four_formulas(data, gradients, delta):
    ones = np.ones((1, 6))
    assert gradients["O"] == pytest.approx(data["O"] - [matrix_form.TARGETS], rel=1e-13)
    assert gradients["Z2"] == pytest.approx(delta, rel=1e-13)
    assert gradients["W_ho"] == pytest.approx(data["h1"] @ delta.T, rel=1e-12)
    assert gradients["b_ho"] == pytest.approx(ones @ delta.T, rel=1e-12)
    d_z1 = hidden(data, data["W_ho"], delta)
    assert gradients["Z1"] == pytest.approx(d_z1, rel=1e-12)
    assert gradients["W_ih"] == pytest.approx(data["X"] @ d_z1.T, rel=1e-12)
    assert gradients["b_ih"] == pytest.approx(d_z1 @ ones.T, rel=1e-12)


def test_the_naive_product_has_no_shape_and_by_entry_it_lacks_its_sum(data, gradients, delta):
    with pytest.raises(ValueError, match="matmul"):
        delta @ data["h1"]
    per_sample = delta * data["h1"]
    assert per_sample.shape == (5, 6)
    assert per_sample.sum(axis=1, keepdims=True) == pytest.approx(gradients["W_ho"], rel=1e-12)


def test_the_last_slide_is_wrong_by_the_numbers_that_the_docstring_states(data, gradients, delta):
    d_z2_d_w_ho = data["h1"]
    with pytest.raises(ValueError, match="matmul"):
        hidden(data, d_z2_d_w_ho, delta)
    by_entry = data["X"] @ (data["h1"] * (1 - data["h1"]) * (d_z2_d_w_ho * delta)).T
    assert by_entry.shape == gradients["W_ih"].shape
    assert f"{by_entry[0, 0]:.4f}" in matrix_form.__doc__
    assert f"{gradients['W_ih'][0, 0]:.4f}" in matrix_form.__doc__
    assert by_entry[0, 0] > 0 > gradients["W_ih"][0, 0]
    assert (np.ones((1, 6)) @ hidden(data, data["W_ho"], delta).T).shape == (1, 5) != data["b_ih"].shape
