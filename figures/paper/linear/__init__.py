"""Figures of linear models of known laws: theory beside simulation.

It may import looks and making.
"""
