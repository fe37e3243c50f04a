"""Encoders, one a file.

It may import what features may.
"""
