"""empirical/storage."""
