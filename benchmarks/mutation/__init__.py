"""Parts of `benchmarks/mutants.py`: changes and their draw, equivalents, changed trees."""
