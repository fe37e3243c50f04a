"""empirical/training."""
