"""Laws that are known exactly; points are drawn from them.

It may import all that sources may.
"""
