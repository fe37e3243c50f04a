"""Denoisers to be trained or fitted: the table of solvable models, and ensembles of networks.

It may import networks and common.
"""
