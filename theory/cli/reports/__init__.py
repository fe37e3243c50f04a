"""What commands answer, as text and as JSON.

It may import every room of the theory but the options and commands beside it.
"""
