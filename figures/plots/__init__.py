"""The pictures and pages that the command line draws.

It may import looks.
"""
