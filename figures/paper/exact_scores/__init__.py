"""Figures of exact scores: of a finite data set, of Gaussian mixtures.

It may import looks and making.
"""
