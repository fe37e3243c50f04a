"""Figure 8: Gaussian mixtures, from their exact scores to the recovery of their means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.figures.looks.legends import entry, key
from convergen.figures.looks.style import look_of, measured, panel, predicted, whole_figure
from convergen.figures.making.qualities import by_quality
from convergen.figures.paper.exact_scores.mean_learning import learnt_overlaps
from convergen.theory.quantities.rows import BLACK, ORANGE

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

    from convergen import theory

NAME = "mixtures"
NUMBER = 8
TITLE = "Gaussian mixtures: scores, speciation, collapse and recovery of the means"
CAPTION = (
    "The exact score of a mixture (arrows: direction, shade: density, dots: samples of its "
    "probability flow) points to one centre at large noise and to each component below the "
    r"speciation noise $\sigma_s$ (a to c); trajectories of an empirical score choose their "
    "component "
    r"about $\sigma_s$ and a training point about the collapse noise $\sigma_c$ (d). "
    "Principal components and the Bayes-optimal estimate see the means from the same load 1/ρ² on, "
    "the latter more clearly (e); points lie within 4 standard errors of the lines or 0.01, below "
    "a load of 2/ρ² finite d rounds the transition."
)

# Panels a to c: three components in the plane.
_WEIGHTS = (0.4, 0.35, 0.25)
_MEANS = ((-1.7, -0.8), (1.5, -0.9), (0.2, 1.8))
_COVARIANCES = (((0.35, 0.15), (0.15, 0.2)), ((0.15, 0.0), (0.0, 0.4)), ((0.4, -0.1), (-0.1, 0.1)))
_LEVELS, _EXTENT = (4.0, 1.0, 0.1), 4.0
# Panel d: ±μ in d dimensions with unit variance, |μ|² = ρ, and n training points.
_DIM, _SIGNAL, _SAMPLES = 32, 64.0, 200
_FLOW = (0.2, 200.0)
_FINE = 8  # steps of the line of the component for each point
# Panel e: ρ.
STRENGTH = 2.0


def compute(quality: str, seed: int) -> xr.Dataset:
    """Score fields, the two transitions along trajectories, and overlaps of the means.

    Parameters
    ----------
    quality : str
        smoke, draft or paper: grids, training sets and dimension of the recovery.
    seed : int
        Seed of the simulations.

    Returns
    -------
    xarray.Dataset
        Fields along `level`, `y` and `x`; what trajectories have decided along a grid of noise
        levels each, overlaps along `load`; lines on denser grids.
    """
    import xarray as xr

    fields = _fields(by_quality(quality, 41, 65, 65), by_quality(quality, 20, 60, 60), seed)
    sets, draws, steps = by_quality(quality, (4, 64, 12), (48, 256, 64), (200, 4096, 64))
    dim, repeats = by_quality(quality, (200, 8), (400, 12), (1000, 24))
    parts = [fields, _trajectories(sets, draws, steps, seed), _recovery(dim, repeats, seed)]
    return xr.merge(parts).assign_attrs(dimension=_DIM, samples=_SAMPLES, recovery_dimension=dim)


def _fields(grid: int, count: int, seed: int) -> xr.Dataset:
    """Density and score of a mixture in the plane, and samples of its probability flow."""
    import xarray as xr

    from convergen import theory
    from convergen.theory.mixtures.speciation import speciation_noise

    mixture = theory.GaussianMixture(_WEIGHTS, _MEANS, _COVARIANCES)
    axis = np.linspace(-_EXTENT, _EXTENT, grid)
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    shape = (len(_LEVELS), grid, grid)
    density = np.array([mixture.log_density(points, level) for level in _LEVELS]).reshape(shape)
    score = np.array([mixture.score(points, level) for level in _LEVELS]).reshape(*shape, 2)
    sigmas = theory.karras_schedule(60, sigma_min=_LEVELS[-1])[:-1]
    sigmas = np.unique(np.append(sigmas, _LEVELS))[::-1]
    noise = np.random.default_rng(seed).standard_normal((count, 2))
    path = theory.sample(mixture, noise, sigmas=sigmas, trajectory=True).trajectory
    assert path is not None
    shown = path[np.searchsorted(-sigmas, -np.array(_LEVELS))]
    plane = ("level", "y", "x")
    return xr.Dataset(
        {
            "log_density": (plane, density, {"long_name": "log density", "units": "nat"}),
            "score": ((*plane, "component"), score, {"long_name": "score", "units": "1/data"}),
            "flow": (("level", "point", "component"), shown, {"long_name": "samples of the flow"}),
            "field_speciation": (
                (), speciation_noise(mixture), {"long_name": "speciation noise", "units": "data"},
            ),
        },
        {"level": list(_LEVELS), "x": axis, "y": axis, "component": [0, 1]},
    )  # fmt: skip


def _trajectories(sets: int, draws: int, steps: int, seed: int) -> xr.Dataset:
    """How decided trajectories of empirical scores are, about component and training point."""
    import xarray as xr

    from convergen import theory
    from convergen.theory.collapse.commitment import committed_fraction
    from convergen.theory.mixtures.speciation import speciation_noise

    centre = np.zeros(_DIM)
    centre[0] = np.sqrt(_SIGNAL)
    mixture = theory.GaussianMixture([0.5, 0.5], [centre, -centre], [1.0, 1.0])
    collapse = float(theory.collapse_noise(mixture, _SAMPLES))
    speciation = speciation_noise(mixture)
    low = collapse * np.exp(np.linspace(-0.8, 0.9, 9))
    high = speciation * np.exp(np.linspace(-1.4, 1.6, 8 * _FINE + 1))
    share = committed_fraction(mixture, _SAMPLES, low, draws=draws, seed=seed)
    laws = {"committed": (low, share, 1), "decided": (high, _certainty(high), _FINE)}
    sigma = np.append(low, high[::_FINE])
    found = np.array(
        [_follow(mixture, sigma, steps, np.random.default_rng([seed, r])) for r in range(sets)]
    )
    simulated = {"committed": found[:, 0, : low.size], "decided": found[:, 1, low.size :]}
    words = {
        "committed": {"long_name": "share committed to a training point", "units": "1"},
        "decided": {"long_name": "E (p1 - p2)^2 of the two components", "units": "1"},
    }
    result: dict[str, Any] = {
        "collapse_noise": ((), collapse, {"long_name": "collapse noise", "units": "data"}),
        "speciation_noise": ((), speciation, {"long_name": "speciation noise", "units": "data"}),
    }
    for name, (grid, law, step) in laws.items():
        points, about = simulated[name], words[name]
        result |= {
            f"{name}_sigma": (f"{name}_line", grid, {"long_name": "noise level", "units": "data"}),
            name: (f"{name}_line", law, about),
            f"{name}_point_sigma": (f"{name}_point", grid[::step], {"units": "data"}),
            f"{name}_expected": (f"{name}_point", law[::step], about),
            f"{name}_simulated": (f"{name}_point", points.mean(axis=0), about),
            f"{name}_stderr": (f"{name}_point", points.std(axis=0, ddof=1) / np.sqrt(sets), about),
        }
    # Each draw of the committed share is 0 or 1.
    result["committed_expected_stderr"] = (
        "committed_point", np.sqrt(share * (1.0 - share) / draws), words["committed"],
    )  # fmt: skip
    return xr.Dataset(result)


def _follow(
    mixture: theory.GaussianMixture, sigma: np.ndarray, steps: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """One training set: share committed, and mean (p₁ − p₂)², at each noise level."""
    from convergen import theory

    score = theory.EmpiricalScore(mixture.sample(_SAMPLES, rng))
    noise = rng.standard_normal((64, _DIM))
    levels = np.unique(np.append(np.geomspace(*_FLOW, steps), sigma))[::-1]
    committed = theory.commitment_noise(score, noise, sigmas=levels).sigma
    path = theory.sample(score, noise, sigmas=levels, trajectory=True).trajectory
    assert path is not None
    places = np.searchsorted(-levels, -sigma)
    first = np.array([mixture.responsibilities(path[k], levels[k])[:, 0] for k in places])
    return np.mean(committed > sigma[:, None], axis=1), np.mean((2.0 * first - 1.0) ** 2, axis=1)


def _certainty(sigma: np.ndarray) -> np.ndarray:
    """E tanh²(u) with u ~ N(s, s), s = ρ/(1 + σ²): exact for noised samples of ±μ."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    strength = (_SIGNAL / (1.0 + sigma**2))[:, None]
    values = np.tanh(strength + np.sqrt(strength) * nodes) ** 2
    return np.asarray(values @ weights / weights.sum())


