"""Gaussian mixtures: exact scores, speciation, and how well means can be learnt.

It may import denoisers, spectra and the shared rooms below.
"""
