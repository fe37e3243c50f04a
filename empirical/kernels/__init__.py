"""Kernels of infinitely wide networks that need torch: what such networks learn by descent.

May import the common folder.
"""
