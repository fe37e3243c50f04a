"""What every room of trained models needs: devices, row blocks, suggestions.

It imports the theory and no other room.
"""
