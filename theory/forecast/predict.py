"""The front door of the theory: every prediction for a spectrum, in one labelled data set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_count,
    as_nonnegative,
    as_positive,
    as_samples,
)
from convergen.theory.spectra.provenance import provenance
from convergen.theory.spectra.spectrum import Spectrum

if TYPE_CHECKING:
    import xarray as xr

    from convergen.theory.mixtures.mixture import GaussianMixture

LEVELS = (0.5, 0.9, 0.99)
# What the command line's table shows, computed in a fraction of a second.
MAIN = ("convergence", "memorisation", "latent_recovery", "thresholds")
# Noise levels and sampler range in units of the root mean square of a coordinate.
_SIGMAS = (0.1, 0.3, 1.0, 3.0)
_SAMPLER = (0.002, 80.0)

Variable = tuple[tuple[str, ...], NDArray[Any], dict[str, str]]


def predict(
    spectrum: Spectrum | GaussianMixture,
    samples: ArrayLike,
    *,
    factors: int = 3,
    ridge: float = 0.0,
    levels: Sequence[float] = LEVELS,
    sigma: ArrayLike | None = None,
    quantities: Iterable[str] | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Predict memorisation, convergence, recovery, distances, errors and thresholds.

    Parameters
    ----------
    spectrum : Spectrum or GaussianMixture
        Population spectrum; a mixture stands for that of its covariance, and adds its speciation
        noise and the recovery of its means.
    samples : array_like, shape (m,)
        Numbers of training samples n ≥ 1; real values are allowed.
    factors : int
        How many leading factors to follow; at most the dimension.
    ridge : float
        ρ ≥ 0 added to the sample covariance of the generative model. Recovery does not depend
        on it; distances other than the Kullback–Leibler divergence and the denoising
        quantities are those of the model without a ridge.
    levels : sequence of float
        Levels of convergence whose sample sizes are wanted.
    sigma : array_like, shape (s,), optional
        Noise levels of the denoising quantities, data units; default 0.1, 0.3, 1 and 3 times
        sqrt(Tr Σ/d).
    quantities : iterable of str, optional
        Which of `QUANTITIES` to compute; default all.
    seed : int
        Seed of the Monte Carlo averages in memorisation and the leading-factor distances.

    Returns
    -------
    xarray.Dataset
        Along `samples`, `factor`, `sigma`, `level` and, for blocks of ranks, `sample_block` and
        `population_block`, with units, seed, settings, versions and source in the attributes.

    Raises
    ------
    InputError
        If an argument is out of range or a quantity is unknown.
    """
    import xarray as xr

    n = np.atleast_1d(as_samples(samples))
    extra: dict[str, Variable] = {}
    if not isinstance(spectrum, Spectrum):
        from convergen.theory.forecast.predict_mixture import mixture_variables
        from convergen.theory.mixtures.covariance_spectrum import mixture_spectrum

        extra, spectrum = mixture_variables(spectrum, n.ravel()), mixture_spectrum(spectrum)
    if n.ndim != 1:
        raise InputError(f"samples must be a flat list, but has shape {n.shape}.")
    chosen = list(QUANTITIES) if quantities is None else list(quantities)
    unknown = [name for name in chosen if name not in QUANTITIES]
    if unknown:
        raise InputError(f"unknown quantity {unknown[0]!r}: choose from {', '.join(QUANTITIES)}.")
    count = min(as_count(factors, "factors"), spectrum.dim)
    scale = np.sqrt(spectrum.trace / spectrum.dim)
    noise = scale * np.array(_SIGMAS) if sigma is None else np.atleast_1d(as_positive(sigma))
    rho, start = as_nonnegative(ridge, "ridge"), as_count(seed, "seed", 0)
    request = _Request(spectrum, n, count, rho, tuple(levels), noise, start)
    variables = extra
    for name in chosen:
        variables.update(QUANTITIES[name](request))
    coordinates: dict[str, Any] = {
        "samples": ("samples", n, {"long_name": "number of training samples", "units": "1"}),
        "load": ("samples", n / spectrum.dim, {"long_name": "load n/d", "units": "1"}),
        "factor": ("factor", np.arange(1, count + 1), {"long_name": "latent factor"}),
        "eigenvalue": (
            "factor", spectrum.leading(count),
            {"long_name": "population eigenvalue", "units": "data^2"},
        ),
        "multiplicity": (
            "factor", spectrum.multiplicities[spectrum.groups(count)].astype(np.int64),
            {"long_name": "dimension of the factor's eigenspace"},
        ),
        "sigma": ("sigma", noise, {"long_name": "noise level", "units": "data"}),
        "level": ("level", np.array(levels, dtype=np.float64), {"long_name": "convergence"}),
    }  # fmt: skip
    used = {dim for dims, _, _ in variables.values() for dim in dims}
    return xr.Dataset(
        variables,
        {key: value for key, value in coordinates.items() if value[0] in used},
        provenance(spectrum, ridge=rho, seed=start),
    )


