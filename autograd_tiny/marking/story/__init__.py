"""How a report shows what was found: the lines of its table, and the margin."""
