"""One module for each figure of the paper, in rooms by what is drawn.

It may import looks, making and plots.
"""
