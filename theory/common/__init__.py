"""What every room needs: checks of arguments, atomic files, text, threads, blocks of rows.

It imports no other room.
"""
