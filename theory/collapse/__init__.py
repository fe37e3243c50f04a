"""theory/collapse."""
