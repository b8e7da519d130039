"""What an exercise says: what it asks for, formulas, hints; and the graph that it speaks of."""
