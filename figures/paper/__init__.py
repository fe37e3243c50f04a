"""One module for each figure of the paper.

It may import looks, making and plots.
"""
