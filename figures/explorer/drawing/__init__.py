"""Drawing answers with Bokeh: sheets, their dress, lines, spectra and galleries.

It may import answers, plots and looks.
"""
