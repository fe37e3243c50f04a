"""How many further samples to collect: what they gain, and how many a wish takes.

It may import forecast beside it, and whatever forecast may.
"""