def dense_grid(samples: ArrayLike, points: int = 48) -> FloatArray:
    """Whole numbers on a log grid over the range of `samples`, for smooth curves.

    Parameters
    ----------
    samples : array_like
        Sample sizes whose range is covered.
    points : int
        Size of the grid before rounding.

    Returns
    -------
    ndarray
        Whole, since memorisation is a simulation at small n and interpolated in between.
    """
    n = as_samples(samples)
    return np.unique(np.round(np.geomspace(n.min(), n.max(), points)))


@dataclass(frozen=True)
class _Request:
    """Checked arguments of `predict`, handed to each group of quantities."""

    spectrum: Spectrum
    samples: FloatArray
    factors: int
    ridge: float
    levels: tuple[float, ...]
    sigma: FloatArray
    seed: int


def _curve(values: FloatArray, name: str, units: str = "1") -> Variable:
    return ("samples",), values, {"long_name": name, "units": units}


def _convergence(request: _Request) -> dict[str, Variable]:
    from convergen.theory.linear.order_parameters import order_parameters

    result = order_parameters(request.spectrum, request.samples, request.ridge)
    return {
        "convergence": _curve(result.convergence, "convergence q"),
        "convergence_to_truth": _curve(result.convergence_to_truth, "convergence to truth q*"),
    }


def _memorisation(request: _Request) -> dict[str, Variable]:
    from convergen.theory.linear.memorisation import memorisation_law

    law = memorisation_law(request.spectrum, request.samples, request.ridge, seed=request.seed)
    dims, values, attributes = _curve(law.value, "memorisation m")
    return {
        "memorisation": (dims, values, attributes),
        "memorisation_stderr": _curve(law.stderr, "standard error of memorisation"),
        "memorisation_baseline": _curve(law.baseline, "memorisation of fresh data"),
        "memorisation_baseline_stderr": _curve(law.baseline_stderr, "its standard error"),
        "memorisation_method": (dims, law.method, {"long_name": "law used"}),
    }


def _latent_recovery(request: _Request) -> dict[str, Variable]:
    from convergen.theory.linear.latent_recovery import latent_recovery

    limit, finite = (
        latent_recovery(request.spectrum, request.samples, request.factors, finite_size=finite)
        for finite in (False, True)
    )
    dims = ("samples", "factor")
    return {
        "latent_recovery": (dims, limit, {"long_name": "latent recovery Q, limit", "units": "1"}),
        "latent_recovery_finite_size": (
            dims, finite, {"long_name": "latent recovery Q at finite size", "units": "1"},
        ),
    }  # fmt: skip


def _eigenvector_overlap(request: _Request) -> dict[str, Variable]:
    from convergen.theory.random_matrices.eigenvector_blocks import block_edges, block_overlap

    edges = block_edges(request.spectrum.dim, request.factors)
    found = [block_overlap(request.spectrum, float(n), edges) for n in request.samples]
    ranks = {"long_name": "last rank of the block, largest eigenvalue first"}
    return {
        "sample_block": (("sample_block",), edges[1:], ranks),
        "population_block": (("population_block",), edges[1:], ranks),
        "eigenvector_overlap": (
            ("samples", "sample_block", "population_block"),
            np.stack([each.overlap for each in found]),
            {"long_name": "share of a sample eigenvector in a population block", "units": "1"},
        ),
        "sample_eigenvalue": (
            ("samples", "sample_block"),
            np.stack([each.sample_eigenvalue for each in found]),
            {"long_name": "mean sample eigenvalue of a block", "units": "data^2"},
        ),
        "population_eigenvalue": (
            ("population_block",), found[0].population_eigenvalue,
            {"long_name": "mean population eigenvalue of a block", "units": "data^2"},
        ),
    }  # fmt: skip


