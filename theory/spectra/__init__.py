"""theory/spectra."""
