"""Compiled loops over the logits of one query: exponentials, sums, exact differences.

It may import the records beside it and the shared rooms below.
"""
