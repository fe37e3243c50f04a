"""What every room of trained models needs: devices.

It imports the theory and no other room.
"""
