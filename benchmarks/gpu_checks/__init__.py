"""Sections of `benchmarks/gpu.py`, each a function of `Bench` that yields rows."""
