"""One file per format of files and folders; each registers itself in the table of formats.

It may import the other files of `data`; nothing but the table finds it.
"""
