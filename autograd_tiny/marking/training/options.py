"""The optimizers of a page by their usual names, with their constants by theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from autograd_tiny.engine.value import Value
from autograd_tiny.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from autograd_tiny.text.words import did_you_mean, listed

DECAY = ("weight_decay", "decoupled")
MOMENTUM = ("momentum", "velocity", *DECAY)
EPSILON = ("epsilon", "epsilon_inside")
MOMENTS = ("beta1", "beta2", "weight_decay", "bias_correction", *EPSILON)
OPTIMIZERS: Mapping[str, tuple[Callable[..., Optimizer], Sequence[str], Mapping[str, Any]]] = {
    "sgd": (SGD, DECAY, {}),
    "momentum": (SGD, MOMENTUM, {"momentum": 0.9}),
    "nesterov": (SGD, (*MOMENTUM, "nesterov"), {"momentum": 0.9, "nesterov": True}),
    "rmsprop": (RMSprop, ("rho", "alpha", "beta", *EPSILON), {}),
    "adagrad": (Adagrad, EPSILON, {}),
    "adam": (Adam, (*MOMENTS, "decoupled"), {}),
    "adamw": (AdamW, MOMENTS, {}),
}
"""What makes each optimizer, its constants, and what is meant if one of them is not given."""
ALSO = {"alpha": "rho", "beta": "rho"}
"""Other names of constants."""

KEYS = ("optimizer", "learning_rate", "parameters", "batch")


def optimizer_of(options: Mapping[str, Any], nodes: Mapping[str, Value], rate: float | None) -> Optimizer:
    """The optimizer that a page describes.

    Args:
        options: what it says, by key.
        nodes: the inputs, by name.
        rate: the learning rate, if ``options`` has none.

    Raises:
        KeyError: the first argument is the key that something is wrong with, the second says what.
    """
    name = options.get("optimizer", "sgd")
    if not isinstance(name, str) or name not in OPTIMIZERS:
        raise KeyError("optimizer", f"an optimizer is one of {', '.join(OPTIMIZERS)}, got {name!r}")
    make, known, defaults = OPTIMIZERS[name]
    given = dict(defaults)
    for key, x in options.items():
        if key in known:
            given[ALSO.get(key, key)] = x
        elif key not in KEYS:
            hint = did_you_mean(key, known)
            constants = f"{name} has the constants {', '.join(known)}" if known else f"{name} has no constants"
            raise KeyError(key, f"{constants}{hint and '; '}{hint}")
    if "beta1" in given or "beta2" in given:
        given["betas"] = given.pop("beta1", 0.9), given.pop("beta2", 0.999)
    parameters = chosen(options.get("parameters", ()), nodes)
    rate = options.get("learning_rate", rate)
    if rate is None:
        raise KeyError("learning_rate", "training needs a learning_rate")
    try:
        return make(parameters, rate, **given)
    except (TypeError, ValueError) as error:
        wrong = next((key for key in options if ALSO.get(key, key).replace("_", " ") in str(error)), "optimizer")
        raise KeyError(wrong, str(error)) from None


def chosen(patterns: Any, nodes: Mapping[str, Value]) -> Sequence[Value]:
    """The inputs that are trained, by their names or by patterns, as ``w*`` for all that begin with w."""
    remedy = "name the inputs that are trained: parameters = ['w*', 'b']"
    if not isinstance(patterns, Iterable) or isinstance(patterns, str) or not patterns:
        raise KeyError("parameters", remedy)
    found: dict[Value, None] = {}
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise KeyError("parameters", f"{remedy}; got {pattern!r}")
        fitting = [node for name, node in nodes.items() if name == pattern] or [
            node
            for name, node in nodes.items()
            if fnmatchcase(name.partition("[")[0], pattern)  # of an array all entries
        ]
        if not fitting:
            hint = did_you_mean(pattern, nodes) or f"there are {listed(nodes, 12)}"
            raise KeyError("parameters", f"no input is called {pattern!r}; {hint}")
        found.update(dict.fromkeys(fitting))
    return list(found)
