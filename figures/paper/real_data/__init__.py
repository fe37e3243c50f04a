"""Figures of linear models of real data, whole or a pilot of it.

It may import looks and making.
"""
