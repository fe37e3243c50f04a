"""Sample covariance matrices: deterministic equivalents, eigenvalues, eigenvectors.

It may import spectra and the shared rooms below.
"""
