"""Sample covariance matrices: deterministic equivalents, eigenvalues, eigenvectors.

It may import spectra and common.
"""
