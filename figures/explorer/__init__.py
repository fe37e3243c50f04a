"""A local page to play with: choose a spectrum or data, move a slider, see the curves move.

It may import plots and looks, and the theory.
"""
