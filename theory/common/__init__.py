"""theory/common."""
