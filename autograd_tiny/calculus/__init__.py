"""Derivatives of Python functions, and the checks of derivatives."""
