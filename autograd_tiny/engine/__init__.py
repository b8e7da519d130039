"""The engine: the table of operations, the record of a computation, and Value."""
