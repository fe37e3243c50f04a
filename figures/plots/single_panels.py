"""A prediction in small pictures of one panel each, for pages that are read on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from convergen.figures.looks.style import CHART
from convergen.figures.plots.curves import overlaps, recovery
from convergen.figures.plots.sheet import offscreen, sheet

if TYPE_CHECKING:
    import xarray as xr


def _overlaps(
    curves: xr.Dataset,
    keys: Sequence[str],
    label: str,
    here: float | None = None,
    *,
    axes: Any = None,
) -> None:
    """Some quantities against n, with their bands, and where the reader stands."""
    with sheet(axes, 1) as on:
        (panel,) = on.axes
        if here is not None:
            words = f"your $n$ = {here:g}"
            panel.axvline(here, color="black", linewidth=0.8, linestyle=":", label=words)
        overlaps(panel, curves, keys)
        panel.set_ylabel(label)


def _recovery(curves: xr.Dataset, *, axes: Any = None) -> None:
    """Recovery of the leading factors against n."""
    with sheet(axes, 1) as on:
        recovery(on.axes[0], curves)


draw_overlaps = offscreen(_overlaps, **CHART)
draw_recovery = offscreen(_recovery, **CHART)
