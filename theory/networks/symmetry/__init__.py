"""Orbits of a network's symmetry group, and the linear law of data with all their copies in it.

May import the exactly solvable models and spectra.
"""
