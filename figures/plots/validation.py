"""Trained models beside every theory that applies: convergence, memorisation, recovery."""

from __future__ import annotations

from string import ascii_lowercase
from typing import TYPE_CHECKING

from convergen.figures.looks.style import (
    BARS,
    look_of,
    measured,
    new_figure,
    panel,
    plain_ticks,
    predicted,
    styled,
)
from convergen.figures.looks.trained_networks import theory_look
from convergen.theory.quantities.table import compared

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@styled
def draw(found: xr.Dataset) -> Figure:
    """One panel for each order parameter, theories as lines, trained models as points.

    Parameters
    ----------
    found : xarray.Dataset
        From `convergen.empirical.validate.validate.validate`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(height=3.1)
    rows = [row for row in compared() if row.leads and row.key in found]
    for letter, axes, row in zip(
        ascii_lowercase, figure.subplots(1, len(rows), sharex=True), rows, strict=False
    ):
        first = "_1" * ("factor" in row.dims)
        label = f"{row.words} ${row.latex}{first}$"
        panel(axes, letter, "Leading factor" if first else row.words.capitalize())
        _curves(axes, found, row.key)
        axes.set_xscale("log")
        axes.set_ylim(-0.02, 1.04)
        axes.set_xlabel("training samples $n$")
        axes.set_ylabel(label)
        plain_ticks(axes.xaxis)
    figure.legend(handles=_legend(found), loc="outside lower center", ncols=3)
    return figure


def _curves(axes: Axes, found: xr.Dataset, name: str) -> None:
    leading = {"factor": 0} if "factor" in found[name].dims else {}
    part = found[[name, f"{name}_stderr", f"{name}_predicted"]].isel(leading)
    look = look_of(name)
    for theory in found["theory"].values:
        values = part[f"{name}_predicted"].sel(theory=theory).transpose("samples")
        line = theory_look(str(theory))[1]
        predicted(axes, part["samples"], values, look, linestyle=line, label="")
    measured(axes, part["samples"], part[name], part[f"{name}_stderr"], look)
    if name == "memorisation":
        fresh = found["memorisation_baseline"]
        axes.plot(found["samples"], fresh, "_", color=look.colour, markersize=7)


def _legend(found: xr.Dataset) -> list[Artist]:
    from matplotlib.lines import Line2D

    lines = [
        Line2D([], [], color="black", linestyle=line, label=words)
        for words, line in (theory_look(str(name)) for name in found["theory"].values)
    ]
    several = bool(found["convergence_stderr"].notnull().any())
    bars = f" ± {BARS:g} s.e. over seeds" if several else ""
    points = [
        Line2D(
            [], [], color="black", linestyle="none", marker="o", markerfacecolor="white",
            label=f"trained models{bars}",
        ),
        Line2D(
            [], [], color="black", linestyle="none", marker="_", markersize=7,
            label="$m$ of trained models on fresh data",
        ),
    ]  # fmt: skip
    return [*lines, *points]
