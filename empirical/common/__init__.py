"""empirical/common."""
