"""Networks to be trained: the table of architectures, what they share, and networks of users.

It may import common.
"""
