"""Files that are whole or absent: written beside their target, sealed with a digest.

It may import messages and common.
"""
