"""What changes as training goes on: weighted images, the share that copies, when it begins.

May import local, symmetry and the empirical score.
"""
