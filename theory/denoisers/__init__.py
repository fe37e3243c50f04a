"""The protocol that all denoisers share, the Gaussian ones, and the samplers.

It may import spectra and the shared rooms below.
"""
