"""One claim after the other: right, following from what was printed, or given by a known mistake."""
