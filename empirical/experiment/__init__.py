"""Experiments: what is declared, planned, trained and kept.

It may import every room but validate, diagnose and cli.
"""
