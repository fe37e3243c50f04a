"""Trained networks at larger n, from one pair trained at small n or from what such pairs showed.

It may import every room but diagnose, validate and cli.
"""
