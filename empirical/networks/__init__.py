"""empirical/networks."""
