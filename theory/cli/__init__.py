"""The commands predict, simulate and collapse.

It may import every room of the theory.
"""
