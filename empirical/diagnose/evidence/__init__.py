"""What the neighbours of samples say: copies, the numbers of the field, quality.

It may import comparable and distances.
"""
