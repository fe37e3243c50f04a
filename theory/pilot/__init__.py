"""The population behind a sample: what N points show of their law, and what they cannot show.

It may import linear, spectra, random_matrices and the shared rooms below.
"""
