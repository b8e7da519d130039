"""The stepper: the drawn graph, forward then backward, one node at a time; in a notebook, on one page, as frames."""

from autograd_tiny.views.widget.stepper import MOST_NODES, Stepper

__all__ = ["MOST_NODES", "Stepper"]
