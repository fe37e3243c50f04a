"""Theories that know a network: its symmetry, its windows, its width, its training.

May import denoisers and the exactly solvable models.
"""
