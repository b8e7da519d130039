"""Optimizers: turn gradients into new parameters.  Learning-rate schedules are plain functions of the step number."""

from typing import Any

from autograd_tiny.optim.habits import NAMES
from autograd_tiny.optim.optimizer import Optimizer
from autograd_tiny.optim.rules import SGD, Adagrad, Adam, AdamW, RMSprop
from autograd_tiny.optim.schedules import cosine_decay, linear_decay, step_decay, with_warmup
from autograd_tiny.text.words import foreign_word

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "cosine_decay",
    "linear_decay",
    "step_decay",
    "with_warmup",
]


def __getattr__(name: str) -> Any:
    raise AttributeError(foreign_word(NAMES, f"module {__name__!r} has no attribute", name))
