"""Models whose optimum is known, one file each, which registers its row in `models.table`.

A new one is a new file: its fit, what it suits, its options, and its line in figures.
"""
