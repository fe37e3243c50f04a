"""Trained diffusion models, measured and held against the predictions of `theory`."""
