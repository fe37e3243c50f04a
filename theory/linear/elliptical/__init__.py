"""Linear models of elliptical data, whose points have amplitudes of their own.

It may import what `linear` may, and its errors of denoising.
"""
