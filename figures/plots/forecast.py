"""Forecast of a trained network: order parameters over n, with their intervals."""

from __future__ import annotations

from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from convergen.figures.looks.style import (
    CHART,
    look_of,
    panel,
    plain_ticks,
    predicted,
)
from convergen.figures.plots.sheet import offscreen, sheet
from convergen.theory.quantities.table import quantity

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

_SHOWN = ("convergence", "memorisation")


def forecast(found: xr.Dataset, *, axes: Any = None) -> NDArray[Any]:
    """Convergence and memorisation over n, the calibrated n marked.

    Parameters
    ----------
    found : xarray.Dataset
        From `empirical.forecast_run` or `empirical.forecast_untrained`.
    axes : Axes, sequence of Axes, Figure or SubFigure, optional
        Where to draw: two axes, or a figure to divide; default a new one.

    Returns
    -------
    ndarray of Axes, shape (2,)

    Raises
    ------
    InputError
        If there are not as many axes.

    Examples
    --------
    >>> import convergen as cg
    >>> found = cg.empirical.forecast_untrained({"kind": "digits"}, "unet", samples=[4])
    >>> left, right = cg.plot.forecast(found)
    >>> right.get_ylabel()
    'memorisation $m$'
    """
    with sheet(axes, len(_SHOWN), sharex=True) as on:
        for letter, each, name in zip(ascii_lowercase, on.axes, _SHOWN, strict=False):
            panel(each, letter, quantity(name).words.capitalize())
            _curve(each, found, name)
    return on.axes


draw = offscreen(forecast)


def _one(found: xr.Dataset, name: str, *, axes: Any = None) -> None:
    """One quantity over n."""
    with sheet(axes, 1) as on:
        _curve(on.axes[0], found, name)


draw_one = offscreen(_one, **CHART)


def _curve(axes: Axes, found: xr.Dataset, name: str) -> None:
    row, look, n = quantity(name), look_of(name), found["samples"]
    low, high = found[f"{name}_low"], found[f"{name}_high"]
    axes.fill_between(n, low, high, color=look.colour, alpha=0.2, linewidth=0)
    predicted(axes, n, found[name], look, marker="o", markersize=3, label="")
    if found.attrs["calibrated_at"]:
        axes.axvline(found.attrs["calibrated_at"], color="0.5", linestyle=":", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_ylim(-0.02, 1.04)
    axes.set_xlabel("training samples $n$")
    axes.set_ylabel(f"{row.words} ${row.latex}$" if row.latex else row.words)
    plain_ticks(axes.xaxis)
