"""Finite-size Monte Carlo of every order parameter, side by side with its prediction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.blas_threads import one_blas_thread
from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_count,
    as_nonnegative,
    as_positive,
    as_samples,
)
from convergen.theory.finite_size.measure_pair import MEASURABLE, Population, measure_pair
from convergen.theory.forecast.predict import predict
from convergen.theory.spectra.provenance import provenance
from convergen.theory.spectra.spectrum import Spectrum

if TYPE_CHECKING:
    import xarray as xr

    from convergen.theory.mixtures.mixture import GaussianMixture

MAIN = ("convergence", "memorisation", "latent_recovery", "distances")
_RATIOS = ("convergence", "convergence_to_truth", "agreement")
# Distances to a finite population shrink as the training set exhausts it.
_TO_TRUTH = (
    "convergence_to_truth",
    "latent_recovery_finite_size",
    "bures_wasserstein",
    "kullback_leibler",
    "operator_norm",
    "max_sliced_wasserstein",
    "test_error",
)

Cell = dict[str, FloatArray]
# Draws points in the population eigenbasis.
Draw = Callable[[int, np.random.Generator], FloatArray]


def simulate(
    population: Spectrum | GaussianMixture | ArrayLike,
    samples: ArrayLike,
    *,
    factors: int = 3,
    ridge: float = 0.0,
    sigma: ArrayLike | None = None,
    quantities: Iterable[str] = (*MAIN, "denoising"),
    repeats: int = 20,
    seed: int = 0,
    workers: int = 1,
    executor: Executor | None = None,
    progress: bool = False,
    source: str | None = None,
) -> xr.Dataset:
    """Measure finite models and compare them with the predictions.

    Parameters
    ----------
    population : Spectrum, GaussianMixture or array_like of shape (N, d)
        A spectrum: training sets are Gaussian. A mixture: they are drawn from it. A data matrix:
        it is the population, and training sets are disjoint random subsets of its rows. All are
        taken about the mean.
    samples : array_like of int, shape (m,)
        Training samples n of each model; at most N/2 for a data matrix.
    factors : int
        Leading factors to follow.
    ridge : float
        ρ ≥ 0.
    sigma : array_like, shape (s,), optional
        Noise levels of the denoisers; default as in `predict`.
    quantities : iterable of str
        Groups to measure, out of ``convergence``, ``memorisation``, ``latent_recovery``,
        ``distances``, ``leading_distances`` (slow, not by default) and ``denoising``.
    repeats : int
        Independent pairs of training sets per n, at least 2.
    seed : int
        Every (n, repeat) has its own stream derived from it, so results depend neither on the
        other n nor on the number of workers.
    workers : int
        Threads.
    executor : concurrent.futures.Executor, optional
        Used instead of threads, e.g. ``dask.distributed.Client(…).get_executor()``.
    progress : bool
        Show a progress bar on a terminal.
    source : str, optional
        Label of a data matrix.

    Returns
    -------
    xarray.Dataset
        For each quantity X: ``X`` (mean), ``X_stderr``, ``X_predicted`` and ``X_z``, the
        difference in combined standard errors.

    Raises
    ------
    InputError
        If an argument is out of range, or n is too large for the data.

    Notes
    -----
    Convergence and agreement are ratios of means with delta-method errors. For a data matrix,
    quantities measured against the population itself are predicted at n N/(N − n): drawing n
    of N rows without replacement reduces the variance of Σ̂ by the factor 1 − n/N.
    """
    counts = _whole(samples)
    size = as_count(repeats, "repeats", 2)
    seed = as_count(seed, "seed", 0)
    chosen = list(quantities)
    unknown = [name for name in chosen if name not in MEASURABLE]
    if unknown:
        raise InputError(f"unknown quantity {unknown[0]!r}: choose from {', '.join(MEASURABLE)}.")
    draw: Draw
    if isinstance(population, Spectrum):
        spectrum, total = population, None
        draw = partial(_draw_gaussian, np.sqrt(_expanded(spectrum)))
    elif hasattr(population, "responsibilities"):
        spectrum, draw, total = _mixture(cast("GaussianMixture", population))
    else:
        spectrum, draw, total = _project(population, source or "data", int(counts.max()))
    expanded = _expanded(spectrum)
    count = min(as_count(factors, "factors"), spectrum.dim)
    scale = np.sqrt(spectrum.trace / spectrum.dim)
    noise = scale * np.array([0.1, 0.3, 1.0, 3.0]) if sigma is None else as_positive(sigma)
    task = partial(
        _cell,
        draw=draw,
        population=Population(expanded, spectrum.dim),
        factors=count,
        ridge=as_nonnegative(ridge, "ridge"),
        sigma=np.atleast_1d(noise),
        quantities=tuple(chosen),
        seed=seed,
    )
    keys = [(int(n), repeat) for n in counts for repeat in range(size)]
    cells = _run(task, keys, as_count(workers, "workers"), executor, progress)
    measured = [_average(cells[i : i + size], spectrum) for i in range(0, len(cells), size)]
    settings = {"factors": count, "ridge": ridge, "sigma": noise, "seed": seed}
    prediction = predict_subsets(spectrum, counts, total, quantities=chosen, **settings)
    result = _compare(prediction, measured)
    result.attrs |= provenance(spectrum, ridge=float(ridge), seed=seed, repeats=size)
    result.attrs["population"] = "unlimited" if total is None else f"{total} samples"
    return result


def _whole(samples: ArrayLike) -> FloatArray:
    counts = np.unique(as_samples(samples))
    if np.any(counts != np.round(counts)):
        raise InputError("samples must be whole numbers in a simulation.")
    return counts


def _expanded(spectrum: Spectrum) -> FloatArray:
    """Positive eigenvalues, repeated by multiplicity."""
    lam = spectrum.eigenvalues[spectrum.eigenvalues > 0.0]
    return np.repeat(lam, spectrum.multiplicities[: lam.size].astype(int))


def _draw_gaussian(scale: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    return rng.standard_normal((count, scale.size)) * scale


def _draw_rows(rows: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    return rows[rng.permutation(rows.shape[0])[:count]]


def _draw_mixture(
    mixture: GaussianMixture, vectors: FloatArray, count: int, rng: np.random.Generator
) -> FloatArray:
    points = mixture.sample(count, rng) - mixture.mean
    return np.asarray(points.reshape(count, -1) @ vectors)


def _mixture(mixture: GaussianMixture) -> tuple[Spectrum, Draw, None]:
    """Spectrum of a mixture, and how to draw from it in the eigenbasis."""
    from convergen.theory.mixtures.covariance_spectrum import mixture_spectrum

    spectrum = mixture_spectrum(mixture)
    vectors = np.linalg.eigh(mixture.covariance)[1][:, ::-1][:, : spectrum.rank]
    return spectrum, partial(_draw_mixture, mixture, vectors), None


def _project(data: ArrayLike, source: str, largest: int) -> tuple[Spectrum, Draw, int]:
    """Spectrum of a data matrix, how to draw its rows in the eigenbasis, and their number."""
    spectrum = Spectrum.from_data(data, source=source)
    matrix = np.asarray(data)
    matrix = matrix.reshape(matrix.shape[0], -1)
    total = matrix.shape[0]
    if 2 * largest > total:
        raise InputError(
            f"two disjoint training sets of {largest} samples do not fit into {total} rows: use "
            f"samples of at most {total // 2}."
        )
    assert spectrum.eigenvectors is not None
    assert spectrum.mean is not None
    rows = (matrix - spectrum.mean) @ spectrum.eigenvectors
    return spectrum, partial(_draw_rows, rows), total


def _cell(
    key: tuple[int, int], *, draw: Draw, population: Population, seed: int, **options: Any
) -> Cell:
    """One pair of training sets, from its own random stream."""
    n, repeat = key
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(n, repeat)))
    both = draw(2 * n, rng)
    return measure_pair(both[:n], both[n:], population, rng=rng, **options)


def _run(
    task: Any, keys: list[tuple[int, int]], workers: int, executor: Executor | None, progress: bool
) -> list[Cell]:
    from tqdm import tqdm

    def collect(results: Iterable[Cell]) -> list[Cell]:
        # disable=None: a bar on a terminal, silence in a pipe.
        hidden = None if progress else True
        return list(tqdm(results, total=len(keys), unit="pair", disable=hidden))

    if executor is not None:
        return collect(executor.map(task, keys))
    with one_blas_thread():
        if workers == 1:
            return collect(map(task, keys))
        with ThreadPoolExecutor(workers) as pool:
            return collect(pool.map(task, keys))


def _average(cells: list[Cell], spectrum: Spectrum) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Mean and standard error of each quantity over the repeats of one n."""
    stacked = {key: np.stack([cell[key] for cell in cells]) for key in cells[0]}
    result = {}
    for key, values in stacked.items():
        if key.endswith("_norm") and key != "operator_norm":
            continue
        mean = values.mean(axis=0)
        with np.errstate(invalid="ignore"):
            deviation = values - mean
        if key in _RATIOS:
            norm = stacked[f"{key}_norm"]
            # q* is normalised by sqrt(Tr Σ · E|x̂|²), the others by E|x̂|² or E Tr D̂².
            power = 0.5 if key == "convergence_to_truth" else 1.0
            scale = norm.mean(axis=0) ** power
            if power < 1.0:
                scale = scale * np.sqrt(spectrum.trace)
            relative = (norm - norm.mean(axis=0)) / norm.mean(axis=0)
            deviation = (deviation - power * mean * relative) / scale
            mean = mean / scale
        with np.errstate(invalid="ignore"):
            spread = np.sqrt(np.sum(deviation**2, axis=0) / (len(cells) - 1) / len(cells))
        result[key] = (mean, spread)
    return result


