import math
from random import Random

import pytest

import autograd_tiny
from autograd_tiny import Array, Expression, Value, gradient, leaky_relu, losses, nn, optim, total
from autograd_tiny.engine.graph import topological_order


def test_weights_lead_from_input_i_to_neuron_j():
    layer = nn.Layer.from_weights([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]], [100.0, 200.0, 300.0])
    assert [z.data for z in layer([1.0, 0.5])] == [106.0, 212.0, 318.0]
    assert layer.neurons[2].weights == [layer.weights[0][2], layer.weights[1][2]]
    assert layer.neurons[1]([1.0, 0.5]).data == 212.0


def test_a_weighted_sum_is_one_node_or_every_product_and_sum():
    layer = nn.Layer.from_weights([[0.5], [-1.0]], [0.25], "relu")
    (short,), (long,) = layer([2.0, 0.5]), layer([2.0, 0.5], expanded=True)
    assert [n.op.name for n in topological_order(short)] == ["dot", "relu"]
    assert [n.op.name for n in topological_order(long)] == ["mul", "mul", "add", "add", "relu"]
    assert short.data == long.data == 0.75


@pytest.mark.parametrize("expanded", [False, True])
@pytest.mark.parametrize("weights_are_learned", [False, True])
@pytest.mark.parametrize("learned_biases", [[], [0], [1], [0, 1]])
def test_some_parameters_of_a_layer_may_be_plain_numbers(weights_are_learned, learned_biases, expanded):
    layer = nn.Layer.from_weights([[1.0, 2.0], [3.0, 4.0]], [0.5, 0.25])
    if not weights_are_learned:
        layer.weights = layer.weights.data
    if learned_biases != [0, 1]:
        layer.biases = [b if i in learned_biases else b.data for i, b in enumerate(layer.biases)]
    assert len(layer.parameters()) == 4 * weights_are_learned + len(learned_biases)
    inputs = [Value(1.0), Value(-2.0)]
    assert [z.data for z in layer(inputs, expanded=expanded)] == [-4.5, -5.75]
    rows = layer([[1.0, -2.0], [0.0, 1.0]], expanded=expanded)
    assert [[getattr(z, "data", z) for z in row] for row in rows] == [[-4.5, -5.75], [3.5, 4.25]]
    assert isinstance(rows, Array) == (weights_are_learned or learned_biases == [0, 1])


@pytest.mark.parametrize("expanded", [False, True])
@pytest.mark.parametrize("inputs", [[], [2.0], [2.0, 0.5, 1.0], [2.0, 0.5, 1.0, 4.0]])
def test_a_neuron_takes_as_many_inputs_as_it_has_weights(inputs, expanded):
    with pytest.raises(ValueError, match=f"as many weights as inputs, got 2 weights and {len(inputs)} input"):
        nn.Neuron([Value(0.5), Value(-1.0)], Value(0.25))(inputs, expanded=expanded)
    with pytest.raises(ValueError, match=f"this layer has 2 inputs, got {len(inputs)} numbers"):
        nn.Layer(2, 3)(inputs, expanded=expanded)


def test_parameters_are_labelled_by_where_they_live():
    model = nn.MLP([2, 3, 1], ["relu", "linear"], rng=Random(0))
    names = model.named_parameters()
    assert list(names)[:3] == ["layers[0].weights[0][0]", "layers[0].weights[0][1]", "layers[0].weights[0][2]"]
    assert all(p.label == name for name, p in names.items())
    assert len(model.parameters()) == 2 * 3 + 3 + 3 + 1


def test_given_labels_are_kept():
    w = Value(0.5, "w")
    layer = nn.Layer.from_weights([[w]], [0.0])
    assert (w.label, layer.biases[0].label) == ("w", "biases[0]")
    assert nn.MLP.from_layers([layer]).layers[0].weights[0][0].label == "w"


def test_a_shared_parameter_is_counted_once():
    w = Value(0.5)
    model = nn.MLP.from_layers([nn.Layer.from_weights([[w]], [0.0]), nn.Layer.from_weights([[w]], [0.0])])
    assert model.parameters().count(w) == 1


def test_zero_grad():
    model = nn.MLP([2, 2, 1], ["tanh", "linear"], rng=Random(0))
    model([1.0, 2.0])[0].backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert not any(p.grad for p in model.parameters())


def test_frozen_computes_the_same_floats_and_records_nothing():
    model = nn.MLP([3, 4, 4, 3], ["relu", "sigmoid", "softmax"], rng=Random(1))
    frozen = model.frozen()
    x = [0.1, -0.2, 0.7]
    assert frozen(x) == [v.data for v in model(x)]
    assert all(type(p) is float for p in frozen(x))
    assert frozen.parameters() == []
    assert len(model.parameters()) == 51
    inputs = [Value(v) for v in x]
    assert gradient(frozen(inputs)[0], inputs)[0].data == pytest.approx(gradient(model(inputs)[0], inputs)[0].data, abs=1e-15)


