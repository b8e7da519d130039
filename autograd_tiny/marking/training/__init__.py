"""Training on a page: forward passes joined by the updates of an optimizer."""
