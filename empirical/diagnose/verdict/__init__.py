"""The judgement, what the theory adds to it, and how it is reported.

It may import every other room of diagnose.
"""
