"""Printed numbers against the engine: what each claims, what it should be, and which mistake made it what it is."""
