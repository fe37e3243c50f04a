"""The pictures that the command line draws.

It may import looks.
"""