def _recovery(dim: int, repeats: int, seed: int) -> xr.Dataset:
    """Squared overlaps of learnt and true mean, by principal components and message passing."""
    import xarray as xr

    from convergen.theory.mixtures.mean_recovery import bayes_overlap, linear_overlap

    load = np.geomspace(0.06, 6.0, 9)
    samples = np.round(load * dim)
    load = samples / dim
    dense = np.geomspace(0.06, 6.0, 121)
    found = np.empty((2, load.size, repeats))
    for i, n in enumerate(samples.astype(int)):
        for r in range(repeats):
            found[:, i, r] = learnt_overlaps(STRENGTH, dim, n, np.random.default_rng([seed, n, r]))
    words = {"long_name": "squared overlap with the true mean", "units": "1"}
    variables: dict[str, tuple[str, Any, dict[str, str]]] = {}
    for name, values, law in (
        ("linear_overlap", found[0], lambda x: linear_overlap(x, STRENGTH)),
        ("bayes_overlap", found[1], lambda x: bayes_overlap(x, STRENGTH).overlap),
    ):
        variables[name] = ("dense_load", law(dense), words)
        variables[f"{name}_expected"] = ("load", law(load), words)
        variables[f"{name}_simulated"] = ("load", values.mean(axis=1), words)
        stderr = values.std(axis=1, ddof=1) / np.sqrt(repeats)
        variables[f"{name}_stderr"] = ("load", stderr, words)
    about = {"long_name": "load n/d", "units": "1"}
    return xr.Dataset(
        variables,
        {"load": ("load", load, about), "dense_load": ("dense_load", dense, about)},
    )


