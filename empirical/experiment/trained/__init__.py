"""Training what a run plans: whole experiments, one cell, one pair.

It may import what is declared, and runs and their cells.
"""
