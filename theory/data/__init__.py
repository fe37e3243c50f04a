"""theory/data."""
