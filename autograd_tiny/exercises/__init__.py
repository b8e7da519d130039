"""Exercises made of a graph: numbers to be found by hand, marked one by one, with the mistake that was made."""

from autograd_tiny.exercises.answers import Blank
from autograd_tiny.exercises.checked import Checked, Outcome
from autograd_tiny.exercises.choosing.topics import TOPICS, random_exercise
from autograd_tiny.exercises.exercise import Exercise

__all__ = ["TOPICS", "Blank", "Checked", "Exercise", "Outcome", "random_exercise"]
