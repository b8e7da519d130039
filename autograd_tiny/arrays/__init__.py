"""Vectors and matrices of Values (`array`), and NumPy arrays and other containers of Values (`values`)."""

from autograd_tiny.arrays.containers import data, elementwise, grads, values
from autograd_tiny.arrays.recorded import Array, array

__all__ = ["Array", "array", "data", "elementwise", "grads", "values"]
