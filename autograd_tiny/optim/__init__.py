"""Optimizers: turn gradients into new parameters.  Learning-rate schedules are plain functions of the step number."""

from autograd_tiny.optim.optimizer import Optimizer
from autograd_tiny.optim.rules import SGD, Adagrad, Adam, AdamW, RMSprop
from autograd_tiny.optim.schedules import cosine_decay, linear_decay, step_decay, with_warmup

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
