"""Disjoint training sets that share no near-duplicates.

It may import data and common.
"""
