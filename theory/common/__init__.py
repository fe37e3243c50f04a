"""What every room needs: checks of arguments, compiled kernels, threads, blocks of rows.

It imports no other room.
"""
