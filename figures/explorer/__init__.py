"""A local page to play with: choose a spectrum or data, move a slider, see the curves move.

`state`, `curves`, `pictures` and `words` know nothing of the page; `page` follows what a visitor
does, `view` and its parts draw it with Bokeh, `server` shows them on this computer alone. It may
import plots and looks.
"""
