"""Data sets on which networks train, with their truth where it is known.

It may import common.
"""
