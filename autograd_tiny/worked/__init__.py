"""Published worked examples as runnable code, with the numbers that were published."""
