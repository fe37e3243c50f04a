"""What further samples bring: convergence, recovered factors and test error, with wishes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.figures.looks.style import CHART, look_of, plain_ticks, predicted
from convergen.figures.plots.sheet import offscreen, sheet
from convergen.theory.quantities.rows import GREY

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

# Times over which an axis may go that plain numbers still fit below, three panels side by side.
_PLAIN = 20.0
# Panels by their first quantity: all of them, and the wishes whose level lies on their axis.
_PANELS = {
    "convergence": (
        ("convergence", "convergence_to_truth"),
        ("convergence", "convergence-to-truth"),
    ),
    "recovered_factors": (("recovered_factors",), ()),
    "test_error_ratio": (("test_error_ratio",), ("test-error",)),
}


def plan(rows: xr.Dataset, curves: xr.Dataset | None = None, *, axes: Any = None) -> NDArray[Any]:
    """One panel each for convergence, recovered factors and test error.

    Parameters
    ----------
    rows : xarray.Dataset
        From `theory.plan`: what the table lists, drawn as points, and wishes.
    curves : xarray.Dataset, optional
        From `theory.plan_curves`, drawn as lines.
    axes : Axes, sequence of Axes, Figure or SubFigure, optional
        Where to draw: three axes, or two where no factor shows, or a figure to divide; default a
        new one.

    Returns
    -------
    ndarray of Axes, shape (3,) or (2,)

    Raises
    ------
    InputError
        If there are not as many axes.

    Examples
    --------
    >>> import convergen as cg
    >>> spectrum = cg.Spectrum.spiked(40, [9.0, 4.0])
    >>> rows = cg.plan(spectrum, have=20, budget=200)
    >>> curves = cg.theory.plan_curves(spectrum, have=20, budget=200, points=5)
    >>> cg.plot.plan(rows, curves).shape
    (3,)
    """
    shown = panels(rows)
    with sheet(axes, len(shown)) as on:
        for each, key in zip(on.axes, shown, strict=True):
            _panel(each, rows, curves, key)
        on.title(_title(rows))
    return on.axes


draw = offscreen(plan)


def panels(rows: xr.Dataset) -> list[str]:
    """Panels that a plan has.

    Parameters
    ----------
    rows : xarray.Dataset
        From `theory.plan`.

    Returns
    -------
    list of str
        The first quantity of each.
    """
    return [key for key in _PANELS if key in rows]


def _one(rows: xr.Dataset, curves: xr.Dataset, key: str, *, axes: Any = None) -> None:
    """One panel by itself, for pages."""
    with sheet(axes, 1) as on:
        _panel(on.axes[0], rows, curves, key)


draw_one = offscreen(_one, **CHART)


def _panel(axes: Axes, rows: xr.Dataset, curves: xr.Dataset | None, first: str) -> None:
    keys, wishes = _PANELS[first]
    for key in keys:
        _curve(axes, curves, rows, key)
    _wishes(axes, rows, wishes)
    _marks(axes, rows)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    if high < _PLAIN * low:
        plain_ticks(axes.xaxis)
    axes.set_xlabel("number of training samples $n$")
    error = _error_label(rows) if first == "test_error_ratio" else ""
    axes.set_ylabel(error or (look_of(first).label if len(keys) == 1 else "overlap"))
    axes.margins(y=0.12)
    if len(keys) > 1:
        # Inside, it would lie on the curves: it is nearly as wide as the panel.
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2)


def _title(rows: xr.Dataset) -> str:
    source = str(rows.attrs["source"])
    if "interval_level" in rows.attrs:
        level, count = rows.attrs["interval_level"], rows.attrs["pilot_points"]
        source = f"{source}: the law behind {count} points, {100.0 * level:.0f} % intervals"
    return f"{source}, $d$ = {rows.attrs['dimension']}"


def _curve(axes: Axes, curves: xr.Dataset | None, rows: xr.Dataset, key: str) -> None:
    """A line with its band, and a point for each row of the table."""
    look, label = look_of(key), ""
    if curves is None:
        label = look.label
    else:
        n = curves["samples"]
        predicted(axes, n, curves[key], look)
        if f"{key}_low" in curves:
            ends = curves[f"{key}_low"], curves[f"{key}_high"]
            axes.fill_between(n, *ends, color=look.colour, alpha=0.2, linewidth=0.0)
    axes.plot(
        rows["samples"], rows[key], linestyle="none", marker=look.marker, color=look.colour,
        markerfacecolor="white", zorder=3, label=label,
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
