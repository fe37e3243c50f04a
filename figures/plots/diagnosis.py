"""Pictures of a diagnosis: samples beside training points, cosines, and where n stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convergen.figures.looks.style import (
    BARS,
    GREY,
    look_of,
    measured,
    new_figure,
    panel,
    plain_ticks,
    predicted,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from convergen.empirical.diagnose.diagnose import Diagnosis

_COLUMNS = 8
_BINS = 40
# Decades of n on each side of the size of the training set.
_REACH = 1.5


@styled
def draw_nearest(found: Diagnosis, rows: list[tuple[int, int, float]]) -> Figure:
    """Generated points above their nearest training points.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.diagnose.diagnose`.
    rows : list of (int, int, float)
        Row of the sample, row of the training point and |cosine| of each pair that is shown.

    Returns
    -------
    matplotlib.figure.Figure
    """
    lines = -(-len(rows) // _COLUMNS)
    figure = new_figure(height=2.0 * lines + 0.1)
    grid = figure.subplots(2 * lines, _COLUMNS, squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    for place, (sample, point, cosine) in enumerate(rows):
        line, column = divmod(place, _COLUMNS)
        upper, lower = grid[2 * line, column], grid[2 * line + 1, column]
        pair = [
            each.flat(np.array([row]))[0].reshape(each.shape)
            for each, row in ((found.samples[0], sample), (found.training, point))
        ]
        low, high = float(np.min(pair)), float(np.max(pair))
        for axes, values in zip((upper, lower), pair, strict=True):
            _show(axes, values, low, high)
        upper.set_title(f"sample {sample}", fontsize=7, pad=2)
        lower.set_title(f"train {point}: {cosine:.3f}", fontsize=7, pad=2)
    return figure


def _show(axes: Axes, point: NDArray[np.float64], low: float, high: float) -> None:
    """An image in grey or colour; a vector as a curve."""
    if point.ndim == 1:
        axes.plot(point, color=look_of("convergence").colour, linewidth=0.7)
        axes.set_ylim(low, high)
        return
    span = high - low if high > low else 1.0
    image = np.moveaxis((point - low) / span, 0, 2)
    if image.shape[2] < 3:
        axes.imshow(image[..., 0], cmap="gray", vmin=0.0, vmax=1.0)
    else:
        axes.imshow(image[..., :3])


@styled
def draw_cosines(found: Diagnosis) -> Figure:
    """How near samples are to the training set, beside true points; and where n stands.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.diagnose.diagnose`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(height=2.7)
    left, right = figure.subplots(1, 2)
    _histogram(left, found)
    _curves(right, found)
    return figure


def _histogram(axes: Axes, found: Diagnosis) -> None:
    result = found.memorisation
    own, other = result.own.cosines[:, 0], result.fresh
    edges = np.linspace(min(own.min(), other.min()), 1.0, _BINS + 1)
    for values, label, colour, line in (
        (other, "true points", GREY, "--"),
        (own, "samples", look_of("memorisation").colour, "-"),
    ):
        weights = np.full(len(values), 1.0 / len(values))
        axes.hist(
            values, edges, weights=weights, histtype="step", linestyle=line, linewidth=1.4,
            color=colour, label=label,
        )  # fmt: skip
    axes.axvline(result.threshold, color="black", linewidth=0.8, linestyle=":", label="copy")
    axes.set_xlabel("largest |cosine| with a training point")
    axes.set_ylabel("share of the points")
    axes.legend(loc="best")
    panel(axes, "a", "Nearness to the training set")


def _curves(axes: Axes, found: Diagnosis) -> None:
    from convergen.theory.forecast.predict import dense_grid, predict

    n = len(found.training)
    ends = [max(1.0, n / 10**_REACH), n * 10**_REACH]
    curves = predict(
        found.spectrum, dense_grid(ends), factors=1, quantities=("convergence", "latent_recovery")
    )
    recovery = curves["latent_recovery_finite_size"].isel(factor=0)
    for name, values in (("convergence", curves["convergence"]), ("latent_recovery", recovery)):
        look = look_of(name)
        label = look.label if name == "convergence" else "recovery $Q_1$ of the first factor"
        predicted(axes, curves["samples"], values, look, label=label)
    axes.axvline(n, color="black", linewidth=0.8, linestyle=":", label=f"your n = {n}")
    if found.convergence is not None:
        value = found.convergence
        measured(axes, [n], [value.value], [value.stderr], look_of("convergence"))
    stderr = found.latent_recovery_stderr[:1]
    measured(axes, [n], found.latent_recovery[:1], stderr, look_of("latent_recovery"))
    axes.set_xscale("log")
    axes.set_ylim(-0.02, 1.04)
    axes.set_xlabel("number of training samples $n$")
    axes.set_ylabel("overlap")
    axes.legend(loc="best")
    plain_ticks(axes.xaxis)
    panel(axes, "b", f"Linear theory (lines), you (points ± {BARS:g} s.e.)")
