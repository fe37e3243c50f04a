"""A local page to play with: choose a spectrum or data, move a slider, see the curves move.

`state`, `curves`, `pictures` and `words` know nothing of the page; `visitor` says which state is
wanted, `page` follows, `view` and its parts draw with Bokeh, `server` shows pages on this computer
alone. It may import plots and looks.
"""
