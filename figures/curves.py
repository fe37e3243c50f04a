"""Predicted order parameters against the number of samples, with measurements if there are any."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from theory.storage import write_beside

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

STYLE = Path(__file__).with_name("convergen.mplstyle")

# One colour, line style and marker per quantity, in every figure.
LOOKS = {
    "memorisation": ("#D55E00", "-", "s", "memorisation $m$"),
    "memorisation_baseline": ("#D55E00", ":", "D", "$m$ on fresh data"),
    "convergence": ("#0072B2", "-", "o", "convergence $q$"),
    "convergence_to_truth": ("#0072B2", "--", "^", "convergence to truth $q^*$"),
}
_FACTORS = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_LINES = ("-", "--", "-.", (0, (3, 1, 1, 1, 1, 1)), (0, (1, 1)))
_MARKERS = ("o", "s", "^", "D", "v")


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
    import matplotlib.style
    from matplotlib.figure import Figure

    with matplotlib.style.context(STYLE):
        figure = Figure()
        left, right = figure.subplots(1, 2, sharex=True)
        for name, (colour, line, marker, label) in LOOKS.items():
            left.plot(curves["samples"], curves[name], line, color=colour, label=label)
            if points is not None and name in points:
                _points(left, points, points[name], points[f"{name}_stderr"], colour, marker)
        _recovery(right, curves, points)
        _finish(left, "overlap", "Memorisation and convergence")
        _finish(right, "squared overlap $Q_k$", "Latent recovery")
        source = str(curves.attrs["source"])
        measured = "" if points is None else "; lines: theory, points: measured, ±2 standard errors"
        for axes in (left, right):
            plain_ticks(axes.xaxis)
        figure.suptitle(f"{source}, $d$ = {curves.attrs['dimension']}{measured}", fontsize=8)
    return figure


def _recovery(axes: Axes, curves: xr.Dataset, points: xr.Dataset | None) -> None:
    shown = False
    for k in range(min(curves.sizes["factor"], len(_FACTORS))):
        colour, n = _FACTORS[k], curves["samples"]
        values = curves["latent_recovery_finite_size"].values[:, k]
        size = int(curves["multiplicity"].values[k])
        label = f"factor {k + 1}" + (f" (eigenspace, dim. {size})" if size > 1 else "")
        axes.plot(n, values, linestyle=_LINES[k], color=colour, label=label)
        threshold = float(curves["recovery_threshold"].values[k])
        if float(n.min()) < threshold < float(n.max()):
            axes.plot([threshold], [0.0], marker="|", markersize=9, color=colour, clip_on=False)
            shown = True
        if points is not None and "latent_recovery" in points:
            mean = points["latent_recovery"].isel(factor=k)
            error = points["latent_recovery_stderr"].isel(factor=k)
            _points(axes, points, mean, error, colour, _MARKERS[k])
    if shown:
        axes.plot(
            [], [], "|k", markersize=9, linestyle="none", label="threshold $n_k^*$ (limit law)"
        )


def _points(
    axes: Axes,
    points: xr.Dataset,
    mean: xr.DataArray,
    stderr: xr.DataArray,
    colour: str,
    marker: str,
) -> None:
    axes.errorbar(
        points["samples"], mean, yerr=2.0 * np.nan_to_num(stderr), linestyle="none",
        marker=marker, color=colour, markerfacecolor="white", zorder=3,
    )  # fmt: skip


def _finish(axes: Axes, label: str, title: str) -> None:
    axes.set_xscale("log")
    axes.set_ylim(-0.02, 1.04)
    axes.set_xlabel("number of training samples $n$")
    axes.set_ylabel(label)
    axes.set_title(title)
    axes.legend(loc="best")


def plain_ticks(axis: Axis) -> None:
    """Label 1, 2 and 5 with plain numbers where a log axis spans less than two decades.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
        ``axes.xaxis`` or ``axes.yaxis``.
    """
    from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

    low, high = axis.get_view_interval()
    if high < 100.0 * low:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(ScalarFormatter())
    axis.set_minor_formatter(NullFormatter())


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PDF, PNG or SVG, without dates, so that equal data give equal bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to save.
    path : Path
        Target; its ending says the format.
    """
    import matplotlib.style

    metadata: dict[str, str | None] = {
        ".pdf": {"CreationDate": None},
        ".svg": {"Date": None},
    }.get(path.suffix.lower(), {})
    with matplotlib.style.context(STYLE):
        write_beside(path, lambda temporary: figure.savefig(temporary, metadata=metadata))
