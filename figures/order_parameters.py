"""Figure 1: the order parameters of isotropic and spiked data, theory beside simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from figures.qualities import by_quality
from figures.style import LOOKS, family, key, measured, new_figure, panel, predicted, styled

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "order-parameters"
NUMBER = 1
TITLE = "Order parameters of isotropic and spiked data"
CAPTION = (
    "Memorisation m decays, convergence q rises continuously around load γ = 1 whether the data "
    "have spikes or not, and each spike of strength θ is recovered from γ = 1/θ² on. "
    "Points with d = 1000 lie within 4 standard errors of the lines except for Q below "
    "γ = 2/θ², where the finite system rounds the transition; smaller systems miss q by up to "
    "0.5/d more (inset), and the law of m is good to 2 %."
)

DIMS = (100, 300, 1000)
STRENGTHS = (4.0, 2.0, 1.0)
CASES = ("isotropic", "spiked")
_DECAY_DIMS = (25, 50, 100, 200, 400)
_RANGE = (1.0 / 16.0, 10.0)
_QUANTITIES = ("convergence", "memorisation", "latent_recovery")


def compute(quality: str, seed: int) -> xr.Dataset:
    """Theory on a dense grid of loads, simulations on interleaved ones, and their difference.

    Parameters
    ----------
    quality : str
        smoke, draft or paper: number of repeats, and at smoke smaller systems.
    seed : int
        Seed of the simulations.

    Returns
    -------
    xarray.Dataset
        Lines along `load`; points along `dim`, `case` and `point`, at `sample_load`; the decay
        along `decay_dim`.
    """
    import xarray as xr

    dims = by_quality(quality, (20, 40, 80), DIMS, DIMS)
    points = by_quality(quality, 3, 6, 6)
    lines = _lines(dims, by_quality(quality, 25, 97, 97), seed)
    # Equal accuracy relative to the bias 1/d needs equal repeats; the largest system gets fewer.
    repeats = by_quality(quality, (8, 8, 8), (40, 20, 4), (200, 60, 16))
    cells = [
        [_cell(case, dim, _loads(dims, i, j, points), count, seed) for j, case in enumerate(CASES)]
        for i, (dim, count) in enumerate(zip(dims, repeats, strict=True))
    ]
    rows = [xr.concat(row, "case") for row in cells]
    measurements = xr.concat(rows, "dim").assign_coords(case=list(CASES), dim=list(dims))
    decay_dims = by_quality(quality, (10, 20, 40), _DECAY_DIMS[:4], _DECAY_DIMS)
    decay = _decay(decay_dims, by_quality(quality, 40, 200, 800), seed)
    return xr.merge([lines, measurements, decay])


def _lines(dims: tuple[int, ...], count: int, seed: int) -> xr.Dataset:
    import xarray as xr

    import theory
    from theory import closed_form

    load = np.geomspace(*_RANGE, count)
    overlap = closed_form.spike_overlap().compiled()
    law = [
        theory.memorisation_law(
            theory.Spectrum.isotropic(dim), np.maximum(np.round(load * dim), 1.0), seed=seed
        )
        for dim in dims
    ]
    return xr.Dataset(
        {
            "convergence_limit": (
                "load", closed_form.convergence_isotropic().compiled()(load),
                {"long_name": "convergence q, limit of large d", "units": "1"},
            ),
            "latent_recovery_limit": (
                ("strength", "load"), overlap(load, np.array(STRENGTHS)[:, None]),
                {"long_name": "latent recovery Q, limit of large d", "units": "1"},
            ),
            "memorisation_law": (
                ("dim", "load"), np.array([each.value for each in law]),
                {"long_name": "memorisation m at finite d", "units": "1"},
            ),
            "memorisation_baseline_law": (
                ("dim", "load"), np.array([each.baseline for each in law]),
                {"long_name": "memorisation of fresh data at finite d", "units": "1"},
            ),
        },
        {
            "load": ("load", load, {"long_name": "load n/d", "units": "1"}),
            "strength": ("strength", np.array(STRENGTHS), {"long_name": "spike strength theta"}),
            "dim": ("dim", np.array(dims), {"long_name": "dimension d"}),
        },
    )  # fmt: skip


def _loads(dims: tuple[int, ...], i: int, j: int, points: int) -> np.ndarray:
    """Loads of one system; each has its own, so that points do not cover each other."""
    groups = len(dims) * len(CASES)
    grid = np.geomspace(*_RANGE, groups * points)
    return grid[len(CASES) * i + j :: groups]


def _cell(case: str, dim: int, loads: np.ndarray, repeats: int, seed: int) -> xr.Dataset:
    """Simulation of one system, with what theory says at the same loads."""
    import xarray as xr

    import theory
    from theory import closed_form

    spectrum = (
        theory.Spectrum.isotropic(dim)
        if case == "isotropic"
        else theory.Spectrum.spiked(dim, [1.0 + strength for strength in STRENGTHS])
    )
    n = np.maximum(np.round(loads * dim), 1.0)
    found = theory.simulate(
        spectrum, n, factors=len(STRENGTHS), quantities=_QUANTITIES, repeats=repeats, seed=seed
    )
    if case == "isotropic":  # no factor is set apart
        found["latent_recovery"] = found["latent_recovery"] * np.nan
    overlap = closed_form.spike_overlap().compiled()(n / dim, np.array(STRENGTHS)[:, None])
    limit = closed_form.convergence_isotropic().compiled()(n / dim)
    law = found["memorisation_predicted"].values
    variables = {"sample_load": ("point", n / dim, {"long_name": "load n/d of the simulation"})}
    for name in ("convergence", "memorisation"):
        for kind in ("", "_stderr"):
            values = found[f"{name}{kind}"].values
            variables[f"{name}{kind}"] = ("point", values, found[f"{name}{kind}"].attrs)
    for kind in ("", "_stderr"):
        values = found[f"latent_recovery{kind}"].values.T
        variables[f"latent_recovery{kind}"] = (("strength", "point"), values)
    variables["convergence_expected"] = ("point", limit)
    variables["memorisation_expected"] = ("point", law)
    variables["latent_recovery_expected"] = (("strength", "point"), overlap)
    return xr.Dataset(variables)


def _decay(dims: tuple[int, ...], repeats: int, seed: int) -> xr.Dataset:
    """|simulation − limit| at γ = 1 for q (isotropic) and Q (one spike) against d."""
    import xarray as xr

    import theory
    from theory import closed_form

    strength = STRENGTHS[0]
    limits = {
        "convergence": float(closed_form.convergence_isotropic().compiled()(1.0)),
        "latent_recovery": float(closed_form.spike_overlap().compiled()(1.0, strength)),
    }
    variables = {}
    for name, limit in limits.items():
        error, stderr = [], []
        for dim in dims:
            spectrum = (
                theory.Spectrum.isotropic(dim)
                if name == "convergence"
                else theory.Spectrum.spiked(dim, [1.0 + strength])
            )
            found = theory.simulate(
                spectrum, [dim], factors=1, quantities=(name,), repeats=repeats, seed=seed
            )
            error.append(abs(float(found[name].values.ravel()[0]) - limit))
            stderr.append(float(found[f"{name}_stderr"].values.ravel()[0]))
        words = {"long_name": f"|simulated - limit| of {name.replace('_', ' ')} at load 1"}
        variables[f"{name}_decay"] = ("decay_dim", np.array(error), words)
        variables[f"{name}_decay_stderr"] = ("decay_dim", np.array(stderr))
    return xr.Dataset(variables, {"decay_dim": np.array(dims)})


@styled
def draw(dataset: xr.Dataset) -> Figure:
    """Three panels: m, q with the decay as an inset, Q.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `compute`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(height=2.7)
    left, middle, right = figure.subplots(1, 3, sharex=True)
    _memorisation(left, dataset)
    _convergence(middle, dataset)
    _recovery(right, dataset)
    for axes in (left, middle, right):
        axes.set_xscale("log")
        axes.set_xlabel(r"load $\gamma = n/d$ (samples per dimension)")
    return figure


