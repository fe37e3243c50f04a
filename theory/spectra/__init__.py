"""Population spectra: what the theory knows about data.

It may import data and the shared rooms below.
"""
