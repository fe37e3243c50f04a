"""empirical/data."""
