"""Exercises made of a graph: numbers to be found by hand, marked one by one, with the mistake that was made."""

from autograd_tiny.exercises.answers import Blank
from autograd_tiny.exercises.asking.pages import from_page
from autograd_tiny.exercises.checked import Checked, Outcome
from autograd_tiny.exercises.choosing.topics import TOPICS, random_exercise
from autograd_tiny.exercises.exercise import Exercise
from autograd_tiny.exercises.paper.worksheet import worksheet
from autograd_tiny.exercises.platforms.moodle import moodle_bank
from autograd_tiny.exercises.platforms.qti import qti_bank

__all__ = [
    "TOPICS",
    "Blank",
    "Checked",
    "Exercise",
    "Outcome",
    "from_page",
    "moodle_bank",
    "qti_bank",
    "random_exercise",
    "worksheet",
]
