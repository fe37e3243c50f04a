"""The page itself: its controls, its visitors, what it keeps, and the server on this computer.

It may import answers and drawing.
"""
