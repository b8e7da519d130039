"""Words, numbers and progress bars as people read them."""
