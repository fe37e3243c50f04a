"""Pictures of a diagnosis: distances to seen and unseen data, and where n stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.figures.looks.style import BARS, look_of, measured, plain_ticks, predicted
from convergen.figures.plots.sheet import offscreen, sheet
from convergen.theory.quantities.rows import GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from convergen.empirical.diagnose.verdict.diagnosis import Diagnosis

_BINS = 40
# Decades of n on each side of the size of the training set.
_REACH = 1.5
_WIDTH, _HEIGHT = 4.6, 2.9


def distances(found: Diagnosis, *, axes: Any = None) -> Axes:
    """Distances of samples to the training set and to unseen data, as two histograms.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.verdict.diagnose.diagnose`.
    axes : Axes, sequence of Axes, Figure or SubFigure, optional
        Where to draw: one axes, or a figure to divide; default a new one.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If there are several axes.

    Examples
    --------
    >>> import numpy as np
    >>> import convergen as cg
    >>> rng = np.random.default_rng(0)
    >>> train, unseen, drawn = rng.standard_normal((3, 60, 8))
    >>> found = cg.empirical.judge_samples(drawn, train, unseen)
    >>> cg.plot.distances(found).get_xlabel()
    'distance to the nearest point'
    """
    with sheet(axes, 1) as on:
        _histograms(on.axes[0], found)
    return on.axes[0]


draw_distances = offscreen(distances, width=_WIDTH, height=_HEIGHT)


def _histograms(axes: Axes, found: Diagnosis) -> None:
    judgement = found.judgement
    seen = judgement.near.distances[:, 0]
    if judgement.unseen is None:
        other, label = judgement.true.distances[:, 0], "real points to the training set"
    else:
        other, label = judgement.unseen.distances[:, 0], "samples to unseen data"
    top = float(max(seen.max(), other.max())) or 1.0
    edges = np.linspace(0.0, top, _BINS + 1)
    for values, words, colour, line in (
        (other, label, GREY, "--"),
        (seen, "samples to the training set", look_of("memorisation").colour, "-"),
    ):
        weights = np.full(len(values), 1.0 / len(values))
        axes.hist(
            values, edges.tolist(), weights=weights, histtype="step", linestyle=line, linewidth=1.4,
            color=colour, label=words,
        )  # fmt: skip
    axes.set_xlabel("distance to the nearest point")
    axes.set_ylabel("share of the points")
    axes.legend(loc="best")


def needed(found: Diagnosis, *, axes: Any = None) -> Axes:
    """What linear models need, with its band, and where this model stands.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.verdict.diagnose.diagnose`.
    axes : Axes, sequence of Axes, Figure or SubFigure, optional
        Where to draw: one axes, or a figure to divide; default a new one.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If there are several axes.

    Examples
    --------
    >>> import numpy as np
    >>> import convergen as cg
    >>> rng = np.random.default_rng(0)
    >>> train, unseen, drawn = rng.standard_normal((3, 60, 8))
    >>> found = cg.empirical.judge_samples(drawn, train, unseen)
    >>> cg.plot.needed(found).get_ylabel()
    'agreement of two models'
    """
    with sheet(axes, 1) as on:
        _curves(on.axes[0], found)
    return on.axes[0]


draw_forecast = offscreen(needed, width=_WIDTH, height=_HEIGHT)


def _curves(axes: Axes, found: Diagnosis) -> None:
    from convergen.theory.forecast.predict import dense_grid, predict

    n = len(found.training)
    ends = [max(1.0, n / 10**_REACH), n * 10**_REACH]
    law = found.pilot or found.spectrum
    curves = predict(law, dense_grid(ends), factors=1, quantities=("convergence",))
    look = look_of("convergence")
    if found.pilot is not None:
        low, high = (curves[f"convergence_{end}"] for end in ("low", "high"))
        axes.fill_between(curves["samples"], low, high, color=look.colour, alpha=0.2, linewidth=0)
    predicted(axes, curves["samples"], curves["convergence"], look, label="agreement $q$")
    axes.axvline(n, color="black", linewidth=0.8, linestyle=":", label=f"your n = {n}")
    if found.convergence is not None:
        value = found.convergence
        measured(axes, [n], [value.value], [value.stderr], look)
        axes.set_title(f"theory (line), your models (point ± {BARS:g} s.e.)")
    axes.set_xscale("log")
    axes.set_ylim(-0.02, 1.04)
    axes.set_xlabel("number of training samples $n$")
    axes.set_ylabel("agreement of two models")
    axes.legend(loc="best")
    plain_ticks(axes.xaxis)
