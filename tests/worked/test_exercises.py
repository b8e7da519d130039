"""The open questions: the answers' numbers by NumPy, differences and counting, not by the engine's derivatives."""

from itertools import pairwise

import numpy as np
import pytest

from autograd_tiny.worked import exercises
from autograd_tiny.worked import three_three_three as example


def loss(parameters, batch=exercises.BATCH):
    """The mean loss of the 3-3-3 network on a batch, in NumPy; weights and biases in the order of the layers."""
    (w_ij, b_j), (w_jk, b_k), (w_kl, b_l) = parameters
    h1 = np.maximum(np.array(batch.inputs) @ w_ij + b_j, 0)
    h2 = 1 / (1 + np.exp(-(h1 @ w_jk + b_k)))
    e = np.exp(h2 @ w_kl + b_l)
    out = e / e.sum(axis=1, keepdims=True)
    targets = np.array(batch.targets)
    return -(targets * np.log(out) + (1 - targets) * np.log(1 - out)).sum(axis=1).mean()


def slopes(batch):
    """Every derivative of `loss`, by central differences, under the labels of the page."""
    weights = [example.WEIGHTS_IJ, example.WEIGHTS_JK, example.WEIGHTS_KL]
    parameters = [(np.array(w), np.array(example.BIASES)) for w in weights]
    found = {}
    for (w, b), (above, below) in zip(parameters, ("ij", "jk", "kl")):
        names = {(i, j): f"W_{above}{i + 1}{below}{j + 1}" for i in range(3) for j in range(3)}
        for array, labels in ((w, names), (b, {(j,): f"b_{below}{j + 1}" for j in range(3)})):
            for place, label in labels.items():
                kept, two = array[place], []
                for h in (1e-5, -1e-5):
                    array[place] = kept + h
                    two.append(loss(parameters, batch))
                array[place] = kept
                found[label] = (two[0] - two[1]) / 2e-5
    return found


def test_a_bias_gets_what_its_weighted_sum_gets():
    measured = slopes(exercises.Batch([example.INPUTS], [example.TARGETS]))
    found = exercises.bias_gradients()
    assert len(found) == 9
    for label, (by_bias, by_sum) in found.items():
        assert by_bias == by_sum
        assert by_bias == pytest.approx(measured[label], rel=1e-6, abs=1e-9), label


def test_the_gradient_of_a_batch_is_the_mean_of_its_samples_gradients():
    whole, parts, measured = exercises.batch_gradients(), exercises.sample_gradients(), slopes(exercises.BATCH)
    assert len(whole) == 36
    assert len(parts) == 3
    for label, gradient in whole.items():
        assert gradient == pytest.approx(sum(part[label] for part in parts) / 3, rel=1e-12, abs=1e-16)
        assert gradient == pytest.approx(measured[label], rel=1e-5, abs=1e-9), label


def test_it_is_not_the_gradient_at_the_averaged_sample():
    inputs, targets = exercises.averaged()
    assert inputs[0] == pytest.approx([0.4, 1.1 / 3, 0.5])
    assert targets[0] == pytest.approx([1 / 3] * 3)
    whole, other = exercises.batch_gradients(), exercises.batch_gradients(exercises.averaged())
    assert max(abs(whole[label] - other[label]) for label in whole) > 0.001


def test_sigmoids_lose_the_gradient_layer_by_layer_and_relus_keep_it():
    sigmoid, relu = (exercises.gradient_sizes(name, 8, networks=9) for name in ("sigmoid", "relu"))
    assert len(sigmoid) == len(relu) == 8
    assert all(below < above / 2 for below, above in pairwise(sigmoid))
    assert sigmoid[0] < 1e-4 * sigmoid[-1]
    assert 0.2 < relu[0] / relu[-1] < 5


def test_gradient_sizes_are_those_of_the_weights():
    (size,) = exercises.gradient_sizes("linear", 1, width=2, networks=1)
    rng = exercises.Random(0)
    for _ in range(4):
        rng.uniform(-1, 1)  # the weights, which a linear layer's derivative does not contain
    x = [rng.gauss(0, 1), rng.gauss(0, 1)]
    assert size == pytest.approx(np.sqrt((x[0] ** 2 + x[1] ** 2) / 2) / 2)


def test_equal_weights_stay_equal_and_are_one_neuron():
    model = exercises.equal_weights()
    losses = exercises.train(model, steps=60)
    assert losses[-1] < losses[0]
    for layer in model.layers[:2]:
        for row in layer.weights:
            assert len({weight.data for weight in row}) == 1
        assert len({bias.data for bias in layer.biases}) == 1
    assert len({tuple(weight.data for weight in row) for row in model.layers[2].weights}) == 1
    (w_ij, w_jk, w_kl) = (np.array([[w.data for w in row] for row in layer.weights]) for layer in model.layers)
    (b_j, b_k, b_l) = (np.array([b.data for b in layer.biases]) for layer in model.layers)
    one_neuron = [(w_ij[:, :1], b_j[:1]), (3 * w_jk[:1, :1], b_k[:1]), (3 * w_kl[:1], b_l)]
    assert loss(one_neuron, exercises.XOR) == pytest.approx(losses[-1], rel=1e-12)


def test_what_one_neuron_cannot_learn_equal_weights_do_not_by_the_numbers_that_the_docstring_states():
    equal = exercises.train(exercises.equal_weights())[-1]
    different = exercises.train(exercises.random_weights())[-1]
    assert different < 0.01 < 0.9 < equal
    assert f"{equal:.3f}" in exercises.__doc__
    assert f"{different:.3f}" in exercises.__doc__


def test_the_loss_is_that_of_the_page_on_its_sample():
    first, second = exercises.train(example.record().model, exercises.Batch([example.INPUTS], [example.TARGETS]), steps=1)
    assert first == pytest.approx(example.record().loss.data, rel=1e-14)
    assert second < first
