"""Derivatives in matrix form: whole arrays as symbols, each formula checked against the scalars."""
