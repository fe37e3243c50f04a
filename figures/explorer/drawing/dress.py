"""One quiet look for all figures of the page."""

from __future__ import annotations

from typing import Any

from bokeh.models import FixedTicker

INK, PALE = "#33404d", "#8c98a4"


def dress(plot: Any) -> None:
    """Give a figure the look of all.

    Parameters
    ----------
    plot : bokeh.plotting.figure
        Changed in place.
    """
    plot.background_fill_color = plot.border_fill_color = "white"
    plot.outline_line_color = None
    plot.title.update(text_font_size="14px", text_color=INK, text_font_style="bold")
    for grid in plot.grid:
        grid.grid_line_color = "#e4e8ec"
    plot.xaxis.ticker = plot.xgrid.ticker = FixedTicker(ticks=[10.0**k for k in range(10)])
    for axis in plot.axis:
        axis.update(
            axis_line_color=PALE, major_tick_line_color=PALE, minor_tick_line_color=None,
            axis_label_text_font_style="normal", axis_label_text_color=INK,
            axis_label_text_font_size="12px", major_label_text_color=INK,
        )  # fmt: skip
