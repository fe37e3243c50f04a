"""How everything looks: styles, colours, small drawings that recur.

It may import theory and empirical, and no other room.
"""
