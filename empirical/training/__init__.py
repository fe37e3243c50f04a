"""Training of several networks at once, exactly resumable.

It may import models, networks and common.
"""
