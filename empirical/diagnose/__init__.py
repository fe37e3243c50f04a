"""Verdicts about a user's own generator, from its samples.

It may import every room but validate and cli.
"""
