"""What a visitor asks, and what the theory answers: states, curves, pictures and words.

It knows nothing of the page; it may import the theory.
"""
