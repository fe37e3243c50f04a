"""Theories that know a network: its kernel, its symmetries, its training time.

May import denoisers and the exactly solvable models.
"""
