"""Layers, networks and losses on batches: the same numbers and gradients as sample by sample."""

import copy
import math
from random import Random

import numpy as np
import pytest

from autograd_tiny import Array, Expression, Value, array, compile_loss, compile_model, losses, mean, nn, optim, total
from autograd_tiny.arrays.node import Reduced

SAMPLES = [[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5], [1.0, 1.0]]


def network(*activations):
    return nn.MLP([2, 4, 3], activations or ["relu", "softmax"], rng=Random(1))


def gradients(model):
    found = [p.grad for p in model.parameters()]
    model.zero_grad()
    return found


@pytest.mark.parametrize("activations", [("relu", "softmax"), ("tanh", "sigmoid"), ("linear", "linear"), (lambda z: z * z, "relu")])
@pytest.mark.parametrize("rows", [SAMPLES, np.array(SAMPLES), array(SAMPLES, "X"), tuple(map(tuple, SAMPLES))])
def test_a_batch_gives_what_its_samples_give(activations, rows):
    model = network(*activations)
    outputs = model(rows)
    assert isinstance(outputs, Array)
    assert outputs.data == [[v.data for v in model(sample)] for sample in SAMPLES]
    ((outputs - 0.3) ** 2).sum().backward()
    together = gradients(model)
    total([(v - 0.3) ** 2 for sample in SAMPLES for v in model(sample)]).backward()
    assert together == pytest.approx(gradients(model), rel=1e-13)


def test_a_batch_of_expanded_sums_has_the_same_numbers():
    model = network()
    expanded = model(SAMPLES, expanded=True)
    assert [v for row in expanded.data for v in row] == pytest.approx([v for row in model(SAMPLES).data for v in row])
    assert expanded[0][0].operands[0].op.name == "add"


def test_a_list_gives_a_list_and_a_vector_a_vector():
    model = network()
    assert type(model(SAMPLES[0])) is list
    vector = model(array(SAMPLES[0], "x"))
    assert isinstance(vector, Array)
    assert vector.data == [v.data for v in model(SAMPLES[0])]


def test_a_frozen_network_gives_lists_of_numbers():
    model = network()
    frozen = model.frozen()
    assert frozen(SAMPLES) == [frozen(sample) for sample in SAMPLES] == model(SAMPLES).data
    assert frozen(array(SAMPLES)).data == frozen(SAMPLES)
    assert type(frozen.layers[0].weights) is list


def test_weights_and_biases_are_arrays_that_are_used_as_lists_were():
    model = network()
    layer = model.layers[0]
    assert layer.weights.shape == (2, 4)
    assert layer.biases.shape == (4,)
    assert layer.weights[1][2] is model.named_parameters()["layers[0].weights[1][2]"]
    assert [len(row) for row in layer.weights] == [4, 4]
    assert [b.data for b in layer.biases] == [0.0] * 4
    assert layer.neurons[2].weights == [layer.weights[0][2], layer.weights[1][2]]
    assert repr(layer.biases) == "array([0, 0, 0, 0], 'layers[0].biases')"


def test_arrays_that_are_given_are_kept():
    w, b = array([[1.0, 2.0]], "W"), array([0.5, -2.0], "b")
    layer = nn.Layer.from_weights(w, b, "relu")
    assert layer.weights is w
    assert layer.biases is b
    assert layer([3.0])[1].operands[0].operands[-1] is b[1]
    with pytest.raises(ValueError, match=r"weights\[0\] has 2 entries, but there are 1 biases"):
        nn.Layer.from_weights(w, array([1.0]))


def test_a_copied_network_has_parameters_of_its_own():
    model = network()
    twin = copy.deepcopy(model)
    twin.layers[0].weights[0][0].data = 9.0
    assert model.layers[0].weights[0][0].data != 9.0
    assert twin.state_dict()["layers[0].weights[0][0]"] == 9.0


def test_a_module_with_an_array_is_trained_saved_and_frozen():
    class Linear(nn.Module):
        def __init__(self):
            self.W, self.b = array([[1.0], [2.0]]), array([0.0])

        def __call__(self, x):
            return x @ self.W + self.b

    model = Linear()
    assert list(model.named_parameters()) == ["W[0][0]", "W[1][0]", "b[0]"]
    loss = losses.mean_squared_error(model(array(SAMPLES)), [1.0, 2.0, 3.0, 4.0])
    loss.backward()
    optim.SGD(model.parameters(), 0.1).step()
    assert losses.mean_squared_error(model(array(SAMPLES)), [1.0, 2.0, 3.0, 4.0]).data < loss.data
    assert np.array(SAMPLES) @ model.frozen().W + model.frozen().b == pytest.approx(np.array(model(array(SAMPLES)).data))


