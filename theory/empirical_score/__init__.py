"""The optimal denoiser of a training set itself, exact and fast.

It may import denoisers and the shared rooms below.
"""
