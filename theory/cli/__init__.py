"""theory/cli."""
