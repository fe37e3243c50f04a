"""empirical/cli."""
