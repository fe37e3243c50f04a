"""Figure 7: when the empirical score stops repeating its data, beside the linear model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convergen.figures.looks.legends import key
from convergen.figures.looks.style import (
    BARS,
    Look,
    family,
    look_of,
    measured,
    panel,
    plain_ticks,
    predicted,
    whole_figure,
)
from convergen.figures.making.qualities import by_quality
from convergen.figures.paper.exact_scores.crossings import crossing, half_samples

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

    from convergen import theory

NAME = "empirical-score"
NUMBER = 7
TITLE = "The empirical score: exponentially many samples, where linear models need d"
CAPTION = (
    r"Below the collapse noise $\sigma_c(n)$ the denoiser that is optimal on its training set "
    "returns the training point it started from: the weight of that point (b) goes to 1, within "
    "the shaded width in (a). "
    "At fixed σ two such denoisers agree by one half only from n exponential in d on, linear ones "
    "from n of order d (c); isotropic Gaussian data, points within 4 standard errors of the lines, "
    "and the noise at which own weights are one half within 3 %."
)

SIGMA = 0.5  # of the panel against d
_REACH = 1.25  # in log σ about the collapse noise
_LEVELS = (0.2, 6.0)
_WORDS = {
    "score_samples": "n at which two empirical scores agree by 1/2",
    "linear_samples": "n at which two linear denoisers agree by 1/2",
    "samples_to_generalise": "n* = exp I(sigma)",
}


def compute(quality: str, seed: int) -> xr.Dataset:
    """Own weights, collapse noise and samples needed, predicted and simulated.

    Parameters
    ----------
    quality : str
        smoke, draft or paper: dimension, sample sizes, draws and repeats.
    seed : int
        Seed of the simulations.

    Returns
    -------
    xarray.Dataset
        Own weights along `samples` and `relative_sigma`; thresholds along `sigma` at one
        dimension and along `dim` at one σ.
    """
    import xarray as xr

    from convergen import theory

    dim = by_quality(quality, 8, 16, 16)
    counts = by_quality(quality, (10, 100), *2 * ((10, 100, 1000, 10_000),))
    levels = by_quality(quality, (0.5, 2.0), *2 * ((0.3, 0.5, 1.0, 2.0, 4.0),))
    dims = by_quality(quality, (2, 4, 8), *2 * ((2, 4, 8, 12, 16, 20),))
    draws = by_quality(quality, 16, 48, 256)
    repeats = by_quality(quality, 8, 32, 128)
    fine = by_quality(quality, 1, 1, 3)
    spectrum = theory.Spectrum.isotropic(dim)
    along_sigma = [_needed(spectrum, level, draws, repeats, seed) for level in levels]
    at_levels = xr.concat(along_sigma, "sigma").assign_coords(sigma=list(levels))
    along_dim = [_needed(theory.Spectrum.isotropic(d), SIGMA, draws, repeats, seed) for d in dims]
    by_dim = xr.concat(along_dim, "dim").assign_coords(dim=list(dims))
    return xr.merge(
        [
            _own_weights(spectrum, np.array(counts), fine, 2 * draws, repeats, seed),
            _collapse(spectrum, by_quality(quality, 17, 65, 129)),
            at_levels,
            _lines(spectrum, by_quality(quality, 3, 9, 17), draws, seed),
            by_dim.rename({name: f"{name}_of_dim" for name in by_dim.data_vars}),
        ]
    ).assign_attrs(dimension=dim, fixed_sigma=SIGMA)


def _collapse(spectrum: theory.Spectrum, count: int) -> xr.Dataset:
    """Collapse noise and its width for all n, up to far beyond what can be simulated."""
    import xarray as xr

    from convergen import theory

    rate = np.linspace(0.02, 0.9, count)
    n = np.exp(rate * spectrum.dim)
    words = {"long_name": "log n over d", "units": "1"}
    return xr.Dataset(
        {
            "collapse_noise": (
                "rate", theory.collapse_noise(spectrum, n),
                {"long_name": "collapse noise", "units": "data"},
            ),
            "collapse_width": (
                "rate", theory.collapse_width(spectrum, n),
                {"long_name": "width of the collapse in log sigma", "units": "1"},
            ),
        },
        {"rate": ("rate", rate, words)},
    )  # fmt: skip


def _lines(spectrum: theory.Spectrum, count: int, draws: int, seed: int) -> xr.Dataset:
    """Samples for an agreement of one half, on a dense grid of noise levels."""
    import xarray as xr

    from convergen import theory
    from convergen.theory.collapse.agreement_threshold import agreement_threshold

    sigma = np.geomspace(*_LEVELS, count)
    scores = agreement_threshold(spectrum, sigma, draws=draws, seed=seed).samples
    linear = [float(theory.samples_for(spectrum, agreement=0.5, sigma=float(s))) for s in sigma]
    return xr.Dataset(
        {
            "score_samples_line": ("line_sigma", scores, {"long_name": _WORDS["score_samples"]}),
            "linear_samples_line": ("line_sigma", linear, {"long_name": _WORDS["linear_samples"]}),
        },
        {"line_sigma": ("line_sigma", sigma, {"long_name": "noise level", "units": "data"})},
    )


def _own_weights(
    spectrum: theory.Spectrum, counts: np.ndarray, fine: int, draws: int, repeats: int, seed: int
) -> xr.Dataset:
    """Weight of a noised training point on itself, for noise levels about the collapse."""
    import xarray as xr

    from convergen import theory

    # The line has `fine` steps for each of the points.
    dense = np.exp(np.linspace(-_REACH, _REACH, 8 * fine + 1))
    relative = dense[::fine]
    centre = theory.collapse_noise(spectrum, counts)[:, None]
    law = theory.own_weight(spectrum, counts[:, None], centre * dense, draws=draws, seed=seed)
    sigma = centre * relative
    value, stderr = np.empty(sigma.shape), np.empty(sigma.shape)
    for i, n in enumerate(counts):
        value[i], stderr[i] = _simulated_weight(spectrum.dim, int(n), sigma[i], repeats, seed)
    rows = zip(np.log(sigma), value, stderr, law[:, ::fine], strict=True)
    halves = [(*crossing(u, w, e), crossing(u, v, 0.0 * v)[0]) for u, w, e, v in rows]
    half, half_error, half_law = np.array(halves).T
    words = {"long_name": "weight of a noised training point on itself", "units": "1"}
    noise = {"long_name": "noise at which the own weight is 1/2", "units": "data"}
    return xr.Dataset(
        {
            "own_weight": (("samples", "dense_sigma"), law, words),
            "own_weight_expected": (("samples", "relative_sigma"), law[:, ::fine], words),
            "own_weight_simulated": (("samples", "relative_sigma"), value, words),
            "own_weight_stderr": (("samples", "relative_sigma"), stderr, words),
            "centre": ("samples", centre[:, 0], {"long_name": "collapse noise", "units": "data"}),
            "half_noise": ("samples", np.exp(half), noise),
            "half_noise_stderr": ("samples", half_error * np.exp(half), noise),
            "half_noise_expected": ("samples", np.exp(half_law), noise),
        },
        {
            "samples": ("samples", counts, {"long_name": "training samples n"}),
            "dense_sigma": ("dense_sigma", dense, {"long_name": "sigma/sigma_c"}),
            "relative_sigma": ("relative_sigma", relative, {"long_name": "sigma/sigma_c"}),
        },
    )


def _simulated_weight(
    dim: int, n: int, sigma: np.ndarray, repeats: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard error over training sets."""
    from scipy.special import softmax

    shown = min(n, 64)
    # Small sets hold few points: more of them.
    weights = np.empty((repeats * max(1, 64 // n), sigma.size))
    for r in range(len(weights)):
        rng = np.random.default_rng([seed, n, r])
        points, noise = rng.standard_normal((n, dim)), rng.standard_normal((shown, dim))
        for j, level in enumerate(sigma):
            x = points[:shown] + level * noise
            squares = np.sum(points**2, axis=1) - 2.0 * x @ points.T
            posterior = softmax(-0.5 * squares / level**2, axis=1)
            weights[r, j] = posterior[np.arange(shown), np.arange(shown)].mean()
    return weights.mean(axis=0), weights.std(axis=0, ddof=1) / np.sqrt(len(weights))


def _needed(
    spectrum: theory.Spectrum, sigma: float, draws: int, repeats: int, seed: int
) -> xr.Dataset:
    """Samples at which two empirical scores, or two linear denoisers, agree by one half."""
    import xarray as xr

    from convergen import theory
    from convergen.theory.collapse.agreement import measure_agreement
    from convergen.theory.collapse.agreement_threshold import agreement_threshold

    law = agreement_threshold(spectrum, sigma, draws=draws, seed=seed)
    linear = float(theory.samples_for(spectrum, agreement=0.5, sigma=sigma))

    def scores(n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = measure_agreement(spectrum, n, sigma, repeats=repeats, seed=seed)
        return found.value, found.stderr

    def denoisers(n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = theory.simulate(
            spectrum, n, sigma=[sigma], factors=1, quantities=("denoising",), repeats=repeats,
            seed=seed,
        )  # fmt: skip
        return found["agreement"].values[:, 0], found["agreement_stderr"].values[:, 0]

    values = (float(law.samples), linear, float(law.to_generalise))
    result = {
        name: ((), value, {"long_name": words})
        for (name, words), value in zip(_WORDS.items(), values, strict=True)
    }
    for name, near, measure in (
        ("score_samples", float(law.samples), scores),
        ("linear_samples", linear, denoisers),
    ):
        value, error = half_samples(measure, near)
        result[f"{name}_simulated"] = ((), value, {"long_name": "simulated"})
        result[f"{name}_stderr"] = ((), error, {"long_name": "standard error"})
    return xr.Dataset(result)


@whole_figure(3.4)
def draw(dataset: xr.Dataset, figure: FigureBase) -> None:
    """Three panels: the phase diagram, own weights, and samples needed against d.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `compute`.
    figure : Figure or SubFigure
        What to fill.
    """
    left, middle, right = figure.subplots(1, 3)
    _phases(left, dataset)
    _weights(middle, dataset)
    _samples(right, dataset)
    handles = [*left.get_legend_handles_labels()[0], *key()]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)


def _phases(axes: Axes, dataset: xr.Dataset) -> None:
    dim = dataset.attrs["dimension"]
    panel(axes, "a", f"Phases, $d$ = {dim}")
    look = look_of("collapse_noise")
    rate, noise = dataset["rate"], dataset["collapse_noise"]
    width = np.exp(dataset["collapse_width"])
    axes.fill_between(rate, noise / width, noise * width, color=look.colour, alpha=0.2, linewidth=0)
    label = r"$I(\sigma) = \log n$: collapse noise $\sigma_c(n)$, samples $n^*(\sigma)$"
    predicted(axes, rate, noise, look, label=label)
    log_n = np.log(dataset["samples"]) / dim
    predicted(
        axes,
        log_n,
        dataset["half_noise_expected"],
        look,
        linestyle=":",
        label="weight on the own training point 1/2",
    )
    measured(axes, log_n, dataset["half_noise"], dataset["half_noise_stderr"], look)
    for name, look, label in _pairs():
        line = np.log(dataset[f"{name}_line"]) / dim
        predicted(axes, line, dataset["line_sigma"], look, label=label)
        found = dataset[f"{name}_simulated"]
        axes.errorbar(
            np.log(found) / dim, dataset["sigma"], linestyle="none", marker=look.marker,
            xerr=BARS * dataset[f"{name}_stderr"] / found / dim, color=look.colour,
            markerfacecolor="white", zorder=3,
        )  # fmt: skip
    axes.text(0.5, 0.21, "returns its\ntraining points")
    axes.text(0.55, 2.0, "generalises")
    axes.set_yscale("log")
    axes.set_ylim(0.18, 8.0)
    axes.set_xlim(0.0, 0.92)
    plain_ticks(axes.yaxis)
    axes.set_xlabel(r"$\log n/d$ (nats per dimension)")
    axes.set_ylabel(r"noise $\sigma$ (data units)")


def _weights(axes: Axes, dataset: xr.Dataset) -> None:
    panel(axes, "b", f"Own weight, $d$ = {dataset.attrs['dimension']}")
    looks = family("collapse_noise", dataset.sizes["samples"])
    for look, n in zip(looks, dataset["samples"].values, strict=True):
        one = dataset.sel(samples=n)
        line, points = one["centre"] * one["dense_sigma"], one["centre"] * one["relative_sigma"]
        predicted(axes, line, one["own_weight"], look, label=f"$n$ = {n}")
        measured(axes, points, one["own_weight_simulated"], one["own_weight_stderr"], look)
    axes.set_xscale("log")
    axes.set_xlim(left=0.1)
    plain_ticks(axes.xaxis)
    axes.set_xlabel(r"noise $\sigma$ (data units)")
    axes.set_ylabel("weight on the own training point")
    axes.legend(loc="lower left")


def _samples(axes: Axes, dataset: xr.Dataset) -> None:
    panel(axes, "c", rf"Samples needed, $\sigma$ = {dataset.attrs['fixed_sigma']:g}")
    d = dataset["dim"]
    predicted(axes, d, dataset["samples_to_generalise_of_dim"], look_of("samples_to_generalise"))
    for name, look, label in _pairs():
        predicted(axes, d, dataset[f"{name}_of_dim"], look, label=label)
        value, error = (dataset[f"{name}_{kind}_of_dim"] for kind in ("simulated", "stderr"))
        measured(axes, d, value, error, look)
    axes.set_yscale("log")
    axes.set_ylim(0.5, 3e7)
    axes.set_xlabel("dimension $d$")
    axes.set_ylabel("training samples $n$")


def _pairs() -> list[tuple[str, Look, str]]:
    """Two empirical scores and two linear denoisers: variable, look and label."""
    return [
        (
            "score_samples",
            look_of("agreement")._replace(line="-."),
            "two empirical scores agree by 1/2",
        ),
        ("linear_samples", look_of("linear_samples"), "two linear denoisers agree by 1/2"),
    ]
