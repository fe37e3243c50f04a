"""theory/mixtures."""
