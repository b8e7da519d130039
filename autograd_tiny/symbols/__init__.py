"""Formulas, as text and as nodes."""
