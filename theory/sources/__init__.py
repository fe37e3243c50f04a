"""Sources of data by name, each one file that registers itself: known laws, and real data.

It may import mixtures, denoisers, spectra, data and the shared rooms below.
"""
