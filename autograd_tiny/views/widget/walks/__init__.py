"""What is to be seen at each step of a computation: an operation a step (`frames`), or a whole array (`arrays`)."""
