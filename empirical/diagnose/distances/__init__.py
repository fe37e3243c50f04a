"""Nearest points over the changes that are ignored, and how much nearer the first one is.

It may import no other room of diagnose.
"""
