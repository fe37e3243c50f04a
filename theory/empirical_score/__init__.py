"""theory/empirical_score."""
