"""Words, names, numbers and progress bars as people read them."""
