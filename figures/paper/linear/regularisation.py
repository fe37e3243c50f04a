"""Figure 4: what a ridge and early stopping do to memorisation, convergence and test error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.figures.looks.legends import entry, key
from convergen.figures.looks.style import (
    BARS,
    look_of,
    measured,
    panel,
    predicted,
    whole_figure,
)
from convergen.figures.making.qualities import by_quality
from convergen.theory.quantities.rows import BLACK, GREY

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

    from convergen.figures.paper.linear.regularised_models import Model
    from convergen.theory import Spectrum

NAME = "regularisation"
NUMBER = 4
TITLE = "Ridge and early stopping"
CAPTION = (
    "A ridge lowers memorisation m and raises convergence q, but q goes on rising where the test "
    "error gets worse (beyond the vertical line): strongly regularised models agree on noise. "
    "Gradient flow stopped where the test error is lowest memorises no less than at the end of "
    "training, since only leading directions of the training set are learnt by then, while still "
    "earlier stopping lowers m at little cost (c, dotted in the order of time; no theory of m is "
    "known there, hence points only)."
)

EXPONENT = 0.5
# Noise levels in units of the root mean square of a coordinate.
SIGMA, LOW, HIGH = 2.0, 0.02, 80.0
_OVERLAPS = ("memorisation", "memorisation_baseline", "convergence", "convergence_to_truth")
_ERRORS = ("test_error", "train_error")
# Ridge over mean variance, and training time times mean variance.
_RANGES = {"ridge": (3e-3, 3e1), "time": (3e-3, 3e1)}


def compute(quality: str, seed: int) -> xr.Dataset:
    """Predictions along ridge and training time, and simulations at some of them.

    Parameters
    ----------
    quality : str
        smoke, draft or paper.
    seed : int
        Seed of simulations and Monte Carlo averages.

    Returns
    -------
    xarray.Dataset
        ``X_ridge_line`` and ``X_time_line`` along `ridge` and `time`; ``X_ridge``, ``X_time``
        and standard errors along `ridge_point` and `time_point`. Errors are relative to that of
        the true model.
    """
    import xarray as xr

    from convergen import theory

    dim, n = by_quality(quality, (60, 15), (200, 50), (200, 50))
    spectrum = theory.Spectrum.power_law(dim, EXPONENT)
    settings = (
        by_quality(quality, 9, 41, 81),
        by_quality(quality, 3, 9, 11),
        by_quality(quality, 8, 20, 100),
    )
    parts = [_along(kind, spectrum, n, settings, seed) for kind in _RANGES]
    attributes = {"dimension": dim, "samples": n, "source": spectrum.source, "sigma": SIGMA}
    return xr.merge(parts).assign_attrs(attributes)


def models(kind: str, strengths: np.ndarray, spectrum: Spectrum) -> list[Model]:
    """Models along one kind of regularisation.

    Parameters
    ----------
    kind : str
        ``"ridge"`` or ``"time"``.
    strengths : ndarray
        ρ over, or t times, the mean variance of a coordinate.
    spectrum : Spectrum
        Population spectrum.

    Returns
    -------
    list of Ridge or Stopped
    """
    from convergen.figures.paper.linear.regularised_models import Ridge, Stopped

    variance = spectrum.trace / spectrum.dim
    root = float(np.sqrt(variance))
    if kind == "ridge":
        return [Ridge(float(s) * variance, SIGMA * root) for s in strengths]
    return [Stopped(float(s) / variance, SIGMA * root, LOW * root, HIGH * root) for s in strengths]


def _along(
    kind: str, spectrum: Spectrum, n: int, settings: tuple[int, int, int], seed: int
) -> xr.Dataset:
    import xarray as xr

    from convergen import theory
    from convergen.figures.paper.linear.regularised_models import QUANTITIES, predict, simulate
    from convergen.figures.paper.linear.sample_law import SampleLaw

    lines, points, repeats = settings
    line, point = (np.geomspace(*_RANGES[kind], count) for count in (lines, points))
    law = SampleLaw.of(spectrum, n)
    curves = [predict(model, law, spectrum) for model in models(kind, line, spectrum)]
    found = simulate(models(kind, point, spectrum), spectrum, n, repeats, seed)
    noise = SIGMA * np.sqrt(spectrum.trace / spectrum.dim)
    optimal = float(theory.denoising_errors(spectrum, n, noise).optimal)
    variables: dict[str, Any] = {}
    for name in QUANTITIES:
        unit = optimal if name in _ERRORS else 1.0
        mean, stderr = found[name]
        variables[f"{name}_{kind}"] = (f"{kind}_point", mean / unit)
        variables[f"{name}_{kind}_stderr"] = (f"{kind}_point", stderr / unit)
        if name in curves[0]:
            variables[f"{name}_{kind}_line"] = (kind, np.array([c[name] for c in curves]) / unit)
    if kind == "ridge":
        variance = spectrum.trace / spectrum.dim
        laws = [theory.memorisation_law(spectrum, n, rho * variance, seed=seed) for rho in line]
        variables["memorisation_ridge_line"] = (kind, np.array([float(a.value) for a in laws]))
        baseline = np.array([float(a.baseline) for a in laws])
        variables["memorisation_baseline_ridge_line"] = (kind, baseline)
    words = {
        "ridge": "ridge over mean variance of a coordinate",
        "time": "training time times mean variance of a coordinate",
    }[kind]
    attributes = {"long_name": words, "units": "1"}
    coordinates = {
        kind: (kind, line, attributes),
        f"{kind}_point": (f"{kind}_point", point, attributes),
    }
    return xr.Dataset(variables, coordinates)


@whole_figure(4.4)
def draw(dataset: xr.Dataset, figure: FigureBase) -> None:
    """Overlaps and errors along the ridge (above) and training time (below); the trade-off.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `compute`.
    figure : Figure or SubFigure
        What to fill.
    """
    grid = figure.add_gridspec(2, 3)
    axes = [[figure.add_subplot(grid[i, j]) for j in range(2)] for i in range(2)]
    labels = {
        "ridge": r"ridge $\rho$ / mean variance",
        "time": r"training time $t$ × mean variance",
    }
    titles = {"ridge": "ridge", "time": "early stopping"}
    for (left, right), kind, letters in zip(axes, _RANGES, ("ab", "de"), strict=True):
        panel(left, letters[0], f"Overlaps, {titles[kind]}")
        panel(right, letters[1], f"Errors, {titles[kind]}")
        _curves(left, dataset, kind, _OVERLAPS)
        _curves(right, dataset, kind, _ERRORS)
        left.set_ylim(0.0, 1.04)
        left.set_ylabel("overlap, largest cosine")
        right.set_ylim(0.4, 2.2)
        right.set_yticks([0.5, 1.0, 1.5, 2.0])
        right.axhline(1.0, color=BLACK, linestyle=":", linewidth=0.9, label="true model")
        right.set_ylabel("denoising error / optimal")
        # Where the test error is lowest.
        best = dataset[kind].values[np.argmin(dataset[f"test_error_{kind}_line"].values)]
        for each in (left, right):
            each.axvline(
                best, color=GREY, linestyle="-.", linewidth=0.9, zorder=0, label="lowest test error"
            )
            each.set_xscale("log")
            each.set_xlabel(labels[kind])
    _trade_off(figure.add_subplot(grid[0, 2]), dataset)
    corner = figure.add_subplot(grid[1, 2])
    corner.axis("off")
    entries = [entry(look_of(name)) for name in (*_OVERLAPS, *_ERRORS)]
    marks = axes[0][1].get_legend_handles_labels()[0]
    corner.legend(handles=[*entries, *marks, *key()], loc="center")


def _curves(axes: Axes, dataset: xr.Dataset, kind: str, names: tuple[str, ...]) -> None:
    for name in names:
        if f"{name}_{kind}_line" in dataset:
            predicted(axes, dataset[kind], dataset[f"{name}_{kind}_line"], look_of(name), label="")
        mean, stderr = dataset[f"{name}_{kind}"], dataset[f"{name}_{kind}_stderr"]
        measured(axes, dataset[f"{kind}_point"], mean, stderr, look_of(name))


def _trade_off(axes: Axes, dataset: xr.Dataset) -> None:
    """Test error against the memorisation beyond that of fresh data."""
    panel(axes, "c", "Trade-off")
    test = look_of("test_error")
    line = dataset["memorisation_ridge_line"] - dataset["memorisation_baseline_ridge_line"]
    predicted(axes, line, dataset["test_error_ridge_line"], test, label="")
    for kind, filled, label in (("ridge", "white", "ridge"), ("time", GREY, "early stopping")):
        excess = dataset[f"memorisation_{kind}"] - dataset[f"memorisation_baseline_{kind}"]
        spread = np.hypot(
            dataset[f"memorisation_{kind}_stderr"], dataset[f"memorisation_baseline_{kind}_stderr"]
        )
        if kind == "time":  # in the order of time
            axes.plot(excess, dataset["test_error_time"], ":", color=GREY, linewidth=0.9)
        measured(
            axes, excess, dataset[f"test_error_{kind}"], dataset[f"test_error_{kind}_stderr"],
            test, xerr=BARS * spread, markerfacecolor=filled,
        )  # fmt: skip
        axes.plot(
            [], [], linestyle="none", marker=test.marker, color=test.colour,
            markerfacecolor=filled, label=label,
        )  # fmt: skip
    axes.set_ylim(1.0, 2.0)
    axes.set_xlabel("$m$ beyond that on fresh data")
    axes.set_ylabel("test error / optimal")
    axes.legend(loc="best")
