"""theory/random_matrices."""