def test_a_module_of_ones_own_finds_parameters_in_lists_and_dicts():
    class Poly(nn.Module):
        def __init__(self):
            self.coefficients = [Value(1.0), Value(2.0)]
            self.more = {"shift": Value(3.0)}
            self.degree = 1

        def __call__(self, x):
            return self.coefficients[0] + self.coefficients[1] * (x - self.more["shift"])

    model = Poly()
    assert list(model.named_parameters()) == ["coefficients[0]", "coefficients[1]", "more['shift']"]
    assert model.frozen()(5.0) == 5.0


def test_the_network_on_expressions():
    model = nn.MLP([2, 3, 2], ["tanh", "softmax"], rng=Random(2))
    x, y = Expression("x"), Expression("y")
    out = model.frozen()([x, y])[1]
    assert out.evaluate({x: 0.3, y: -0.4}) == pytest.approx(model([0.3, -0.4])[1].data, abs=1e-15)


def test_activations_by_name_and_by_function():
    for activation in ("leaky_relu", leaky_relu, lambda z: leaky_relu(z, 0.01)):
        assert nn.Layer.from_weights([[1.0]], [0.0], activation)([-2.0])[0].data == -0.02


def test_initialisation():
    for init, spread in (("uniform", 1 / math.sqrt(3)), ("xavier", math.sqrt(2 / 80)), ("he", math.sqrt(2 / 40))):
        weights = [w.data for w in nn.Layer(40, 40, rng=Random(3), init=init).parameters()[:1600]]
        assert sum(weights) / 1600 == pytest.approx(0.0, abs=4 * spread / 40)
        assert math.sqrt(sum(w * w for w in weights) / 1600) == pytest.approx(spread, rel=0.1)
    assert [w.data for w in nn.Layer(2, 2, rng=Random(5)).parameters()] == [w.data for w in nn.Layer(2, 2, rng=Random(5)).parameters()]
    assert nn.Layer(1, 1, init=lambda n, m, rng: 0.5).weights[0][0].data == 0.5


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: nn.Layer.from_weights([[1.0, 2.0], [1.0]], [0.0, 0.0]), ValueError, r"weights\[1\] has 1 entries, but there are 2 biases"),
        (lambda: nn.Layer.from_weights([], [0.0]), ValueError, "at least one input"),
        (lambda: nn.Layer.from_weights([["a"]], [0.0]), TypeError, "real number, got the str"),
        (lambda: nn.Layer(2, 2)([1.0]), ValueError, "has 2 inputs, got 1"),
        (lambda: nn.Layer(2, 0), ValueError, "at least one"),
        (lambda: nn.Layer(2.5, 1), ValueError, "whole numbers; got 2.5 and 1"),
        (lambda: nn.Layer("2", 1), ValueError, "whole numbers; got '2' and 1"),
        (lambda: nn.MLP([2.0, 1], ["relu"]), TypeError, "sizes is a list of whole numbers"),
        (lambda: nn.Layer(2, 2, "rleu"), ValueError, "no activation is called 'rleu'"),
        (lambda: nn.Layer(2, 2, init="zeros"), ValueError, "no initialisation is called 'zeros'"),
        (lambda: nn.MLP([2, 3], []), ValueError, "one activation each; got 0"),
        (lambda: nn.MLP.from_layers([nn.Layer(2, 3), nn.Layer(2, 1)]), ValueError, "3 neurons, but layer 1 has 2 inputs"),
        (lambda: nn.Neuron([1.0], 0.0)([1.0, 2.0]), ValueError, "1 weight and 2 inputs"),
        (lambda: nn.Module()([1.0]), NotImplementedError, "no __call__"),
        (lambda: losses.hinge(Value(1.0), 0), ValueError, "is -1 or 1, got 0"),
        (lambda: losses.cross_entropy([0.5, 0.5], 2), ValueError, "class number from 0 to 1"),
        (lambda: losses.binary_cross_entropy([0.5], [1.5]), ValueError, "between 0 and 1"),
        (lambda: losses.binary_cross_entropy_from_logits([0.5], [-1.0]), ValueError, "between 0 and 1"),
        (lambda: losses.half_squared_error([0.5], []), ValueError, "1 outputs and 0 targets"),
        (lambda: optim.SGD(nn.Layer(1, 1), 0.1), TypeError, r"write model.parameters\(\)"),
        (lambda: optim.SGD([Value(1.0)], "0.1"), TypeError, "a learning rate is a number"),
        (lambda: nn.MLP([2, 1], "relu"), TypeError, "one entry per layer"),
        (lambda: nn.Layer(2, 1, rng=0), TypeError, "random.Random"),
        (lambda: losses.half_squared_error(Value(1.0), [1.0]), TypeError, "takes a list of outputs"),
        (lambda: optim.SGD([], 0.1), ValueError, "at least one parameter"),
        (lambda: optim.SGD([Value(1.0) * 2.0], 0.1), TypeError, "leaf Values"),
    ],
)
def test_misuse_says_what_to_do(build, error, message):
    with pytest.raises(error, match=message):
        build()


