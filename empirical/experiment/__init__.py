"""empirical/experiment."""
