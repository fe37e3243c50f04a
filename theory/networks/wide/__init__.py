"""Networks of great width: tangent kernel, its spectrum, regression with it at any time.

May import symmetry and denoisers.
"""
