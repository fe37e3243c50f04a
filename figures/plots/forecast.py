"""Forecast of a trained network: order parameters over n, with their intervals."""

from __future__ import annotations

from string import ascii_lowercase
from typing import TYPE_CHECKING

from convergen.figures.looks.style import (
    look_of,
    new_figure,
    panel,
    plain_ticks,
    predicted,
    styled,
)
from convergen.theory.quantities.table import quantity

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_SHOWN = ("convergence", "memorisation")


@styled
def draw(found: xr.Dataset) -> Figure:
    """Convergence and memorisation over n, the calibrated n marked.

    Parameters
    ----------
    found : xarray.Dataset
        From `convergen.empirical.forecast.forecast.forecast`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure()
    n = found["samples"]
    for letter, axes, name in zip(
        ascii_lowercase, figure.subplots(1, 2, sharex=True), _SHOWN, strict=False
    ):
        row, look = quantity(name), look_of(name)
        panel(axes, letter, row.words.capitalize())
        low, high = found[f"{name}_low"], found[f"{name}_high"]
        axes.fill_between(n, low, high, color=look.colour, alpha=0.2, linewidth=0)
        predicted(axes, n, found[name], look, marker="o", markersize=3, label="")
        axes.axvline(found.attrs["calibrated_at"], color="0.5", linestyle=":", linewidth=0.8)
        axes.set_xscale("log")
        axes.set_ylim(-0.02, 1.04)
        axes.set_xlabel("training samples $n$")
        axes.set_ylabel(f"{row.words} ${row.latex}$")
        plain_ticks(axes.xaxis)
    return figure
