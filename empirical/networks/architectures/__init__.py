"""The architectures, one file each, which registers its row in `networks.table`.

A new network is a new file: its module, its options and sizes, its symmetry and its grouping.
"""
