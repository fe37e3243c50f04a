"""theory/denoisers."""
