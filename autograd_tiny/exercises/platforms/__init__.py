"""Exercises for learning platforms."""
