"""The N-layer network: the lecture's matrices in NumPy, what dividing by m does, and training on the spiral."""

import numpy as np
import pytest

from autograd_tiny.optim import SGD, cosine_decay
from autograd_tiny.worked import n_layer

SAMPLES = n_layer.spiral()
CLASSES = np.eye(3)[[sample.target for sample in SAMPLES]]


def arrays(matrices):
    return {name: np.array(matrix) for name, matrix in matrices.items()}


@pytest.fixture(scope="module")
def two_layers():
    recorded = n_layer.record(n_layer.network(4), SAMPLES)
    return arrays(recorded.data()), arrays(recorded.gradients())


def test_the_spiral_has_three_arms_of_equal_length():
    assert len(SAMPLES) == 300
    assert [sum(sample.target == arm for sample in SAMPLES) for arm in range(3)] == [100, 100, 100]
    radii = [np.hypot(*sample.point) for sample in SAMPLES if sample.target == 1]
    assert radii == pytest.approx(np.linspace(0, 1, 100), abs=1e-12)
    assert n_layer.spiral(seed=1) != SAMPLES == n_layer.spiral(seed=0)


def test_one_layer():
    recorded = n_layer.record(n_layer.network(), SAMPLES)
    data, gradients = arrays(recorded.data()), arrays(recorded.gradients())
    assert recorded.loss.data == pytest.approx(-np.log(data["A1"][CLASSES == 1]).mean(), rel=1e-13)
    assert gradients["W1"] == pytest.approx(data["X"].T @ (data["A1"] - CLASSES) / 300, rel=1e-11)
    with pytest.raises(ValueError, match="matmul"):
        (data["A1"] - CLASSES) @ data["X"]


def test_two_layers(two_layers):
    data, gradients = two_layers
    d_z2 = (data["A2"] - CLASSES) / 300
    d_a1 = d_z2 @ data["W2"].T
    d_z1 = d_a1 * (data["Z1"] > 0)
    expected = {
        "Z2": d_z2,
        "W2": data["A1"].T @ d_z2,
        "b2": d_z2.sum(axis=0, keepdims=True),
        "A1": d_a1,
        "Z1": d_z1,
        "W1": data["X"].T @ d_z1,
        "b1": d_z1.sum(axis=0, keepdims=True),
    }
    for name, matrix in expected.items():
        assert gradients[name] == pytest.approx(matrix, abs=1e-14), name
    with pytest.raises(ValueError, match="matmul"):
        data["A1"] @ d_z2
    undivided = data["X"].T @ ((data["A2"] - CLASSES) @ data["W2"].T * (data["Z1"] > 0))
    assert undivided == pytest.approx(300 * gradients["W1"], abs=1e-11)


def test_the_shapes_are_those_on_the_slides(two_layers):
    assert {name: matrix.shape for name, matrix in two_layers[0].items()} == {
        "X": (300, 2), "W1": (2, 4), "b1": (1, 4), "Z1": (300, 4), "A1": (300, 4),
        "W2": (4, 3), "b2": (1, 3), "Z2": (300, 3), "A2": (300, 3),
    }  # fmt: skip


def test_more_layers():
    gradients = n_layer.record(n_layer.network(5, 4, 6), SAMPLES[::10]).gradients()
    assert [np.shape(gradients[f"W{n}"]) for n in (1, 2, 3, 4)] == [(2, 5), (5, 4), (4, 6), (6, 3)]


def test_divided_by_m_a_step_does_not_grow_with_the_number_of_samples():
    model, few = n_layer.network(4), SAMPLES[::10]
    once, ten_times = (n_layer.record(model, few * n).gradients()["W1"] for n in (1, 10))
    assert np.array(ten_times) == pytest.approx(np.array(once), rel=1e-10)


def test_the_loss_from_logits_is_the_loss_from_probabilities():
    model = n_layer.network(4)
    point = SAMPLES[7].point
    (probabilities,) = n_layer.record(model, [SAMPLES[7]]).data()["A2"]
    e = np.exp([z.data for z in n_layer.logits(model, point)])
    assert probabilities == pytest.approx(e / e.sum(), rel=1e-13)
    assert n_layer.accuracy(model, SAMPLES[::9]) == np.mean([n_layer.predict(model, s.point) == s.target for s in SAMPLES[::9]])
    assert n_layer.predict(model, point) == n_layer.predict(model.frozen(), point) == int(np.argmax(probabilities))


def test_a_few_epochs_learn_and_say_how():
    model, few = n_layer.network(6), n_layer.spiral(30, noise=0.0)
    before = n_layer.accuracy(model, few)
    history = n_layer.train(model, few, epochs=15, batch=10)
    assert len(history) == 15
    assert history[-1] < 0.75 * history[0]
    assert n_layer.accuracy(model, few) > before + 0.2


def test_an_epoch_sees_every_sample_once():
    model = n_layer.network()
    samples = SAMPLES[::12]  # 25: the last batch is smaller
    (loss,) = n_layer.train(model, samples, epochs=1, batch=10, rate=1e-12)
    by_batch = n_layer.record(n_layer.network(), samples).loss.data
    assert loss == pytest.approx(by_batch, rel=0.1)
    for batch in (5, 25):
        (whole,) = n_layer.train(n_layer.network(), samples, epochs=1, batch=batch, rate=1e-12)
        assert whole == pytest.approx(by_batch, rel=1e-10)


def test_the_rate_falls_to_0_over_all_steps():
    """A batch of all samples, so that their order makes no difference."""
    model, samples = n_layer.network(seed=0), SAMPLES[::12]
    optimizer, history = SGD(model.parameters(), cosine_decay(1.0, steps=4)), []
    for _ in range(4):
        loss = n_layer.record(model, samples).loss
        history.append(loss.data)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert n_layer.train(n_layer.network(), samples, epochs=4, batch=len(samples)) == pytest.approx(history, rel=1e-10)


@pytest.mark.slow
def test_a_wider_network_learns_the_spiral_and_2_4_3_does_not():
    accuracies = {}
    for hidden in (4, 16):
        model = n_layer.network(hidden)
        n_layer.train(model, SAMPLES)
        accuracies[hidden] = n_layer.accuracy(model, SAMPLES), n_layer.accuracy(model, n_layer.spiral(seed=1))
    assert accuracies[4][0] == pytest.approx(0.77, abs=0.02)
    assert min(accuracies[16]) >= 0.95
