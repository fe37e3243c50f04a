"""Real data as matrices of points: arrays in files, folders of images.

It may import the shared rooms (files, messages, common).
"""
