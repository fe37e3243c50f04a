"""Images as points: decoded, brought to one shape, cut from sheets, told from rows of numbers.

It may import what data needs to read files, and whatever data may.
"""
