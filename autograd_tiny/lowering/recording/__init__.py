"""What a function computes, as it was recorded, before it becomes a program."""
