"""Formulas as text: `read_formula` reads them, `read_assignments` the values that people type for them."""

from autograd_tiny.formulas.assignments import read_assignments
from autograd_tiny.formulas.errors import FormulaError
from autograd_tiny.formulas.formula import Formula, Recorded, parsed, read_formula

__all__ = ["Formula", "FormulaError", "Recorded", "parsed", "read_assignments", "read_formula"]
