"""What people read on a terminal: text, tables, progress, suggestions, errors.

It may import common.
"""
