"""Trained models beside every theory that applies: convergence, memorisation, recovery."""

from __future__ import annotations

from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.figures.looks.style import (
    BARS,
    CHART,
    look_of,
    measured,
    panel,
    plain_ticks,
    predicted,
)
from convergen.figures.looks.trained_networks import theory_look
from convergen.figures.plots.sheet import offscreen, sheet
from convergen.theory.quantities.table import Quantity, compared

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

# Fresh data stand beside this quantity.
_FRESH = "memorisation"
# Letters of an entry of a legend of which three fit beside each other.
_NARROW = 38
# Inches: a chart and some eight lines that say what is drawn.
_TALL = CHART["height"] + 1.2


def validation(found: xr.Dataset, *, axes: Any = None) -> NDArray[Any]:
    """One panel for each order parameter, theories as lines, trained models as points.

    Parameters
    ----------
    found : xarray.Dataset
        From `empirical.validate_run`.
    axes : Axes, sequence of Axes, Figure or SubFigure, optional
        Where to draw: one axes for each order parameter that is in `found`, four at most, or a
        figure to divide; default a new one.

    Returns
    -------
    ndarray of Axes, shape (panels,)

    Raises
    ------
    InputError
        If there are not as many axes.

    Examples
    --------
    >>> from pathlib import Path
    >>> import convergen as cg
    >>> run = cg.empirical.Run.open(Path("runs/digits"))  # as convergen train left it
    >>> cg.plot.validation(cg.empirical.validate_run(run)).shape
    (4,)
    """
    rows = [row for row in compared() if row.leads and row.key in found]
    with sheet(axes, len(rows), rows=2 if len(rows) == 4 else 1, sharex=True) as on:
        for letter, each, row in zip(ascii_lowercase, on.axes, rows, strict=False):
            leading = "factor" in row.dims
            panel(each, letter, "Leading factor" if leading else row.words.capitalize())
            _curves(each, found, row)
            if row.key == _FRESH:
                each.legend(handles=[_fresh_points()], loc="best")
        handles = _legend(found)
        if on.figure is not None:
            widest = max(len(str(each.get_label())) for each in handles)
            ncols = 3 if widest <= _NARROW else 2
            on.figure.legend(handles=handles, loc="outside lower center", ncols=ncols)
        else:
            on.axes[-1].legend(handles=handles, loc="best")
    return on.axes


draw = offscreen(validation, height=5.4)


def _one(found: xr.Dataset, row: Quantity, *, axes: Any = None) -> None:
    """One order parameter; its lines are named below it."""
    with sheet(axes, 1) as on:
        _curves(on.axes[0], found, row)
        assert on.figure is not None
        fresh = [_fresh_points()] if row.key == _FRESH else []
        on.figure.legend(handles=[*_legend(found), *fresh], loc="outside lower left")


draw_one = offscreen(_one, width=CHART["width"], height=_TALL)


def _curves(axes: Axes, found: xr.Dataset, row: Quantity) -> None:
    """Theories as lines, measurements as points."""
    name = row.key
    leading = {"factor": 0} if "factor" in found[name].dims else {}
    part = found[[name, f"{name}_stderr", f"{name}_predicted"]].isel(leading)
    look = look_of(name)
    for theory in found["theory"].values:
        values = part[f"{name}_predicted"].sel(theory=theory).transpose("samples")
        line = theory_look(str(theory))[1]
        # No line goes through what has no neighbours, beside the n of a calibration.
        dots = {"marker": ".", "markersize": 4, "markevery": _alone(values.values)}
        predicted(axes, part["samples"], values, look, linestyle=line, label="", **dots)
    measured(axes, part["samples"], part[name], part[f"{name}_stderr"], look)
    if name == _FRESH:
        fresh = found["memorisation_baseline"]
        axes.plot(found["samples"], fresh, "_", color=look.colour, markersize=7)
    axes.set_xscale("log")
    axes.set_ylim(-0.02, 1.04)
    axes.set_xlabel("training samples $n$")
    symbol = f" ${row.latex}{'_1' * bool(leading)}$" if row.latex else ""
    axes.set_ylabel(f"{row.words}{symbol}")
    plain_ticks(axes.xaxis)


def _alone(values: NDArray[Any]) -> list[int]:
    """Places of numbers between two that are none."""
    known = np.pad(np.isfinite(values), 1)
    return np.flatnonzero(known[1:-1] & ~known[:-2] & ~known[2:]).tolist()


def _legend(found: xr.Dataset) -> list[Artist]:
    from matplotlib.lines import Line2D

    lines = [
        Line2D([], [], color="black", linestyle=line, label=words)  # type: ignore[arg-type]
        for words, line in (theory_look(str(name)) for name in found["theory"].values)
    ]
    several = bool(found["convergence_stderr"].notnull().any())
    bars = f" ± {BARS:g} s.e. over seeds" if several else ""
    points = Line2D(
        [], [], color="black", linestyle="none", marker="o", markerfacecolor="white",
        label=f"trained models{bars}",
    )  # fmt: skip
    return [*lines, points]


def _fresh_points() -> Artist:
    """Legend entry of what trained models have in common with points they have not seen."""
    from matplotlib.lines import Line2D

    colour = look_of(_FRESH).colour
    return Line2D(
        [], [], color=colour, linestyle="none", marker="_", markersize=7, label="on fresh data"
    )
