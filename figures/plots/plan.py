"""What further samples bring: convergence, recovered factors and test error, with wishes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convergen.figures.looks.style import (
    GREY,
    look_of,
    new_figure,
    plain_ticks,
    predicted,
    styled,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Panels: their quantities, and the wishes whose level lies on their axis.
_PANELS = (
    (("convergence", "convergence_to_truth"), ("convergence", "convergence-to-truth")),
    (("recovered_factors",), ()),
    (("test_error_ratio",), ("test-error",)),
)


@styled
def draw(curves: xr.Dataset, rows: xr.Dataset) -> Figure:
    """One panel each for convergence, recovered factors and test error.

    Parameters
    ----------
    curves : xarray.Dataset
        From `convergen.theory.forecast.plan.smooth_curves`.
    rows : xarray.Dataset
        From `convergen.theory.plan`: what the table lists, drawn as points, and wishes.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(height=2.7)
    shown = [panel for panel in _PANELS if panel[0][0] in curves]
    for axes, (keys, wishes) in zip(figure.subplots(1, len(shown)), shown, strict=True):
        for key in keys:
            _curve(axes, curves, rows, key)
        _wishes(axes, rows, wishes)
        _marks(axes, rows)
        axes.set_xscale("log")
        plain_ticks(axes.xaxis)
        axes.set_xlabel("number of training samples $n$")
        axes.set_ylabel(look_of(keys[0]).label if len(keys) == 1 else "overlap")
        axes.margins(y=0.12)
        if len(keys) > 1:
            axes.legend(loc="lower right")
    figure.axes[-1].set_ylabel(_error_label(rows))
    source = str(rows.attrs["source"])
    if "interval_level" in rows.attrs:
        level, count = rows.attrs["interval_level"], rows.attrs["pilot_points"]
        source = f"{source}: the law behind {count} points, {100.0 * level:.0f} % intervals"
    figure.suptitle(f"{source}, $d$ = {rows.attrs['dimension']}", fontsize=8)
    return figure


def _curve(axes: Axes, curves: xr.Dataset, rows: xr.Dataset, key: str) -> None:
    """A line with its band, and a point for each row of the table."""
    look, n = look_of(key), curves["samples"]
    predicted(axes, n, curves[key], look)
    if f"{key}_low" in curves:
        ends = curves[f"{key}_low"], curves[f"{key}_high"]
        axes.fill_between(n, *ends, color=look.colour, alpha=0.2, linewidth=0.0)
    axes.plot(
        rows["samples"], rows[key], linestyle="none", marker=look.marker, color=look.colour,
        markerfacecolor="white", zorder=3,
    )  # fmt: skip


def _wishes(axes: Axes, rows: xr.Dataset, kinds: tuple[str, ...]) -> None:
    """A cross with its interval where a wish is reached, as far as it is on this axis."""
    if "wish_samples" not in rows:
        return
    n, low, high = (
        rows[f"wish_samples{end}" if f"wish_samples{end}" in rows else "wish_samples"].values
        for end in ("", "_low", "_high")
    )
    for i, name in enumerate(rows["wish"].values):
        if str(name).partition("=")[0] in kinds and np.isfinite(n[i]):
            axes.errorbar(
                n[i], float(rows["wish_level"][i]), xerr=[[n[i] - low[i]], [high[i] - n[i]]],
                marker="x", markersize=5, color="black", zorder=4,
            )  # fmt: skip


def _marks(axes: Axes, rows: xr.Dataset) -> None:
    """What is at hand, and what the budget pays for."""
    ends = {"at hand": float(rows.attrs["have"])}
    if rows.attrs["affordable"] != "":
        ends["budget"] = float(rows.attrs["have"]) + float(rows.attrs["affordable"])
    for place, (words, n) in zip(("left", "right"), ends.items(), strict=False):
        axes.axvline(n, color=GREY, linewidth=0.8, linestyle=":")
        axes.annotate(
            words, (n, 1.0), xycoords=("data", "axes fraction"), va="top", ha=place, fontsize=6,
            xytext=(2.0 if place == "left" else -2.0, -1.0), textcoords="offset points",
            color="0.3",
        )  # fmt: skip


def _error_label(rows: xr.Dataset) -> str:
    return f"test error / its limit, $\\sigma$ = {float(rows.attrs['sigma']):.3g}"
