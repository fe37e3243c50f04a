"""What is compared instead of numbers of pixels: whitened points, outputs of trained networks.

It may import comparable and distances.
"""
