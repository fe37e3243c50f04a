"""theory/finite_size."""
