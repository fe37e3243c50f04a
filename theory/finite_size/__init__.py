"""Monte Carlo measurements of finite models beside their predictions.

It may import every room but cli.
"""
