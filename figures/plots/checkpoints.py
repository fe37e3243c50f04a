"""Copying and quality over the steps of training, with the step at which copying begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.figures.looks.style import Look, family, look_of, plain_ticks
from convergen.figures.plots.sheet import offscreen, sheet
from convergen.theory.quantities.rows import GREY

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

# Panels: their numbers, and the words of their axis.
_PANELS = (
    (("copied", "f_mem", "nearer"), "share of the samples"),
    (("m", "variance", "q"), "overlap, or ratio of variances"),
)
_LABELS = {
    "copied": "copies", "f_mem": "$f_{mem}$", "nearer": "nearer to the training set",
    "m": "$m$", "variance": "variance / data", "q": "$q$",
}  # fmt: skip


def checkpoints(found: xr.Dataset, *, axes: Any = None) -> NDArray[Any]:
    """What is copied, and what samples are like, over training.

    Parameters
    ----------
    found : xarray.Dataset
        From `empirical.judge_checkpoints`, or a file of ``convergen measure --out``.
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
    >>> import numpy as np
    >>> import convergen as cg
    >>> train, unseen, others = np.random.default_rng(0).standard_normal((3, 60, 8))
    >>> samples = {100: others, 1000: train[:50]}
    >>> found = cg.empirical.judge_checkpoints(samples, train, unseen)
    >>> shares, ratios = cg.plot.checkpoints(found)
    >>> shares.get_ylabel()
    'share of the samples'
    """
    with sheet(axes, len(_PANELS), sharex=True) as on:
        for each, (keys, words) in zip(on.axes, _PANELS, strict=True):
            _panel(each, found, [key for key in keys if key in found], words)
    return on.axes


draw = offscreen(checkpoints)


def _panel(axes: Axes, found: xr.Dataset, keys: list[str], words: str) -> None:
    steps = found["step"].values.astype(float)
    for key, look in zip(keys, _looks(keys), strict=True):
        value, low, high = (found[name].values for name in (key, f"{key}_low", f"{key}_high"))
        errors = np.maximum([value - low, high - value], 0.0)
        axes.errorbar(
            steps, value, errors, color=look.colour, linestyle=look.line, marker=look.marker,
            markersize=3.5, linewidth=1.0, capsize=2.0, label=_LABELS[key],
        )  # fmt: skip
    after, by = (found.attrs.get(f"copying_begins_{end}") for end in ("after", "by"))
    if by is not None:
        start = steps[0] if after is None else after
        axes.axvspan(start, by, color=GREY, alpha=0.25, linewidth=0, label="copying begins")
    # Steps that grow by factors lie side by side only so.
    if len(steps) > 2 and steps[0] > 0.0 and steps[-1] > 20.0 * steps[0]:
        axes.set_xscale("log")
        plain_ticks(axes.xaxis)
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    axes.set_xlabel("step of training")
    axes.set_ylabel(words)
    # Curves and their bars may be anywhere inside.
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2)


def _looks(keys: list[str]) -> list[Look]:
    """Looks of the order parameters, and others that differ from them."""
    known = {
        "m": look_of("memorisation"), "q": look_of("convergence"),
        "variance": Look(GREY, "--", "s", ""),
    }  # fmt: skip
    shares = iter(family("memorisation", len(keys)))
    return [known[key] if key in known else next(shares) for key in keys]
