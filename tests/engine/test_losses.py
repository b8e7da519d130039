"""Losses at their ends, with every kind of number for a target."""

import math
from random import Random

import numpy as np
import pytest

from autograd_tiny import Value, gradient, losses, mean, nn, optim
from autograd_tiny.lowering import compile_function, compile_model, parameter_vector

BACKENDS = ["llvm", "python"]


def neuron():
    return nn.MLP.from_layers([nn.Layer.from_weights([[1.0]], [0.0], "sigmoid")])


@pytest.mark.parametrize("backend", BACKENDS)
def test_fit_where_a_probability_is_exactly_one(backend):
    rows = [(40.0, 1.0), (-1.0, 0.0)]
    eager, model = neuron(), neuron()
    optimizer = optim.SGD(eager.parameters(), 0.1)
    expected = []
    for _ in range(2):
        optimizer.zero_grad()
        loss = mean([losses.binary_cross_entropy(eager([x]), [t]) for x, t in rows])
        loss.backward()
        optimizer.step()
        expected.append(loss.data)
    compiled = compile_model(model, losses.binary_cross_entropy, backend=backend)
    history = compiled.fit(rows, optimizer=optim.SGD(model.parameters(), 0.1), epochs=2)
    assert history == pytest.approx(expected, rel=1e-12)
    assert [round(x, 4) for x in history] == [0.1566, 0.1530]
    assert model.state_dict() == pytest.approx(eager.state_dict(), rel=1e-12)


ENDS = [(0.0, 0.0), (1.0, 1.0), (0.0, 5e-324), (0.0, 0.3), (1.0, 0.3), (0.25, 0.3)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("target", "output"), ENDS)
def test_a_recorded_target_gives_what_a_number_gives(backend, target, output):
    o, t = Value(output), Value(target)
    plain, recorded = losses.binary_cross_entropy([o], [target]), losses.binary_cross_entropy([o], [t])
    (expected,) = gradient(plain, [o])
    slope, by_target = gradient(recorded, [o, t])
    assert recorded.data == plain.data
    assert slope.data == expected.data
    assert math.isfinite(by_target.data)
    if 0.0 < output < 1.0 and output > 1e-300:
        assert by_target.data == pytest.approx(math.log(1.0 - output) - math.log(output))
    program = compile_function(lambda x: losses.binary_cross_entropy([x[0]], [x[1]]), 2, backend=backend)
    ((value,), (slopes,)) = program.value_and_grad([[output, target]])
    assert value == pytest.approx(plain.data, rel=1e-12)
    assert slopes[0] == pytest.approx(expected.data, rel=1e-12)


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_logits_out_of_range_in_compiled_code(target):
    program = compile_function(lambda x: losses.binary_cross_entropy_from_logits([x[0]], [x[1]]), 2, backend="llvm")
    far = math.inf if target else -math.inf
    assert program.value([[far, target]]).tolist() == [0.0]


@pytest.mark.parametrize("kind", [np.int64, np.int8, np.uint8, np.float32, np.float64, np.bool_, bool, int, lambda x: np.array(x)])
def test_targets_of_every_kind_of_number(kind):
    outputs = [Value(0.25), Value(0.75)]
    for loss in (losses.binary_cross_entropy, losses.binary_cross_entropy_from_logits, losses.half_squared_error):
        assert loss(outputs, [kind(0), kind(1)]).data == loss(outputs, [0.0, 1.0]).data
    assert losses.hinge(outputs[0], kind(1)).data == 0.75


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.float16, np.float32, int, lambda x: np.array(x, np.uint8)])
def test_outputs_of_every_kind_of_number(kind):
    """Computed with in floats: 1 - 3 is -2, and not 254 as among NumPy's uint8."""
    numbers, targets = [kind(1), kind(100)], [kind(3), kind(0)]
    for loss in (losses.half_squared_error, losses.mean_squared_error):
        assert loss(numbers, targets) == loss([1.0, 100.0], [3.0, 0.0])
    assert losses.binary_cross_entropy_from_logits(numbers, [1, 0]) == losses.binary_cross_entropy_from_logits([1.0, 100.0], [1, 0])
    assert losses.cross_entropy_from_logits(numbers, 1) == losses.cross_entropy_from_logits([1.0, 100.0], 1)
    assert losses.hinge(numbers[1], -1) == 101.0


@pytest.mark.parametrize("kind", [np.int64, np.uint8, int, lambda x: np.array(x), lambda x: np.array([x, 0])[0]])
def test_class_numbers_of_every_kind_of_whole_number(kind):
    scores = [Value(0.25), Value(0.75)]
    for loss in (losses.cross_entropy, losses.cross_entropy_from_logits):
        assert loss(scores, kind(1)).data == loss(scores, 1).data
        with pytest.raises(ValueError, match="a class number from 0 to 1"):
            loss(scores, kind(2))


@pytest.mark.parametrize(
    ("loss", "error"),
    [
        (lambda o: losses.binary_cross_entropy([o], [np.int64(2)]), ValueError),
        (lambda o: losses.binary_cross_entropy([o], [np.float32("nan")]), ValueError),
        (lambda o: losses.binary_cross_entropy([o], [np.array(2.0)]), ValueError),
        (lambda o: losses.binary_cross_entropy([o], ["1"]), TypeError),
        (lambda o: losses.binary_cross_entropy([o], [np.str_("1")]), TypeError),
        (lambda o: losses.binary_cross_entropy_from_logits([o], [np.int64(-1)]), ValueError),
        (lambda o: losses.binary_cross_entropy_from_logits([o], [None]), TypeError),
        (lambda o: losses.hinge(o, np.int64(0)), ValueError),
        (lambda o: losses.hinge(o, np.bool_(False)), ValueError),
        (lambda o: losses.hinge(o, [1.0]), TypeError),
        (lambda o: losses.hinge(o, Value(0.0)), ValueError),
        (lambda o: losses.binary_cross_entropy([o], [Value(2.0)]), ValueError),
        (lambda o: losses.cross_entropy([o], 0.0), ValueError),
        (lambda o: losses.cross_entropy_from_logits([o], True), ValueError),
        (lambda o: losses.cross_entropy([o], np.bool_(False)), ValueError),
    ],
)
def test_targets_that_make_no_sense_are_refused(loss, error):
    with pytest.raises(error, match="target"):
        loss(Value(0.5))


def test_a_hinge_loss_takes_a_models_row_of_one_output_and_its_row_of_one_target():
    model = nn.MLP([2, 3, 1], ["tanh", "linear"], rng=Random(0))
    outputs = model([0.5, -0.25])
    assert losses.hinge(outputs, [-1.0]).data == losses.hinge(outputs[0], -1.0).data != 0.0
    by_row, one_by_one = [
        compile_model(model, loss, backend="python").value(parameter_vector(model), [[0.5, -0.25, -1.0], [1.0, 2.0, 1.0]])
        for loss in (losses.hinge, lambda outputs, targets: losses.hinge(outputs[0], targets[0]))
    ]
    assert list(by_row) == list(one_by_one)
    with pytest.raises(ValueError, match="a hinge loss is of one output, got 2"):
        losses.hinge([1.0, 2.0], [1.0, -1.0])
    with pytest.raises(ValueError, match="one target per output, got 1 outputs and 2 targets"):
        losses.hinge([1.0], [1.0, -1.0])
    with pytest.raises(TypeError, match="a list of outputs and a list of targets"):
        losses.hinge([1.0], 1.0)
