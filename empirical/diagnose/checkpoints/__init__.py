"""The same generator at several steps of its training, and the step at which copying begins.

It may import every other room of diagnose.
"""