def _distances(request: _Request) -> dict[str, Variable]:
    from convergen.theory.linear.distances import bures_wasserstein, kullback_leibler

    spectrum, n = request.spectrum, request.samples
    return {
        "bures_wasserstein": _curve(
            bures_wasserstein(spectrum, n), "squared 2-Wasserstein distance over total variance"
        ),
        "kullback_leibler": _curve(
            kullback_leibler(spectrum, n, request.ridge), "Kullback-Leibler divergence", "nat"
        ),
    }


def _leading_distances(request: _Request) -> dict[str, Variable]:
    from convergen.theory.linear.leading_distances import max_sliced_wasserstein, operator_norm

    norm = operator_norm(request.spectrum, request.samples, seed=request.seed)
    sliced = max_sliced_wasserstein(request.spectrum, request.samples, seed=request.seed)
    return {
        "operator_norm": _curve(norm.value, "operator-norm error over largest eigenvalue"),
        "operator_norm_stderr": _curve(norm.stderr, "its standard error"),
        "max_sliced_wasserstein": _curve(
            sliced.value, "max-sliced 2-Wasserstein distance over largest standard deviation"
        ),
        "max_sliced_wasserstein_stderr": _curve(sliced.stderr, "its standard error"),
        "leading_distance_method": (
            ("samples",), norm.method, {"long_name": "how the leading factors were treated"},
        ),
    }  # fmt: skip


def _denoising(request: _Request) -> dict[str, Variable]:
    from convergen.theory.linear.denoising_errors import denoiser_variance, denoising_errors

    spectrum, n = request.spectrum, request.samples
    errors = denoising_errors(spectrum, n[:, None], request.sigma)
    lead = spectrum.leading(request.factors)
    variance = np.stack(
        [denoiser_variance(spectrum, n, float(s), at=lead) for s in request.sigma], axis=1
    )
    table = {
        "test_error": (errors.test, "denoising error on fresh data", "data^2"),
        "train_error": (errors.train, "denoising error on training data", "data^2"),
        "optimal_error": (errors.optimal, "denoising error of the true model", "data^2"),
        "agreement": (errors.agreement, "agreement of two denoisers", "1"),
        "renormalised_noise": (errors.renormalised_noise, "renormalised noise kappa", "data^2"),
    }
    result: dict[str, Variable] = {
        key: (("samples", "sigma"), values, {"long_name": name, "units": units})
        for key, (values, name, units) in table.items()
    }
    result["denoiser_variance"] = (
        ("samples", "sigma", "factor"), variance,
        {"long_name": "variance of the denoiser along a factor", "units": "data^2"},
    )  # fmt: skip
    return result


def _sampling(request: _Request) -> dict[str, Variable]:
    from convergen.theory.random_matrices.analytic_functions import sampling_convergence

    scale = float(np.sqrt(request.spectrum.trace / request.spectrum.dim))
    low, high = (scale * end for end in _SAMPLER)
    values = sampling_convergence(request.spectrum, request.samples, low, high)
    name = f"convergence of samples drawn between sigma = {high:.4g} and {low:.4g}"
    return {"sampling_convergence": _curve(values, name)}


def _thresholds(request: _Request) -> dict[str, Variable]:
    from convergen.theory.linear.latent_recovery import recovery_thresholds
    from convergen.theory.linear.thresholds import samples_for

    spectrum = request.spectrum
    sizes = [
        float(samples_for(spectrum, convergence=level, ridge=request.ridge))
        for level in request.levels
    ]
    return {
        "convergence_samples": (
            ("level",), np.array(sizes), {"long_name": "samples for convergence", "units": "1"},
        ),
        "recovery_threshold": (
            ("factor",), recovery_thresholds(spectrum, request.factors),
            {"long_name": "samples at which a factor starts to be recovered", "units": "1"},
        ),
    }  # fmt: skip


QUANTITIES: dict[str, Callable[[_Request], dict[str, Variable]]] = {
    "convergence": _convergence,
    "memorisation": _memorisation,
    "latent_recovery": _latent_recovery,
    "eigenvector_overlap": _eigenvector_overlap,
    "distances": _distances,
    "leading_distances": _leading_distances,
    "denoising": _denoising,
    "sampling": _sampling,
    "thresholds": _thresholds,
}
