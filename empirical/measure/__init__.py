"""empirical/measure."""
