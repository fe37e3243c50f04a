"""Predicted order parameters against the number of samples, with measurements if there are any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convergen.figures.looks.style import (
    BARS,
    FAMILY_LINES,
    LOOKS,
    family,
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

_LEFT = ("memorisation", "memorisation_baseline", "convergence", "convergence_to_truth")


@styled
def draw(curves: xr.Dataset, points: xr.Dataset | None = None) -> Figure:
    """Memorisation and convergence on the left, latent recovery on the right.

    Parameters
    ----------
    curves : xarray.Dataset
        Prediction on a dense grid of n, drawn as lines.
    points : xarray.Dataset, optional
        From `theory.simulate`, drawn as points with error bars of two standard errors.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure()
    left, right = figure.subplots(1, 2, sharex=True)
    for name in _LEFT:
        look = LOOKS[name]
        predicted(left, curves["samples"], curves[name], look)
        if points is not None and name in points:
            measured(left, points["samples"], points[name], points[f"{name}_stderr"], look)
    _recovery(right, curves, points)
    _finish(left, "overlap", "Memorisation and convergence")
    _finish(right, "squared overlap $Q_k$", "Latent recovery")
    source = str(curves.attrs["source"])
    note = "" if points is None else f"; lines: theory, points: measured, ±{BARS:g} standard errors"
    for axes in (left, right):
        plain_ticks(axes.xaxis)
    figure.suptitle(f"{source}, $d$ = {curves.attrs['dimension']}{note}", fontsize=8)
    return figure


def _recovery(axes: Axes, curves: xr.Dataset, points: xr.Dataset | None) -> None:
    shown = False
    looks = family("latent_recovery", min(curves.sizes["factor"], len(FAMILY_LINES)))
    for k, look in enumerate(looks):
        n = curves["samples"]
        values = curves["latent_recovery_finite_size"].values[:, k]
        size = int(curves["multiplicity"].values[k])
        label = f"factor {k + 1}" + (f" (eigenspace, dim. {size})" if size > 1 else "")
        predicted(axes, n, values, look, label=label)
        threshold = float(curves["recovery_threshold"].values[k])
        if float(n.min()) < threshold < float(n.max()):
            axes.plot(
                [threshold], [0.0], marker="|", markersize=9, color=look.colour, clip_on=False
            )
            shown = True
        if points is not None and "latent_recovery" in points:
            mean = points["latent_recovery"].isel(factor=k)
            error = points["latent_recovery_stderr"].isel(factor=k)
            measured(axes, points["samples"], mean, error, look)
    if shown:
        axes.plot(
            [], [], "|k", markersize=9, linestyle="none", label="threshold $n_k^*$ (limit law)"
        )


def _finish(axes: Axes, label: str, title: str) -> None:
    axes.set_xscale("log")
    axes.set_ylim(-0.02, 1.04)
    axes.set_xlabel("number of training samples $n$")
    axes.set_ylabel(label)
    axes.set_title(title)
    axes.legend(loc="best")
