"""The commands train, validate and measure.

It may import every room of the package.
"""
