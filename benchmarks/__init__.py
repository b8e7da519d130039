"""Speed, memory and start-up against the engines people know: ``python -m benchmarks``."""