@whole_figure(5.4)
def draw(dataset: xr.Dataset, figure: FigureBase) -> None:
    """Three fields above, trajectories and recovery below.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `compute`.
    figure : Figure or SubFigure
        What to fill.
    """
    # Each row has its own layout: the fields are square.
    parts: Any = figure.subfigures(2, 1, height_ratios=(1.0, 0.95))
    top, bottom = parts
    for letter, axes, level in zip(
        "abc", top.subplots(1, 3, sharey=True), dataset["level"].values, strict=True
    ):
        _field(axes, letter, dataset.sel(level=level))
    left, right = bottom.subplots(1, 2)
    _decisions(left, dataset)
    _means(right, dataset)


def _field(axes: Axes, letter: str, one: xr.Dataset) -> None:
    level, speciation = float(one["level"]), float(one["field_speciation"])
    sign = ">" if level > speciation else "<"
    panel(axes, letter, rf"Noise $\sigma$ = {level:g} {sign} $\sigma_s$ = {speciation:.2f}")
    relative = one["log_density"] - one["log_density"].max()
    shades = ["0.96", "0.92", "0.87", "0.82", "0.76", "0.7"]
    axes.contourf(
        one["x"], one["y"], relative, levels=[-6, -4, -2.5, -1.2, -0.5, -0.15, 0], colors=shades
    )
    step = len(one["x"]) // 13
    coarse = one["score"].isel(x=slice(step // 2, None, step), y=slice(step // 2, None, step))
    length = np.sqrt((coarse**2).sum("component"))
    axes.quiver(
        coarse["x"], coarse["y"], coarse.sel(component=0) / length,
        coarse.sel(component=1) / length, color=BLACK,
        scale=20.0, width=0.006, pivot="mid",
    )  # fmt: skip
    flow = one["flow"]
    axes.plot(
        flow.sel(component=0), flow.sel(component=1), "o", markersize=2.8,
        color=ORANGE, markeredgecolor=BLACK, markeredgewidth=0.4,
    )  # fmt: skip
    extent = float(one["x"].max())
    axes.set_xlim(-extent, extent)
    axes.set_ylim(-extent, extent)
    axes.set_aspect("equal")
    axes.grid(visible=False)
    axes.set_xlabel("$x_1$ (data units)")
    if letter == "a":
        axes.set_ylabel("$x_2$ (data units)")


def _decisions(axes: Axes, dataset: xr.Dataset) -> None:
    dim, n = dataset.attrs["dimension"], dataset.attrs["samples"]
    panel(axes, "d", f"Trajectories decide, $d$ = {dim}, $n$ = {n}")
    handles = []
    for name, look, label in (
        ("decided", look_of("latent_recovery"), "component, $E(p_1-p_2)^2$"),
        (
            "committed", look_of("collapse_noise")._replace(line="--"),
            "training point, share committed",
        ),
    ):  # fmt: skip
        handles.append(entry(look, label))
        predicted(axes, dataset[f"{name}_sigma"], dataset[name], look)
        value, error = dataset[f"{name}_simulated"], dataset[f"{name}_stderr"]
        measured(axes, dataset[f"{name}_point_sigma"], value, error, look)
    for name, symbol in (("speciation_noise", r"$\sigma_s$"), ("collapse_noise", r"$\sigma_c$")):
        place = float(dataset[name])
        axes.axvline(place, ymax=0.76, color="0.4", linestyle=":", linewidth=1.0)
        axes.text(place * 1.06, 1.08, symbol)
    axes.set_xscale("log")
    axes.set_ylim(-0.03, 1.45)
    axes.set_yticks(np.linspace(0.0, 1.0, 6))
    axes.set_xlabel(r"noise $\sigma$ along the trajectory (data units)")
    axes.set_ylabel("how decided (0 to 1)")
    axes.legend(handles=handles, loc="upper right")


def _means(axes: Axes, dataset: xr.Dataset) -> None:
    dim = dataset.attrs["recovery_dimension"]
    panel(axes, "e", rf"Recovery of the means, $\rho$ = {STRENGTH:g}, $d$ = {dim}")
    handles = []
    for name, look, label in (
        ("bayes_overlap", look_of("mean_recovery_bayes"), "Bayes-optimal (message passing)"),
        ("linear_overlap", look_of("latent_recovery"), "principal component"),
    ):
        handles.append(entry(look, label))
        predicted(axes, dataset["dense_load"], dataset[name], look, label=label)
        value, error = dataset[f"{name}_simulated"], dataset[f"{name}_stderr"]
        measured(axes, dataset["load"], value, error, look)
    threshold = 1.0 / STRENGTH**2
    axes.axvline(threshold, ymax=0.4, color="0.4", linestyle=":", linewidth=1.0)
    axes.text(threshold * 0.93, 0.32, r"threshold $1/\rho^2$", ha="right")
    axes.set_xscale("log")
    axes.set_ylim(-0.03, 1.05)
    axes.set_xlabel(r"load $\gamma = n/d$ (samples per dimension)")
    axes.set_ylabel("squared overlap with the mean")
    axes.legend(handles=[*handles, *key()], loc="upper left")
