"""Figures of trained networks, beside what is predicted of them.

It may import looks and making.
"""
