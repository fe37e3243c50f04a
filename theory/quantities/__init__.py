"""The table of quantities, results labelled by it, and how a measurement is scored.

It may import messages and common.
"""
