"""What each theory says of a trained pair: the linear law, and models solved by a formula.

It may import every room but diagnose, cli and the rest of validate.
"""
