"""What a command found, as one HTML file that needs no other file and no network.

It may import plots and looks.
"""