def test_losses_far_out_and_at_the_ends():
    assert losses.cross_entropy_from_logits([Value(1000.0), Value(0.0)], 1).data == 1000.0
    assert losses.binary_cross_entropy_from_logits([Value(1000.0)], [0.0]).data == 1000.0
    assert losses.binary_cross_entropy([Value(1.0), Value(0.0)], [1.0, 0.0]).data == 0.0
    soft = losses.binary_cross_entropy([Value(0.3)], [0.25])
    assert soft.data == pytest.approx(-(0.25 * math.log(0.3) + 0.75 * math.log(0.7)))


def test_logits_and_probabilities_agree():
    logits = [Value(0.3), Value(-1.2), Value(2.0)]
    from_logits = losses.cross_entropy_from_logits(logits, 2)
    from_probabilities = losses.cross_entropy(nn.Layer(1, 1, "softmax").activate(logits), 2)
    assert from_logits.data == pytest.approx(from_probabilities.data)
    for a, b in zip(gradient(from_logits, logits), gradient(from_probabilities, logits)):
        assert a.data == pytest.approx(b.data)


def test_schedules_drive_the_step():
    w = Value(1.0)
    optimizer = optim.SGD([w], optim.step_decay(0.1, every=1, factor=0.5))
    for _ in range(2):
        w.grad = 1.0
        optimizer.step()
    assert w.data == pytest.approx(1.0 - 0.1 - 0.05)
    optimizer.zero_grad()
    assert w.grad == 0.0


def test_training_reaches_a_separable_problem():
    rng = Random(7)
    points = [[rng.uniform(-1, 1), rng.uniform(-1, 1)] for _ in range(40)]
    targets = [1.0 if x * y > 0 else -1.0 for x, y in points]
    model = nn.MLP([2, 8, 1], ["tanh", "linear"], rng=rng)
    optimizer = optim.Adam(model.parameters(), 0.05)
    for _ in range(150):
        optimizer.zero_grad()
        total([losses.hinge(model(x)[0], t) for x, t in zip(points, targets)]).backward()
        optimizer.step()
    frozen = model.frozen()
    assert sum((frozen(x)[0] > 0) == (t > 0) for x, t in zip(points, targets)) >= 39


def test_neurons_of_a_layer_share_the_constants_of_its_inputs():
    sums = nn.Layer(2, 3, rng=Random(0)).weighted_sums([0.5, -1.0])
    assert len({x for z in sums for x in z.operands[2:4]}) == 2


def test_a_network_of_inputs_alone_is_refused():
    with pytest.raises(ValueError, match=r"1 sizes make 0 layers, one activation each; got 0"):
        nn.MLP([2], [])


def test_of_the_names_that_may_be_meant_one_is_told():
    model = nn.MLP([2, 1], ["linear"], rng=Random(0))
    state = model.state_dict()
    state["layers[0].weigths[0][0]"] = state.pop("layers[0].weights[0][0]")
    state["layers[0].weigths[1][0]"] = state.pop("layers[0].weights[1][0]")
    with pytest.raises(ValueError, match=r"did you mean `layers\[0\].weights\[0\]\[0\]`\?$") as caught:
        model.load_state_dict(state)
    assert str(caught.value).count("mean") == 1


def test_a_model_is_shown_with_its_shape():
    model = nn.MLP([2, 4, 3], ["relu", "softmax"], rng=Random(0))
    assert str(model) == "<MLP 2 → 4 relu → 3 softmax: 27 parameters>"
    assert repr(model.layers[1].neurons[0]) == "<Neuron 4 → 1 linear: 5 parameters>"
    assert repr(nn.Layer(1, 1, leaky_relu).frozen()) == "<Layer 1 → 1 leaky_relu: 0 parameters>"

    class Own(nn.Module):
        def __init__(self):
            self.scale = Value(1.0)

    assert repr(Own()) == "<Own: 1 parameter>"


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda model: model.forward([1.0]), "MLP has no attribute 'forward'; here that is a call, model(x)"),
        (lambda model: model.eval(), "here that is model.frozen()"),
        (lambda model: model.wieghts, "MLP has no attribute 'wieghts'$"),
        (lambda model: nn.Linear(2, 3), "no attribute 'Linear'; here that is Layer(n, m)"),
        (lambda model: nn.Nothing, "module 'autograd_tiny.nn' has no attribute 'Nothing'$"),
        (lambda model: losses.mse_loss, "module 'autograd_tiny.losses' has no attribute 'mse_loss'; here that is mean_squared_error$"),
        (lambda model: losses.nothing, "module 'autograd_tiny.losses' has no attribute 'nothing'$"),
        (lambda model: optim.adam, "module 'autograd_tiny.optim' has no attribute 'adam'; here that is Adam$"),
        (lambda model: optim.lr_scheduler, "here that is a function of the step number"),
        (lambda model: autograd_tiny.tensor(1.0), "here that is array(data), or Value(x) for one number"),
        (lambda model: autograd_tiny.no_grad(), "here that is nothing: v.data is the bare number"),
        (lambda model: autograd_tiny.nothing, "module 'autograd_tiny' has no attribute 'nothing'$"),
    ],
)
def test_words_of_other_libraries_get_the_name_here(use, message):
    with pytest.raises(AttributeError, match=message.replace("(", r"\(").replace(")", r"\)")):
        use(nn.MLP([1, 1], ["linear"]))
