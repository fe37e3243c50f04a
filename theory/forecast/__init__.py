"""theory/forecast."""
