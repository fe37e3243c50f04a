"""The figure of the spectrum, whose spikes can be dragged."""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.events import Pan, PanEnd
from bokeh.models import ColumnDataSource, CustomJS, PointDrawTool
from bokeh.plotting import figure

from convergen.figures.explorer.drawing.dress import PALE, dress


class SpectrumFigure:
    """Eigenvalues by rank; spikes are points that can be dragged, added and removed."""

    def __init__(self) -> None:
        self.bulk = ColumnDataSource({"rank": [], "value": []})
        self.spikes = ColumnDataSource({"rank": [], "value": []})
        # What a drag tells the server while it lasts; Bokeh itself tells it at the end only.
        self.dragged = ColumnDataSource({"value": []})
        self.figure = figure(
            name="spectrum", title="Variance along each factor", height=250,
            sizing_mode="stretch_width", x_axis_type="log", y_axis_type="log",
            x_range=(0.8, 10.0), y_range=(0.5, 10.0),
            x_axis_label="rank k", y_axis_label="eigenvalue λ", tools="", toolbar_location=None,
        )  # fmt: skip
        dress(self.figure)
        self.figure.line("rank", "value", source=self.bulk, color=PALE, line_width=2.4)
        points = self.figure.scatter(
            "rank", "value", source=self.spikes, size=16, color="#009E73", line_color="white",
            line_width=1.5, alpha=0.95,
        )  # fmt: skip
        self.tool = PointDrawTool(renderers=[points], add=False)
        self.figure.add_tools(self.tool)
        self.figure.toolbar.active_tap = self.tool
        live = CustomJS(
            args={"points": self.spikes, "dragged": self.dragged},
            code="dragged.data = {value: Array.from(points.data.value)}",
        )
        self.figure.js_on_event(Pan, live)
        self.figure.js_on_event(PanEnd, live)

    def show(self, rank: Any, value: Any, spikes: list[float], *, points: bool = True) -> None:
        """Draw a spectrum.

        Parameters
        ----------
        rank, value : ndarray, shape (k,)
            Corners of the line.
        spikes : list of float
            Eigenvalues that can be dragged, largest first.
        points : bool
            Whether to place them anew: not while one is being dragged.
        """
        found = {"rank": rank.tolist(), "value": value.tolist()}
        if found != dict(self.bulk.data):
            self.bulk.data = found
        if points:
            self.spikes.data = {
                "rank": [float(k + 1) for k in range(len(spikes))], "value": list(spikes)
            }  # fmt: skip
        every = [float(v) for v in (*value, *spikes) if v > 0.0]
        if every and points:
            top, low = max(every), max(min(every), 1e-12 * max(every))
            room = 4.0 if spikes else 1.6
            self.figure.y_range.update(start=low / 2.0, end=top * room)
        if len(rank):
            self.figure.x_range.update(start=0.8, end=1.25 * max(float(rank[-1]), 2.0))


def corners(eigenvalues: Any, multiplicities: Any) -> tuple[Any, Any]:
    """A spectrum as a line over ranks: both ends of each step, few where there are many.

    Parameters
    ----------
    eigenvalues, multiplicities : ndarray, shape (k,)
        Descending.

    Returns
    -------
    rank, value : ndarray
        Positive eigenvalues alone.
    """
    last = np.cumsum(multiplicities)
    first = last - multiplicities + 1
    kept = np.unique(np.round(np.geomspace(1, len(last), 160)).astype(int)) - 1
    kept = kept[eigenvalues[kept] > 0.0]
    rank = np.stack([first[kept], last[kept]], axis=1).ravel()
    return rank, np.repeat(eigenvalues[kept], 2)
