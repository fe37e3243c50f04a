"""Independent cells done by one process, several workers or a cluster.

It may import storage and common.
"""
