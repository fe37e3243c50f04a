"""Files of numbers.

It may import the other files of `data`; nothing but the table of formats finds it.
"""