def test_a_batch_of_another_width_is_refused():
    for rows in ([[1.0, 2.0, 3.0]], array([[1.0, 2.0, 3.0]]), array([1.0])):
        with pytest.raises(ValueError, match=r"this layer has 2 inputs, got \d numbers"):
            network()(rows)


# Losses.

LOSSES = {
    "half squared error": (losses.half_squared_error, [[1.0, 0.0], [0.5, 2.0], [-1.0, 0.0]], lambda z: z),
    "mean squared error": (losses.mean_squared_error, [[1.0, 0.0], [0.5, 2.0], [-1.0, 0.0]], lambda z: z),
    "binary cross-entropy": (losses.binary_cross_entropy, [[1.0, 0.0], [0.25, 1.0], [0.0, 0.0]], lambda z: z.sigmoid()),
    "the same from logits": (losses.binary_cross_entropy_from_logits, [[1.0, 0.0], [0.25, 1.0], [0.0, 0.0]], lambda z: z),
    "cross-entropy": (losses.cross_entropy, [1, 0, 1], lambda z: z.softmax()),
    "the same from logits, many classes": (losses.cross_entropy_from_logits, [1, 0, 1], lambda z: z),
}
LOGITS = [[0.3, -1.2], [2.0, 0.1], [-0.4, 0.9]]


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("batch", ["mean", "sum"])
def test_the_loss_of_a_batch_is_the_mean_or_the_sum_of_its_samples(name, batch):
    loss, targets, activation = LOSSES[name]
    z = array(LOGITS, "Z")
    whole = loss(activation(z), targets, batch=batch)
    assert isinstance(whole, Reduced)
    assert batch == "sum" or whole.data == loss(activation(z), targets).data  # the mean, if nothing is said
    alone = [loss(list(row), target) for row, target in zip(activation(z), targets)]
    assert whole.data == pytest.approx((total if batch == "sum" else mean)(alone).data, rel=1e-15)
    if batch == "sum":  # the form that is written in matrices has the same number
        form, operands = whole.whole.op, map(Array, whole.whole.operands)
        assert form.expansion(*operands).data == pytest.approx(whole.data, rel=1e-14)
    whole.backward()
    together = z.grad
    z = array(LOGITS)
    (total if batch == "sum" else mean)([loss(list(row), target) for row, target in zip(activation(z), targets)]).backward()
    assert together == z.grad


def test_a_vector_is_one_sample():
    z = array(LOGITS[0], "z")
    assert losses.half_squared_error(z, [1.0, 0.0]).data == losses.half_squared_error(LOGITS[0], [1.0, 0.0])
    for right in (0, 1):
        expected = losses.cross_entropy_from_logits(LOGITS[0], right)
        for row in ([0, 1], (0.0, 1.0), np.array([0, 1]), array([0, 1])):
            assert losses.cross_entropy_from_logits(z, row if right else row[::-1]).data == expected
        assert losses.cross_entropy_from_logits(z, right).data == losses.cross_entropy_from_logits(z, np.int64(right)).data == expected
    with pytest.raises(ValueError, match="a row with one 1 among 0s"):
        losses.cross_entropy_from_logits(z, [1, 1])
    assert losses.cross_entropy(array([[1.0]]), [0]).data == 0.0


def test_the_matrix_form_of_a_loss_is_that_of_its_shape():
    given = array([[1.0, 0.0]])
    for outputs, targets, forms in (
        (array([0.3, -1.2]), [1.0, 0.0], ["half squared error"] * 2),
        (array([[0.3, -1.2]]), given, ["mean half squared error", "half squared error"]),
        (array([[0.5]]), [[1.0]], ["mean half squared error", "half squared error"]),
    ):
        wholes = [losses.half_squared_error(outputs, targets, batch=batch).whole for batch in ("mean", "sum")]
        assert [whole.op.name for whole in wholes] == forms
        assert all(whole.operands[0] is outputs.node for whole in wholes)
        assert wholes[0].operands[1].label == ("" if targets is given else "Y")  # what the user has made keeps its name
        assert [x.data for x in wholes[0].operands[1].entries] == np.ravel(getattr(targets, "data", targets)).tolist()


