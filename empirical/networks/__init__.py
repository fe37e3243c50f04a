"""Denoising networks, one file each, and what they share.

It may import common.
"""
