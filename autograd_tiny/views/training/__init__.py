"""A small network that trains on one page, and a training loop of Python played back on one."""

from autograd_tiny.views.training.page import Recording, TrainingPage, record_training

__all__ = ["Recording", "TrainingPage", "record_training"]
