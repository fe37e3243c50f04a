"""Making figures: their table, data files, qualities, and the command.

It may import looks.
"""
