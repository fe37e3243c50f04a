"""Data sets of the package and of the user.

It may import all that sources may.
"""