def test_targets_in_every_form_that_says_the_same():
    p = array(LOGITS).softmax()
    expected = losses.cross_entropy(p, [1, 0, 1]).data
    for classes in (np.array([1, 0, 1]), (1, 0, 1), [[0, 1], [1, 0], [0, 1]], array([[0, 1], [1, 0], [0, 1]], "Y"), np.eye(2)[[1, 0, 1]]):
        assert losses.cross_entropy(p, classes).data == expected
    column = array([[0.5], [2.0]], "o")
    expected = losses.half_squared_error(column, [[1.0], [0.0]]).data
    assert losses.half_squared_error(column, [1.0, 0.0]).data == losses.half_squared_error(column, array([[1.0], [0.0]])).data == expected


def test_hinge_of_a_batch():
    outputs, targets = [0.25, -2.0, 0.5], [1.0, -1.0, -1.0]
    expected = math.fsum(losses.hinge(o, t) for o, t in zip(outputs, targets))
    for o in (array(outputs), array([[x] for x in outputs])):
        assert losses.hinge(o, targets).data == pytest.approx(expected / 3)
        assert losses.hinge(o, targets, batch="sum").data == pytest.approx(expected)
    with pytest.raises(ValueError, match="this loss is of one output per sample, got shape 2×2"):
        losses.hinge(array([[1.0, 2.0], [3.0, 4.0]]), [1.0, 1.0])


@pytest.mark.parametrize(
    ("call", "error", "complaint"),
    [
        (lambda z: losses.half_squared_error(z, [[1.0], [2.0], [3.0]]), ValueError, "the outputs have shape 3×2, the targets 3×1$"),
        (lambda z: losses.half_squared_error(z.T, LOGITS), ValueError, "have shape 2×3, the targets 3×2; its transpose would fit"),
        (lambda z: losses.half_squared_error(z, LOGITS, batch="all"), ValueError, "batch is 'mean' or 'sum', .*; got 'all'"),
        (lambda z: losses.cross_entropy(z, [0, 1]), ValueError, "one class per row, .* have shape 3×2, the classes 2"),
        (lambda z: losses.cross_entropy(z, [0, 1, 2]), ValueError, "the class of row 2 is a number from 0 to 1, got 2"),
        (lambda z: losses.cross_entropy(z, 1), TypeError, "the classes of a batch are a list, one number per row, got 1"),
        (lambda z: losses.cross_entropy(z, [[1, 0], [0, 1], [1, 1]]), ValueError, "row 2 is a number, or a row with one 1 among 0s"),
        (lambda z: losses.cross_entropy(z[0], 2), ValueError, "the target is a class number from 0 to 1, got 2"),
        (lambda z: losses.binary_cross_entropy(z.sigmoid(), [[2.0, 0.0]] * 3), ValueError, "between 0 and 1, got 2.0"),
    ],
)  # fmt: skip
def test_targets_that_do_not_fit(call, error, complaint):
    with pytest.raises(error, match=complaint):
        call(array(LOGITS, "Z"))


# Compiled.


def test_a_function_of_arrays_is_compiled_to_the_same_program_as_the_model():
    model = network("tanh", "softmax")
    by_model = compile_model(model, losses.half_squared_error, n_targets=3, backend="python")

    def loss(theta, sample):
        w1, w2 = array([theta[:4], theta[4:8]]), array([theta[k : k + 3] for k in range(12, 24, 3)])
        hidden = (array(sample[:2]) @ w1 + array(theta[8:12])).tanh()
        return losses.half_squared_error((hidden @ w2 + array(theta[24:])).softmax(), array(sample[2:]))

    by_arrays = compile_loss(loss, model.parameters(), 5, backend="python")
    theta, batch = [p.data for p in model.parameters()], [[0.5, -0.5, 1.0, 0.0, 0.0], [1.0, 2.0, 0.0, 0.0, 1.0]]
    (a, da), (b, db) = by_model.value_and_grad(theta, batch), by_arrays.value_and_grad(theta, batch)
    assert a == pytest.approx(b, rel=1e-14)
    assert list(da) == pytest.approx(list(db), rel=1e-12)


def test_a_batch_of_formulas():
    model = network()
    x = [[Expression(f"x{i}{j}") for j in range(2)] for i in range(2)]
    frozen = nn.Layer.from_weights([[1.0, 2.0], [3.0, 4.0]], [0.5, 0.5]).frozen()
    z = frozen(array(x))
    assert z[0][0].evaluate({x[0][0]: 1.0, x[0][1]: 1.0}) == 4.5
    with pytest.raises(TypeError, match="an Expression combines with numbers and Expressions"):
        model(array(x))


def test_a_value_that_is_a_target_of_an_array_gets_a_gradient():
    y = array([[1.0, 0.0]], "Y")
    losses.half_squared_error(array([[0.25, 0.5]]), y).backward()
    assert y.grad == [[0.75, -0.5]]
    assert isinstance(y[0][0], Value)
