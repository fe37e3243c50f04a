"""empirical/sweep."""
