"""What options of the command line mean: where points come from, grids of n, targets.

It may import every room of the theory but the reports and commands beside it.
"""
