"""Everything that is trained or fitted, as denoisers: networks, linear and solvable models.

It may import networks and common.
"""