def predict_subsets(
    spectrum: Spectrum, samples: FloatArray, population: int | None, **options: Any
) -> xr.Dataset:
    """Predict what `simulate` measures.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : ndarray, shape (m,)
        n of each training set.
    population : int or None
        Rows N of the data matrix from which disjoint sets are drawn; None for Gaussian data.
    **options
        Passed to `theory.predict`.

    Returns
    -------
    xarray.Dataset
        As `theory.predict`; quantities measured against a finite population are those at
        n N/(N − n).
    """
    plain = predict(spectrum, samples, **options)
    if population is not None:
        inflated = samples * population / (population - samples)
        shifted = predict(spectrum, inflated, **options)
        for name in _TO_TRUTH:
            if name in plain:
                plain[name] = (plain[name].dims, shifted[name].values, plain[name].attrs)
                plain[name].attrs["finite_population"] = "predicted at n N/(N - n)"
    return plain


def _compare(
    prediction: xr.Dataset, measured: list[dict[str, tuple[FloatArray, FloatArray]]]
) -> xr.Dataset:
    result = prediction.drop_vars(list(prediction.data_vars))
    for name in measured[0]:
        if name not in prediction:
            continue
        dims, attributes = prediction[name].dims, prediction[name].attrs
        mean = np.stack([row[name][0] for row in measured])
        stderr = np.stack([row[name][1] for row in measured])
        # Factors are compared with the law that holds at finite size.
        law = "latent_recovery_finite_size" if name == "latent_recovery" else name
        expected = prediction[law].values
        extra = prediction.get(f"{name}_stderr")
        total = np.hypot(stderr, 0.0 if extra is None else extra.values)
        # Where both are exact (m = 1 at n = 1), only rounding is left of the difference.
        with np.errstate(invalid="ignore", divide="ignore"):
            exact = np.isfinite(expected) & (np.abs(mean - expected) <= 1e-9 * np.abs(expected))
            z = np.where(np.isfinite(expected) & (total > 0.0), (mean - expected) / total, np.nan)
        z = np.where(exact, 0.0, z)
        result[name] = (dims, mean, attributes)
        result[f"{name}_stderr"] = (dims, stderr, {"long_name": "standard error"})
        result[f"{name}_predicted"] = (dims, expected, attributes)
        result[f"{name}_z"] = (dims, z, {"long_name": "(measured - predicted)/standard error"})
    return result
