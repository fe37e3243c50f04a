"""Folders, archives and tables of encoded images.

It may import the other files of `data`; nothing but the table of formats finds it.
"""
