"""empirical/models."""
