"""Figure 6: linear denoisers fitted to finite data, theory beside simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.figures.looks.legends import key
from convergen.figures.looks.style import family, measured, panel, predicted, whole_figure
from convergen.figures.making.qualities import by_quality
from convergen.theory.quantities.rows import GREY

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

    from convergen import theory

NAME = "linear-denoisers"
NUMBER = 6
TITLE = "Linear denoisers: finite data act as more noise"
CAPTION = (
    "A denoiser fitted to n samples acts on average as the true one does at the larger, "
    "renormalised noise κ(σ²) (a); its test error lies above and its training error below those "
    "of the true denoiser (b), and denoisers of two training sets disagree (c). "
    "Relative to its eigenvalue the output varies more between training sets the smaller the mode "
    "(d); power law λ = 1/k, d = 200, points within 4 standard errors of the lines or 0.5 % "
    "(variances 10 %) except at γ = 1 below σ = 0.2, where finite d adds up to 7 %."
)

DIM, LOADS, MODES = 200, (0.25, 1.0, 4.0), (1, 5, 25, 125)
_RANGE = (0.02, 3.0)


def compute(quality: str, seed: int) -> xr.Dataset:
    """Predictions on a dense grid of noise levels, simulations on a coarse one.

    Parameters
    ----------
    quality : str
        smoke, draft or paper: pairs of training sets, and at smoke a smaller system.
    seed : int
        Seed of the simulations.

    Returns
    -------
    xarray.Dataset
        Lines along `load` and `sigma`, points along `load` and `sample_sigma`; errors over the
        trace of the covariance, variances over that of the mode.
    """
    import xarray as xr

    from convergen import theory

    dim = by_quality(quality, 100, DIM, DIM)
    modes = np.array([k for k in MODES if k <= dim])
    repeats = by_quality(quality, 8, 24, 200)
    spectrum = theory.Spectrum.power_law(dim, 1.0)
    unit = float(np.sqrt(spectrum.trace / dim))
    counts = np.round(np.array(LOADS) * dim)
    sigma = np.geomspace(*_RANGE, by_quality(quality, 25, 65, 129))
    sample_sigma = np.geomspace(*_RANGE, 9)
    parts = [
        _lines(spectrum, counts, unit * sigma, modes),
        _points(spectrum, counts, unit * sample_sigma, modes, repeats, seed),
        _renormalised(spectrum, counts, unit * sample_sigma, repeats, seed),
    ]
    words = "noise over the r.m.s. of a coordinate"
    result = xr.merge(parts).assign_coords(
        load=("load", counts / dim, {"long_name": "load n/d", "units": "1"}),
        mode=("mode", modes, {"long_name": "index k of the mode"}),
        sigma=("sigma", sigma, {"long_name": words, "units": "1"}),
        sample_sigma=("sample_sigma", sample_sigma, {"long_name": words, "units": "1"}),
    )
    return result.assign_attrs(dimension=dim, source=spectrum.source)


def _lines(
    spectrum: theory.Spectrum, counts: np.ndarray, sigma: np.ndarray, modes: np.ndarray
) -> xr.Dataset:
    import xarray as xr

    from convergen import theory

    errors = theory.denoising_errors(spectrum, counts[:, None], sigma)
    lam = spectrum.eigenvalues[modes - 1]
    variance = [theory.denoiser_variance(spectrum, counts, float(s), at=lam) / lam for s in sigma]
    unit = spectrum.trace / spectrum.dim
    table = {
        "renormalised_noise": (np.sqrt(errors.renormalised_noise / unit), "sqrt of kappa"),
        "test_error": (errors.test / errors.optimal, "test error over that of the true denoiser"),
        "train_error": (errors.train / errors.optimal, "training error over the same"),
        "agreement": (errors.agreement, "agreement of two denoisers"),
    }
    curves: dict[str, Any] = {
        name: (("load", "sigma"), values, {"long_name": words, "units": "1"})
        for name, (values, words) in table.items()
    }
    words = {"long_name": "variance of the output along a mode over its eigenvalue", "units": "1"}
    curves["denoiser_variance"] = (("load", "sigma", "mode"), np.stack(variance, axis=1), words)
    return xr.Dataset(curves)


def _points(
    spectrum: theory.Spectrum, counts: np.ndarray, sigma: np.ndarray, modes: np.ndarray,
    repeats: int, seed: int,
) -> xr.Dataset:  # fmt: skip
    """Simulated errors, agreement and variance, with what theory says at the same noise levels."""
    import xarray as xr

    from convergen import theory

    found = theory.simulate(
        spectrum, counts, sigma=sigma, factors=int(modes.max()), quantities=("denoising",),
        repeats=repeats, seed=seed,
    )  # fmt: skip
    noise, lam = sigma[:, None] ** 2, spectrum.eigenvalues
    optimal = np.sum(lam * noise / (lam + noise), axis=1)
    variables = {}
    for name in ("test_error", "train_error", "agreement", "denoiser_variance"):
        dims: tuple[str, ...] = ("load", "sample_sigma")
        unit = 1.0 if name == "agreement" else optimal
        if name == "denoiser_variance":
            found = found.isel(factor=modes - 1)
            dims, unit = (*dims, "mode"), lam[modes - 1]
        for kind, ending in (("", ""), ("_stderr", "_stderr"), ("_predicted", "_expected")):
            values = found[f"{name}{kind}"].values / unit
            variables[f"{name}_{'simulated' if not kind else ending[1:]}"] = (dims, values)
    return xr.Dataset(variables)


def _renormalised(
    spectrum: theory.Spectrum, counts: np.ndarray, sigma: np.ndarray, repeats: int, seed: int
) -> xr.Dataset:
    """√κ of fitted denoisers: the noise at which the true one has their mean trace."""
    import xarray as xr
    from scipy.optimize import brentq

    from convergen import theory

    lam, noise = spectrum.eigenvalues, sigma**2
    unit = spectrum.trace / spectrum.dim
    shape = (counts.size, sigma.size)
    value, stderr = np.empty(shape), np.empty(shape)
    for i, n in enumerate(counts.astype(int)):
        traces = np.empty((repeats, sigma.size))
        for r in range(repeats):
            rng = np.random.default_rng([seed, i, r])
            rows = rng.standard_normal((n, lam.size)) * np.sqrt(lam / n)
            small = rows @ rows.T if n < lam.size else rows.T @ rows
            found = np.maximum(np.linalg.eigvalsh(small), 0.0)
            traces[r] = np.sum(found / (found + noise[:, None]), axis=1)
        mean, error = traces.mean(axis=0), traces.std(axis=0, ddof=1) / np.sqrt(repeats)
        for j, trace in enumerate(mean):
            kappa = np.exp(
                brentq(lambda u, t=trace: float(theory.df1(spectrum, np.exp(u))) - t, -40.0, 40.0)
            )
            slope = np.sum(lam / (lam + kappa) ** 2)
            value[i, j] = np.sqrt(kappa / unit)
            stderr[i, j] = error[j] / slope / (2.0 * kappa) * value[i, j]
    expected = theory.denoising_errors(spectrum, counts[:, None], sigma).renormalised_noise
    dims = ("load", "sample_sigma")
    return xr.Dataset(
        {
            "renormalised_noise_simulated": (dims, value),
            "renormalised_noise_stderr": (dims, stderr),
            "renormalised_noise_expected": (dims, np.sqrt(expected / unit)),
        }
    )


@whole_figure(5.0)
def draw(dataset: xr.Dataset, figure: FigureBase) -> None:
    """Four panels: κ, errors, agreement, and variance of modes, all against σ.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `compute`.
    figure : Figure or SubFigure
        What to fill.
    """
    (top_left, top_right), (bottom_left, bottom_right) = figure.subplots(2, 2, sharex=True)
    _noise(top_left, dataset)
    _errors(top_right, dataset)
    _agreement(bottom_left, dataset)
    _variance(bottom_right, dataset)
    for axes in (bottom_left, bottom_right):
        axes.set_xscale("log")
        axes.set_xlabel(r"noise $\sigma$ (r.m.s. of a coordinate = 1)")


def _noise(axes: Axes, dataset: xr.Dataset) -> None:
    panel(axes, "a", "Renormalised noise")
    _loads(axes, dataset, "renormalised_noise")
    sigma = dataset["sigma"]
    axes.plot(sigma, sigma, ":", color=GREY, label=r"no change, $\kappa = \sigma^2$")
    axes.set_yscale("log")
    axes.set_ylabel(r"renormalised noise $\sqrt{\kappa}$ (same unit)")
    axes.legend(loc="lower right")


def _errors(axes: Axes, dataset: xr.Dataset) -> None:
    panel(axes, "b", "Error over that of the true denoiser")
    axes.axhline(1.0, color=GREY, linestyle=":")
    for name in ("train_error", "test_error"):
        _loads(axes, dataset, name)
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.1)
    axes.set_ylabel("error relative to the true denoiser")
    axes.text(0.45, 0.62, "test error (fresh data)", transform=axes.transAxes)
    axes.text(0.45, 0.04, "training error", transform=axes.transAxes)


def _agreement(axes: Axes, dataset: xr.Dataset) -> None:
    panel(axes, "c", "Agreement of two denoisers")
    _loads(axes, dataset, "agreement")
    axes.set_ylim(0.0, 1.02)
    axes.set_ylabel(r"agreement $E\,\mathrm{Tr}\,\hat D_1\hat D_2/E\,\mathrm{Tr}\,\hat D^2$")
    axes.legend(loc="lower right", handles=key())


def _variance(axes: Axes, dataset: xr.Dataset) -> None:
    load = float(dataset["load"][1])
    panel(axes, "d", rf"Variance between training sets, $\gamma$ = {load:g}")
    one = dataset.isel(load=1)
    for look, mode in zip(
        family("denoiser_variance", dataset.sizes["mode"]), dataset["mode"].values, strict=True
    ):
        own = one.sel(mode=mode)
        label = f"mode $k$ = {mode}"
        predicted(axes, own["sigma"], own["denoiser_variance"], look, label=label)
        measured(
            axes, own["sample_sigma"], own["denoiser_variance_simulated"],
            own["denoiser_variance_stderr"], look,
        )  # fmt: skip
    axes.set_yscale("log")
    axes.set_ylabel(r"variance of the output over $\lambda_k$")
    axes.legend(loc="lower right")


def _loads(axes: Axes, dataset: xr.Dataset, name: str) -> None:
    """Lines and points of one quantity, for every load."""
    looks = family(name, dataset.sizes["load"])
    for look, load in zip(looks, dataset["load"].values, strict=True):
        one = dataset.sel(load=load)
        predicted(axes, one["sigma"], one[name], look, label=rf"$\gamma = n/d$ = {load:g}")
        measured(axes, one["sample_sigma"], one[f"{name}_simulated"], one[f"{name}_stderr"], look)
