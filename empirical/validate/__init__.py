"""Trained models beside every theory that applies to them.

It may import every room but diagnose and cli.
"""
