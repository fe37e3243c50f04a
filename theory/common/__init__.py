"""What every room of the theory needs: checks of arguments, atomic files, text, threads.

It imports no other room.
"""
