"""A user's own sets, brought to one layout, one unit and honest contents.

It may import distances.
"""
