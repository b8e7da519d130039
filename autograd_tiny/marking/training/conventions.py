"""The same optimizer by other conventions: what a page may have followed without saying so."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from itertools import product
from typing import Any, NamedTuple

from autograd_tiny.optim import SGD, Adagrad, Adam, Optimizer, RMSprop

VELOCITIES = {
    "sum": ("v' = momentum · v + gradient", "w' = w - rate · v'"),
    "mean": ("v' = momentum · v + (1 - momentum) · gradient", "w' = w - rate · v'"),
    "step": ("v' = momentum · v - rate · gradient", "w' = w + v'"),
    "descent": ("v' = momentum · v + rate · gradient", "w' = w - v'"),
}
"""What is called the velocity, v, by the names that `SGD` has for it; and the update of a weight by it."""
NESTEROV = {
    False: "without Nesterov's look ahead",
    True: "with Nesterov's step, which adds a further step of the velocity",
    "ahead": "with Nesterov's gradient, taken ahead where the velocity leads",
}
DECOUPLED = {False: "the decay inside the gradient", True: "the decay beside the gradient"}
INSIDE = {False: "epsilon added to the root", True: "epsilon added under the root"}
CORRECTED = {False: "without bias correction", True: "with bias correction"}


class Convention(NamedTuple):
    """Another convention.

    Attributes:
        optimizer: that follows it.
        said: it in words, with the options that ask for it.
    """

    optimizer: Optimizer
    said: str


def other_conventions(optimizer: Optimizer) -> Iterator[Convention]:
    """The same optimizer by each other convention, with the same constants."""
    choices: dict[str, dict[Any, str]] = {}
    if isinstance(optimizer, SGD) and optimizer.momentum:
        choices |= {"velocity": {name: ", ".join(both) for name, both in VELOCITIES.items()}, "nesterov": NESTEROV}
    if isinstance(optimizer, Adam):
        choices["bias_correction"] = CORRECTED
    if isinstance(optimizer, (Adam, RMSprop, Adagrad)) and optimizer.epsilon:
        choices["epsilon_inside"] = INSIDE
    if isinstance(optimizer, (SGD, Adam)) and optimizer.weight_decay:
        choices["decoupled"] = DECOUPLED
    changes = [
        {name: x for name, x in zip(choices, all_) if x != getattr(optimizer, name)}
        for all_ in product(*choices.values())
    ]
    for changed in sorted(filter(None, changes), key=len):  # the nearest first
        twin: Any = copy(optimizer)
        vars(twin).update(changed)
        if "nesterov" in changed:
            twin.looks_ahead = twin.nesterov == "ahead"
        yield Convention(twin, "; ".join(f"{choices[name][x]} ({name} = {_in_toml(x)})" for name, x in changed.items()))


def _in_toml(x: object) -> str:
    return str(x).lower() if isinstance(x, bool) else f'"{x}"'
