"""The front door of the predictions: one call, one labelled result.

It may import every room of formulas, and nothing of finite_size and cli.
"""
