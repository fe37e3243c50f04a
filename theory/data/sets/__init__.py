"""Data sets that other packages ship or unpack, read without importing them.

It may import the regular files and the pixels beside it.
"""
