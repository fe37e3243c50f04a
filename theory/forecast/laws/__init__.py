"""Laws for the data behind a pilot: overlaps, test errors, starts of factors, where curves cross.

It may import what forecast may, and nothing of forecast itself.
"""
