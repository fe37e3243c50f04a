"""Figure 2: two models agree long before, or long after, they have learnt the latent factors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.figures.looks.legends import key
from convergen.figures.looks.style import (
    family,
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

    from convergen.theory import Spectrum

NAME = "blindness"
NUMBER = 2
TITLE = "Convergence is blind to latent recovery"
CAPTION = (
    "Convergence q rises around γ = 1 as it does without any factor, while factor k is recovered "
    r"from $\gamma_k^*$ on (vertical lines): the strongest long before two models agree, the "
    "weakest only "
    "when q = 0.96. The Bures–Wasserstein distance falls as q rises and hardly tells a model "
    "without any factor from the truth (grey, dashed); the max-sliced distance does, and falls "
    r"like $\gamma^{-1/2}$ without any transition."
)

STRENGTHS = (10.0, 3.0, 1.0, 0.4)
_DISTANCES = ("bures_wasserstein", "max_sliced_wasserstein")
_RANGE = (0.004, 50.0)


def compute(quality: str, seed: int) -> xr.Dataset:
    """Predictions for spiked and isotropic data, and simulations of the spiked ones.

    Parameters
    ----------
    quality : str
        smoke, draft or paper.
    seed : int
        Seed of simulations and Monte Carlo averages.

    Returns
    -------
    xarray.Dataset
        Lines along `load`, points along `sample_load`.
    """
    import xarray as xr

    from convergen import theory

    dim = by_quality(quality, 60, 300, 300)
    spiked = theory.Spectrum.spiked(dim, [1.0 + strength for strength in STRENGTHS])
    flat = theory.Spectrum.isotropic(dim)
    load = np.geomspace(*_RANGE, by_quality(quality, 7, 25, 41))
    variables = _lines(spiked, load * dim, "", seed)
    variables |= {
        name: value
        for name, value in _lines(flat, load * dim, "_isotropic", seed).items()
        if not name.startswith("latent_recovery")
    }
    variables |= _measurements(spiked, by_quality(quality, 3, 6, 12), quality, seed)
    variables["recovery_threshold"] = (
        "strength", theory.recovery_thresholds(spiked, len(STRENGTHS)) / dim,
        {"long_name": "load at which the factor starts to be recovered", "units": "1"},
    )  # fmt: skip
    variables |= _without_factors(spiked)
    coordinates = {
        "load": ("load", load, {"long_name": "load n/d", "units": "1"}),
        "strength": ("strength", np.array(STRENGTHS), {"long_name": "spike strength theta"}),
    }
    return xr.Dataset(variables, coordinates, {"dimension": dim, "source": spiked.source})


def _lines(spectrum: Spectrum, samples: np.ndarray, ending: str, seed: int) -> dict[str, Any]:
    from convergen import theory

    n = np.maximum(samples, 1.0)
    curves = {
        "convergence": theory.convergence(spectrum, n),
        "bures_wasserstein": theory.bures_wasserstein(spectrum, n),
        "max_sliced_wasserstein": theory.max_sliced_wasserstein(spectrum, n, seed=seed).value,
    }
    result: dict[str, Any] = {
        f"{name}_line{ending}": ("load", values, {"long_name": look_of(name).label, "units": "1"})
        for name, values in curves.items()
    }
    recovery = theory.latent_recovery(spectrum, n, len(STRENGTHS), finite_size=True)
    words = {"long_name": "latent recovery Q_k at finite size", "units": "1"}
    result[f"latent_recovery_line{ending}"] = (("load", "strength"), recovery, words)
    return result


def _measurements(spectrum: Spectrum, points: int, quality: str, seed: int) -> dict[str, Any]:
    from convergen import theory

    loads = np.geomspace(_RANGE[0] * 2.0, _RANGE[1] / 2.0, points)
    n = np.unique(np.maximum(np.round(loads * spectrum.dim), 2.0))
    found = theory.simulate(
        spectrum, n, factors=len(STRENGTHS), seed=seed,
        quantities=("convergence", "latent_recovery", "distances", "leading_distances"),
        repeats=by_quality(quality, 6, 8, 40),
    )  # fmt: skip
    result: dict[str, Any] = {
        "sample_load": ("point", n / spectrum.dim, {"long_name": "load n/d of the simulation"})
    }
    for name in ("convergence", "latent_recovery", *_DISTANCES):
        for kind in ("", "_stderr", "_predicted"):
            values = found[f"{name}{kind}"]
            dims = ("point", "strength")[: values.ndim]
            result[f"{name}{kind}"] = (dims, values.values, values.attrs)
    return result


def _without_factors(spectrum: Spectrum) -> dict[str, Any]:
    """Distances of N(0, I), a model that has the bulk but no factor, from the truth."""
    roots = np.sqrt(1.0 + np.array(STRENGTHS)) - 1.0
    words = {"long_name": "distance of a model without factors from the truth", "units": "1"}
    values = (np.sum(roots**2) / spectrum.trace, roots.max() / np.sqrt(spectrum.largest))
    return {
        f"{name}_without_factors": ((), float(value), words)
        for name, value in zip(_DISTANCES, values, strict=True)
    }


@whole_figure(4.5)
def draw(dataset: xr.Dataset, figure: FigureBase) -> None:
    """Order parameters above, two distances below.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `compute`.
    figure : Figure or SubFigure
        What to fill.
    """
    grid = figure.add_gridspec(2, 3, width_ratios=(1.0, 1.0, 0.55), height_ratios=(1.2, 1.0))
    top = figure.add_subplot(grid[0, :])
    _order_parameters(top, dataset)
    left, right = (figure.add_subplot(grid[1, i]) for i in range(2))
    corner = figure.add_subplot(grid[1, 2])
    corner.axis("off")
    panel(left, "b", "A bulk distance")
    panel(right, "c", "A distance of single directions")
    for axes, name in zip((left, right), _DISTANCES, strict=True):
        _distance(axes, dataset, name)
    for axes in (top, left, right):
        axes.set_xscale("log")
        axes.set_xlim(*_RANGE)
        axes.set_xlabel(r"load $\gamma = n/d$")
    missing = left.get_legend_handles_labels()[0]
    handles = [*top.get_legend_handles_labels()[0], *missing, *key()]
    corner.legend(handles=handles, loc="center right", borderaxespad=0.0)


def _order_parameters(axes: Axes, dataset: xr.Dataset) -> None:
    panel(axes, "a", f"Convergence and latent recovery, $d$ = {dataset.attrs['dimension']}")
    look = look_of("convergence")
    predicted(axes, dataset["load"], dataset["convergence_line"], look, linewidth=2.0)
    predicted(
        axes, dataset["load"], dataset["convergence_line_isotropic"], look,
        linestyle=":", color=BLACK, label="isotropic data",
    )  # fmt: skip
    x = dataset["sample_load"]
    looks = family("latent_recovery", len(STRENGTHS), start=1)
    for k, (one, strength) in enumerate(zip(looks, dataset["strength"].values, strict=True)):
        part = dataset.sel(strength=strength)
        label = rf"recovery $Q_{k + 1}$, $\theta$ = {strength:g}"
        predicted(axes, dataset["load"], part["latent_recovery_line"], one, label=label)
        measured(axes, x, part["latent_recovery"], part["latent_recovery_stderr"], one)
        threshold = float(part["recovery_threshold"])
        axes.axvline(threshold, linestyle=one.line, color=one.colour, linewidth=0.7, alpha=0.8)
        axes.annotate(
            rf"$\gamma^*_{k + 1}$", (threshold, 1.03), (2, 0), textcoords="offset points",
            color=one.colour, fontsize=7,
        )  # fmt: skip
    measured(axes, x, dataset["convergence"], dataset["convergence_stderr"], look)
    axes.set_ylim(-0.02, 1.12)
    axes.set_ylabel("overlap $q$, squared overlap $Q_k$")


def _distance(axes: Axes, dataset: xr.Dataset, name: str) -> None:
    look = look_of(name)
    predicted(axes, dataset["load"], dataset[f"{name}_line"], look, label="")
    predicted(
        axes, dataset["load"], dataset[f"{name}_line_isotropic"], look,
        linestyle=":", color=BLACK, label="",
    )  # fmt: skip
    measured(axes, dataset["sample_load"], dataset[name], dataset[f"{name}_stderr"], look)
    axes.axhline(
        float(dataset[f"{name}_without_factors"]), color=GREY, linestyle="--", linewidth=0.9,
        label="model without factors",
    )  # fmt: skip
    axes.set_yscale("log")
    axes.set_ylabel(look.label)
