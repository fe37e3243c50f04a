"""How often a linear model shows a training point rather than a new one.

It may import what `linear` may, and none of its other files.
"""
