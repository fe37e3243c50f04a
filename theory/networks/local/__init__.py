"""Denoisers that see windows, and the linear model that they lean on.

May import symmetry and denoisers.
"""
