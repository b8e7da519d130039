"""The same optimizer by other conventions: which there are, which options ask for each, and what it then does."""

import pytest

from autograd_tiny import Value
from autograd_tiny.marking.training.conventions import other_conventions
from autograd_tiny.optim import SGD, Adagrad, Adam, AdamW, RMSprop

VELOCITY = {
    "sum": """v' = momentum · v + gradient, w' = w - rate · v' (velocity = "sum")""",
    "mean": """v' = momentum · v + (1 - momentum) · gradient, w' = w - rate · v' (velocity = "mean")""",
    "step": """v' = momentum · v - rate · gradient, w' = w + v' (velocity = "step")""",
    "descent": """v' = momentum · v + rate · gradient, w' = w - v' (velocity = "descent")""",
}
NESTEROV = {
    False: "without Nesterov's look ahead (nesterov = false)",
    True: "with Nesterov's step, which adds a further step of the velocity (nesterov = true)",
    "ahead": "with Nesterov's gradient, taken ahead where the velocity leads (nesterov = \"ahead\")",
}
DECAY = {False: "the decay inside the gradient (decoupled = false)", True: "the decay beside the gradient (decoupled = true)"}
EPSILON = {False: "epsilon added to the root (epsilon_inside = false)", True: "epsilon added under the root (epsilon_inside = true)"}
BIAS = {False: "without bias correction (bias_correction = false)", True: "with bias correction (bias_correction = true)"}


@pytest.mark.parametrize(
    ("make", "constants", "choices"),
    [
        (SGD, {}, {}),
        (SGD, {"weight_decay": 0.1}, {"decoupled": DECAY}),
        (SGD, {"momentum": 0.9}, {"velocity": VELOCITY, "nesterov": NESTEROV}),
        (SGD, {"momentum": 0.9, "nesterov": "ahead", "velocity": "step"}, {"velocity": VELOCITY, "nesterov": NESTEROV}),
        (SGD, {"momentum": 0.9, "weight_decay": 0.1}, {"velocity": VELOCITY, "nesterov": NESTEROV, "decoupled": DECAY}),
        (RMSprop, {}, {"epsilon_inside": EPSILON}),
        (RMSprop, {"epsilon": 0.0}, {}),
        (Adagrad, {"epsilon_inside": True}, {"epsilon_inside": EPSILON}),
        (Adam, {}, {"bias_correction": BIAS, "epsilon_inside": EPSILON}),
        (Adam, {"bias_correction": False, "epsilon": 0.0}, {"bias_correction": BIAS}),
        (AdamW, {"weight_decay": 0.1}, {"bias_correction": BIAS, "epsilon_inside": EPSILON, "decoupled": DECAY}),
    ],
)
def test_every_other_convention_is_told_and_followed_once(make, constants, choices):
    """With all else as it was: it is the optimizer that these options make."""
    parameters = [Value(0.5, "w")]
    optimizer = make(parameters, 0.1, **constants)
    optimizer.steps = 3
    found = list(other_conventions(optimizer))
    wanted = [{}]
    for name, ways in choices.items():
        wanted = [known | ({} if way == getattr(optimizer, name) else {name: way}) for known in wanted for way in ways]
    wanted = sorted(filter(None, wanted), key=len)  # the nearest first
    assert [x.said for x in found] == ["; ".join(choices[name][x] for name, x in changed.items()) for changed in wanted]
    for convention, changed in zip(found, wanted):
        options = {name: getattr(optimizer, name) for name in (*constants, *choices)} | changed
        same = (Adam if make is AdamW else make)(parameters, 0.1, **options)
        same.steps = 3
        assert vars(convention.optimizer) == vars(same)
