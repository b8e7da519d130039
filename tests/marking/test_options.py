"""The optimizers of a page: what each is by its usual name, with its constants and without."""

import pytest

from autograd_tiny import Value
from autograd_tiny.marking.training.options import OPTIMIZERS, chosen, optimizer_of
from autograd_tiny.optim import SGD, Adagrad, Adam, AdamW, RMSprop

NODES = {name: Value(float(i), name) for i, name in enumerate(("w1", "w2", "b", "V[0]", "V[1]"))}
ALL = list(NODES.values())


@pytest.mark.parametrize(
    ("options", "meant"),
    [
        ({}, SGD(ALL, 0.1)),
        ({"optimizer": "sgd", "weight_decay": 0.2, "decoupled": True}, SGD(ALL, 0.1, weight_decay=0.2, decoupled=True)),
        ({"optimizer": "momentum"}, SGD(ALL, 0.1, momentum=0.9)),
        ({"optimizer": "momentum", "momentum": 0.5, "velocity": "mean"}, SGD(ALL, 0.1, momentum=0.5, velocity="mean")),
        ({"optimizer": "nesterov"}, SGD(ALL, 0.1, momentum=0.9, nesterov=True)),
        ({"optimizer": "nesterov", "nesterov": "ahead"}, SGD(ALL, 0.1, momentum=0.9, nesterov="ahead")),
        ({"optimizer": "rmsprop"}, RMSprop(ALL, 0.1)),
        *[({"optimizer": "rmsprop", rho: 0.7}, RMSprop(ALL, 0.1, rho=0.7)) for rho in ("rho", "alpha", "beta")],
        ({"optimizer": "rmsprop", "epsilon": 0.01}, RMSprop(ALL, 0.1, epsilon=0.01)),
        ({"optimizer": "adagrad", "epsilon_inside": True}, Adagrad(ALL, 0.1, epsilon_inside=True)),
        ({"optimizer": "adam"}, Adam(ALL, 0.1)),
        ({"optimizer": "adam", "beta1": 0.8}, Adam(ALL, 0.1, betas=(0.8, 0.999))),
        ({"optimizer": "adam", "beta2": 0.99}, Adam(ALL, 0.1, betas=(0.9, 0.99))),
        ({"optimizer": "adam", "weight_decay": 0.2, "decoupled": True}, Adam(ALL, 0.1, weight_decay=0.2, decoupled=True)),
        ({"optimizer": "adamw", "bias_correction": False}, AdamW(ALL, 0.1, bias_correction=False)),
        ({"optimizer": "adam", "learning_rate": 0.3}, Adam(ALL, 0.3)),
    ],
)
def test_what_is_meant_by_an_optimizer(options, meant):
    found = optimizer_of({"parameters": ["*"], "batch": "mean", **options}, NODES, 0.1)
    assert (type(found), vars(found)) == (type(meant), vars(meant))


@pytest.mark.parametrize(
    ("options", "key", "what"),
    [
        ({"optimizer": "Adam"}, "optimizer", f"an optimizer is one of {', '.join(OPTIMIZERS)}, got 'Adam'"),
        ({"optimizer": ["adam"]}, "optimizer", f"an optimizer is one of {', '.join(OPTIMIZERS)}, got ['adam']"),
        ({"optimizer": "adagrad", "epsilom": 1.0}, "epsilom", "adagrad has the constants epsilon, epsilon_inside; did you mean `epsilon`?"),
        ({"momentum": 0.9}, "momentum", "sgd has the constants weight_decay, decoupled"),
        ({"optimizer": "momentum", "weight_decay": -1.0}, "weight_decay", "a weight decay is a finite number from 0 up, got -1.0"),
        ({"learning_rate": None}, "learning_rate", "training needs a learning_rate"),
        ({"parameters": "w*"}, "parameters", "name the inputs that are trained: parameters = ['w*', 'b']"),
        ({"parameters": [1]}, "parameters", "name the inputs that are trained: parameters = ['w*', 'b']; got 1"),
        ({"parameters": ["b", "w11"]}, "parameters", "no input is called 'w11'; did you mean `w1`?"),
        ({"parameters": ["q"]}, "parameters", "no input is called 'q'; there are w1, w2, b, V[0] and V[1]"),
    ],
)
def test_what_is_wrong_with_the_options(options, key, what):
    with pytest.raises(KeyError) as caught:
        optimizer_of({"parameters": ["*"], **options}, NODES, 0.1)
    assert caught.value.args == (key, what)


def test_inputs_are_trained_by_name_or_pattern_each_once():
    """Of an array all entries."""
    for patterns, names in (
        (["w*"], ["w1", "w2"]),
        (["b", "w2", "w?"], ["b", "w2", "w1"]),
        (["V"], ["V[0]", "V[1]"]),
        (["V[1]"], ["V[1]"]),
    ):
        assert [node.label for node in chosen(patterns, NODES)] == names
