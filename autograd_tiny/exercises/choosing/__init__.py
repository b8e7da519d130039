"""Numbers for exercises: other ones for the same graph, and graphs on a topic."""