def _memorisation(axes: Axes, dataset: xr.Dataset) -> None:
    panel(axes, "a", "Memorisation")
    for look, dim in zip(family("memorisation", 3), dataset["dim"].values, strict=True):
        one = dataset.sel(dim=dim)
        predicted(axes, one["load"], one["memorisation_law"], look, label=f"$d$ = {dim}")
        flat = one.sel(case="isotropic")
        measured(axes, flat["sample_load"], flat["memorisation"], flat["memorisation_stderr"], look)
    axes.set_ylabel("memorisation $m$ (largest cosine)")
    axes.set_ylim(0.0, 1.0)
    axes.legend(loc="upper right")


def _convergence(axes: Axes, dataset: xr.Dataset) -> None:
    panel(axes, "b", "Convergence")
    line = LOOKS["convergence"]
    predicted(axes, dataset["load"], dataset["convergence_limit"], line, label="")
    for look, dim in zip(family("convergence", 3), dataset["dim"].values, strict=True):
        for case in CASES:
            one = dataset.sel(dim=dim, case=case)
            filled = "white" if case == "isotropic" else look.colour
            measured(
                axes, one["sample_load"], one["convergence"], one["convergence_stderr"], look,
                markerfacecolor=filled,
            )  # fmt: skip
    axes.set_ylabel("convergence $q$ (overlap)")
    axes.set_ylim(0.0, 1.02)
    inset = axes.inset_axes((0.58, 0.16, 0.4, 0.4))
    d = dataset["decay_dim"].values
    for name in ("convergence", "latent_recovery"):
        decay = dataset[f"{name}_decay"]
        measured(inset, d, decay, dataset[f"{name}_decay_stderr"], LOOKS[name])
    guide = float(dataset["convergence_decay"][0]) * d[0] / d
    inset.plot(d, guide, ":", color="black")
    inset.set_xscale("log")
    inset.set_yscale("log")


def _recovery(axes: Axes, dataset: xr.Dataset) -> None:
    panel(axes, "c", "Latent recovery")
    spiked = dataset.sel(case="spiked")
    looks = family("latent_recovery", 3)
    for look, strength in zip(looks, dataset["strength"].values, strict=True):
        limit = dataset["latent_recovery_limit"].sel(strength=strength)
        predicted(axes, dataset["load"], limit, look, label=rf"$\theta$ = {strength:g}")
        for dim, marker in zip(dataset["dim"].values, ("o", "s", "^"), strict=True):
            one = spiked.sel(dim=dim, strength=strength)
            measured(
                axes, one["sample_load"], one["latent_recovery"], one["latent_recovery_stderr"],
                look, marker=marker,
            )  # fmt: skip
    axes.set_ylabel("latent recovery $Q$ (squared overlap)")
    axes.set_ylim(-0.02, 1.0)
    axes.legend(handles=[*axes.get_legend_handles_labels()[0], *key()], loc="upper left")
