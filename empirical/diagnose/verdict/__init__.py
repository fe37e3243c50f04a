"""The judgement, what the theory adds to it, and how it is told.

It may import every other room of diagnose.
"""
