"""empirical/validate."""
