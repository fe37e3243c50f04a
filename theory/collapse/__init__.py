"""When the empirical score only repeats its data: information, collapse noise, agreement.

It may import empirical_score, mixtures, denoisers, random_matrices, spectra and the shared rooms
below.
"""
