"""Predicted order parameters against the number of samples, with measurements if there are any."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from convergen.figures.looks.style import (
    BARS,
    FAMILY_LINES,
    Look,
    family,
    look_of,
    measured,
    plain_ticks,
    predicted,
)
from convergen.figures.plots.sheet import offscreen, sheet
from convergen.theory.common.checks import InputError
from convergen.theory.quantities.table import Quantity, quantities

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


def prediction(
    curves: xr.Dataset, points: xr.Dataset | None = None, *, axes: Any = None
) -> NDArray[Any]:
    """Memorisation and convergence on the left, latent recovery on the right.

    Parameters
    ----------
    curves : xarray.Dataset
        Prediction on a dense grid of n, drawn as lines.
    points : xarray.Dataset, optional
        From `theory.simulate`, drawn as points with error bars of two standard errors.
    axes : Axes, sequence of Axes, Figure or SubFigure, optional
        Where to draw: two axes, or a figure to divide; default a new one.

    Returns
    -------
    ndarray of Axes, shape (2,)

    Raises
    ------
    InputError
        If there are not as many axes, or the curves lack what is drawn.

    Examples
    --------
    >>> import convergen as cg
    >>> spectrum = cg.Spectrum.spiked(40, [9.0, 4.0])
    >>> left, right = cg.plot.prediction(cg.predict(spectrum, [10, 40, 160]))
    >>> right.get_ylabel()
    'squared overlap $Q_k$'
    """
    for group, panel in (("convergence", "left"), ("latent_recovery", "right")):
        if not any(row.main and row.group == group and row.key in curves for row in quantities()):
            raise InputError(
                f"the curves hold nothing for the {panel} panel: predict quantities {group} too, "
                "or leave quantities out."
            )
    with sheet(axes, 2, sharex=True) as on:
        left, right = on.axes
        main = [row.key for row in quantities() if row.main and row.dims == ("samples",)]
        overlaps(left, curves, main, points)
        recovery(right, curves, points)
        left.set_title("Memorisation and convergence")
        right.set_title("Latent recovery")
        on.title(_title(curves, points))
    return on.axes


draw = offscreen(prediction)


def _title(curves: xr.Dataset, points: xr.Dataset | None) -> str:
    source = str(curves.attrs["source"])
    if "interval_level" in curves.attrs:
        level, count = curves.attrs["interval_level"], curves.attrs["pilot_points"]
        source = f"{source}: the law behind {count} points, {100.0 * level:.0f} % intervals"
    note = "" if points is None else f"; lines: theory, points: measured, ±{BARS:g} standard errors"
    return f"{source}, $d$ = {curves.attrs['dimension']}{note}"


def overlaps(
    axes: Axes, curves: xr.Dataset, keys: Iterable[str], points: xr.Dataset | None = None
) -> None:
    """Draw quantities of the whole model against n.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where.
    curves : xarray.Dataset
        Prediction on a dense grid of n.
    keys : iterable of str
        Quantities; those that `curves` lacks are left out.
    points : xarray.Dataset, optional
        Measurements.
    """
    for key in (key for key in keys if key in curves):
        look = look_of(key)
        predicted(axes, curves["samples"], curves[key], look)
        _band(axes, curves, key, look)
        if points is not None and key in points:
            mean, error = points[key], points[f"{key}_stderr"]
            measured(axes, points["samples"], mean, error, look)
    _finish(axes, "overlap")


def recovery(axes: Axes, curves: xr.Dataset, points: xr.Dataset | None = None) -> None:
    """Draw the recovery of each factor against n, and where it begins.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where.
    curves : xarray.Dataset
        Prediction on a dense grid of n.
    points : xarray.Dataset, optional
        Measurements.
    """
    for row in quantities():
        if row.main and "factor" in row.dims and row.key in curves:
            _by_factor(axes, curves, points, row)
    _thresholds(axes, curves)
    _finish(axes, "squared overlap $Q_k$")


def _by_factor(axes: Axes, curves: xr.Dataset, points: xr.Dataset | None, row: Quantity) -> None:
    """A curve for each factor, and what was measured of the quantity that this one predicts."""
    names = [other.key for other in quantities() if (other.law or other.key) == row.key]
    for k, look in enumerate(_looks(curves)[: curves.attrs.get("visible_factors")]):
        size = int(curves["multiplicity"].values[k])
        label = f"factor {k + 1}" + (f" (eigenspace, dim. {size})" if size > 1 else "")
        predicted(axes, curves["samples"], curves[row.key].values[:, k], look, label=label)
        _band(axes, curves.isel(factor=k), row.key, look)
        for name in names:
            if points is not None and f"{name}_stderr" in points:
                mean, error = (points[each].isel(factor=k) for each in (name, f"{name}_stderr"))
                measured(axes, points["samples"], mean, error, look)


def _band(axes: Axes, curves: xr.Dataset, key: str, look: Look) -> None:
    """The interval of a curve, where the law is an estimate."""
    if f"{key}_low" in curves:
        ends = curves[f"{key}_low"], curves[f"{key}_high"]
        axes.fill_between(curves["samples"], *ends, color=look.colour, alpha=0.2, linewidth=0.0)


def _thresholds(axes: Axes, curves: xr.Dataset) -> None:
    """Marks on the axis where factors are recovered in the limit of large d."""
    if "recovery_threshold" not in curves:
        return
    n, shown = curves["samples"], False
    for k, look in enumerate(_looks(curves)):
        start = float(curves["recovery_threshold"].values[k])
        if float(n.min()) < start < float(n.max()):
            axes.plot([start], [0.0], marker="|", markersize=9, color=look.colour, clip_on=False)
            shown = True
    if shown:
        axes.plot(
            [], [], "|k", markersize=9, linestyle="none", label="threshold $n_k^*$ (limit law)"
        )


def _looks(curves: xr.Dataset) -> list[Look]:
    return family("latent_recovery", min(curves.sizes["factor"], len(FAMILY_LINES)))


def _finish(axes: Axes, label: str) -> None:
    axes.set_xscale("log")
    axes.set_ylim(-0.02, 1.04)
    axes.set_xlabel("number of training samples $n$")
    axes.set_ylabel(label)
    axes.legend(loc="best")
    plain_ticks(axes.xaxis)
