"""Mistaken rules: the wrong derivatives that people write for the rows of the table."""
