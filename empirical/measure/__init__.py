"""Order parameters of trained models.

It may import training, splits, data, models and common.
"""
