"""Trained models beside every theory that applies: convergence, memorisation, recovery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from figures.style import (
    BARS,
    BLACK,
    FAMILY_LINES,
    LOOKS,
    Look,
    measured,
    new_figure,
    plain_ticks,
    predicted,
    styled,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANELS = (
    ("convergence", "Convergence", "overlap $q$"),
    ("memorisation", "Memorisation", "overlap $m$"),
    ("latent_recovery", "Leading factor", "squared overlap $Q_1$"),
)


@styled
def draw(found: xr.Dataset) -> Figure:
    """One panel for each order parameter, theories as lines, trained models as points.

    Parameters
    ----------
    found : xarray.Dataset
        From `empirical.validation.validate`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(height=2.7)
    for axes, (name, title, label) in zip(figure.subplots(1, 3, sharex=True), _PANELS, strict=True):
        _panel(axes, found, name)
        axes.set_xscale("log")
        axes.set_ylim(-0.02, 1.04)
        axes.set_title(title)
        axes.set_xlabel("training samples $n$")
        axes.set_ylabel(label)
        plain_ticks(axes.xaxis)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    seeds = "" if found.attrs.get("seeds") == 1 else f", ±{BARS:g} standard errors"
    figure.suptitle(f"lines: theory, points: trained models{seeds}", fontsize=8)
    return figure


def _panel(axes: Axes, found: xr.Dataset, name: str) -> None:
    leading = {"factor": 0} if "factor" in found[name].dims else {}
    part = found[[name, f"{name}_stderr", f"{name}_predicted"]].isel(leading)
    look = LOOKS[name]
    for line, theory in zip(FAMILY_LINES, found["theory"].values, strict=False):
        values = part[f"{name}_predicted"].sel(theory=theory).transpose("samples")
        shown = Look(BLACK if line == "-" else look.colour, line, "", str(theory))
        predicted(axes, part["samples"], values, shown)
    points = {"label": "trained models", "color": look.colour}
    measured(axes, part["samples"], part[name], part[f"{name}_stderr"], look, **points)
