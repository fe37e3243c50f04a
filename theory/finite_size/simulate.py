"""Finite-size Monte Carlo of every order parameter, side by side with its prediction."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_count,
    as_samples,
    as_seed,
)
from convergen.theory.common.machine.blas_threads import one_blas_thread
from convergen.theory.finite_size.measure_pair import Population, measure_pair
from convergen.theory.finite_size.predict_subsets import forecast_subsets
from convergen.theory.finite_size.training_sets import Draw, expanded, training_sets
from convergen.theory.forecast.predict import Request
from convergen.theory.messages.progress import phase
from convergen.theory.pilot.amplitudes import amplitudes_of
from convergen.theory.quantities.labelled import SCORE, STDERR, Labelled
from convergen.theory.quantities.scores import normal_score
from convergen.theory.quantities.table import chosen, quantity
from convergen.theory.quantities.table import quantities as all_quantities
from convergen.theory.spectra.provenance import provenance
from convergen.theory.spectra.spectrum import Spectrum

if TYPE_CHECKING:
    import xarray as xr

    from convergen.theory.mixtures.mixture import GaussianMixture

Cell = dict[str, FloatArray]

# Every repeat is kept until the end, for errors of ratios.
_MOST_REPEATS = 1_000_000


def simulate(
    population: Spectrum | GaussianMixture | ArrayLike,
    samples: ArrayLike,
    *,
    factors: int = 3,
    ridge: float = 0.0,
    sigma: ArrayLike | None = None,
    quantities: Iterable[str] | None = None,
    repeats: int = 20,
    seed: int = 0,
    workers: int = 1,
    executor: Executor | None = None,
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
    quantities : iterable of str, optional
        What to measure, by key or by group: ``convergence``, ``memorisation``,
        ``latent_recovery``, ``distances``, ``leading_distances`` (slow, not by default) and
        ``denoising``; see `measurable`.
    repeats : int
        Independent pairs of training sets per n, at least 2.
    seed : int
        Every (n, repeat) has its own stream derived from it, so results depend neither on the
        other n nor on the number of workers.
    workers : int
        Threads.
    executor : concurrent.futures.Executor, optional
        Used instead of threads, e.g. ``dask.distributed.Client(…).get_executor()``.
    source : str, optional
        Label of a data matrix.

    Returns
    -------
    xarray.Dataset
        For each quantity X: ``X`` (mean), ``X_stderr``, ``X_predicted`` and ``X_z``, the
        difference over its error as a normal score (`convergen.theory.quantities.scores`).

    Raises
    ------
    InputError
        If an argument is out of range, or n is too large for the data.

    Notes
    -----
    Convergence and agreement are ratios of means with delta-method errors. For a data matrix,
    quantities measured against the population itself are predicted at n N/(N − n): drawing n
    of N rows without replacement reduces the variance of Σ̂ by the factor 1 − n/N. The law is that
    of elliptical data with the amplitudes of the rows where they vary more than those of Gaussian
    points; ``X_gaussian`` is the Gaussian law.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> found = theory.simulate(spectrum, [40], repeats=4, quantities=["convergence"])
    >>> found["convergence"].values.round(2), found["convergence_predicted"].values.round(2)
    (array([0.89]), array([0.9]))
    """
    return simulated(
        population, samples, factors=factors, ridge=ridge, sigma=sigma, quantities=quantities,
        repeats=repeats, seed=seed, workers=workers, executor=executor, source=source,
    ).dataset()  # fmt: skip


def simulated(
    population: Spectrum | GaussianMixture | ArrayLike,
    samples: ArrayLike,
    *,
    factors: int = 3,
    ridge: float = 0.0,
    sigma: ArrayLike | None = None,
    quantities: Iterable[str] | None = None,
    repeats: int = 20,
    seed: int = 0,
    workers: int = 1,
    executor: Executor | None = None,
    source: str | None = None,
) -> Labelled:
    """What `simulate` returns, before it becomes a data set; arguments as there."""
    counts = _whole(samples)
    size = as_count(repeats, "repeats", 2)
    if size > _MOST_REPEATS:
        raise InputError(
            f"repeats = {size} pairs of training sets are more than the {_MOST_REPEATS} that are "
            "kept: give fewer."
        )
    seed = as_seed(seed)
    names = measurable() if quantities is None else list(quantities)
    chosen(names, "measurement")
    spectrum, draw, total = training_sets(population, source or "data", int(counts.max()))
    request = Request.of(spectrum, counts, factors=factors, ridge=ridge, sigma=sigma, seed=seed)
    task = partial(
        _cell,
        draw=draw,
        population=Population(expanded(spectrum), spectrum.dim),
        factors=request.factors,
        ridge=request.ridge,
        sigma=request.sigma,
        quantities=tuple(names),
        seed=seed,
    )
    keys = [(int(n), repeat) for n in counts for repeat in range(size)]
    cells = _run(task, keys, as_count(workers, "workers"), executor)
    measured = [_average(cells[i : i + size], spectrum) for i in range(0, len(cells), size)]
    tau = None if total is None else amplitudes_of(population, spectrum)  # type: ignore[arg-type]
    result = _compare(forecast_subsets(request, total, names, tau), measured, size)
    result.attributes |= provenance(spectrum, ridge=request.ridge, seed=seed, repeats=size)
    result.attributes["population"] = "unlimited" if total is None else f"{total} samples"
    return result


def measurable(*, slow: bool = False, by_noise: bool = True) -> list[str]:
    """Quantities that are measured on finite models.

    Parameters
    ----------
    slow : bool
        Those that take long, too.
    by_noise : bool
        Those that depend on a noise level, too.

    Returns
    -------
    list of str
        Groups, in the order of the table of quantities.
    """
    rows = [
        row
        for row in chosen(None, "measurement")
        if (slow or not row.slow) and (by_noise or "sigma" not in row.dims)
    ]
    return list(dict.fromkeys(row.group or row.key for row in rows))


def _whole(samples: ArrayLike) -> FloatArray:
    counts = np.unique(as_samples(samples))
    if np.any(counts != np.round(counts)):
        raise InputError("samples must be whole numbers in a simulation.")
    return counts


def _cell(
    key: tuple[int, int], *, draw: Draw, population: Population, seed: int, **options: Any
) -> Cell:
    """One pair of training sets, from its own random stream."""
    n, repeat = key
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(n, repeat)))
    both = draw(2 * n, rng)
    return measure_pair(both[:n], both[n:], population, rng=rng, **options)


def _run(
    task: Any, keys: list[tuple[int, int]], workers: int, executor: Executor | None
) -> list[Cell]:
    def collect(results: Iterable[Cell]) -> list[Cell]:
        cells = []
        with phase("measuring finite models", len(keys), "pair") as done:
            for cell in results:
                cells.append(cell)
                done(1)
        return cells

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
    norms = {f"{row.key}_norm" for row in all_quantities() if row.power}
    result = {}
    for key in (key for key in stacked if key not in norms):
        values, power = stacked[key], quantity(key).power
        mean = values.mean(axis=0)
        with np.errstate(invalid="ignore"):
            deviation = values - mean
        if power:
            # Delta method: X/(norm^p (Tr Σ)^{1−p}) varies with both X and its norm.
            norm = stacked[f"{key}_norm"]
            average = norm.mean(axis=0)
            scale = average**power * spectrum.trace ** (1.0 - power)
            relative = (norm - average) / average
            deviation = (deviation - power * mean * relative) / scale
            mean = mean / scale
        result[key] = (mean, _standard_error(deviation))
    return result


def _standard_error(deviation: FloatArray) -> FloatArray:
    """Of the mean over the first axis, in units of a power of two so that no square overflows."""
    largest = np.max(np.abs(deviation), initial=0.0, where=np.isfinite(deviation))
    unit = np.ldexp(0.5, np.frexp(largest)[1])
    repeats = len(deviation)
    squares = np.sum((deviation / unit) ** 2, axis=0)
    return np.asarray(unit * np.sqrt(squares / (repeats - 1) / repeats))


def _compare(
    prediction: Labelled,
    measured: list[dict[str, tuple[FloatArray, FloatArray]]],
    repeats: int,
) -> Labelled:
    """Each measurement with its error, its prediction and the score of their difference."""
    result = Labelled(coordinates=prediction.coordinates, attributes=prediction.attributes)
    for name in measured[0]:
        law = quantity(name).law or name
        if law not in prediction:
            continue
        dims, expected, attributes = prediction.variables[law]
        mean, stderr = (np.stack([row[name][i] for row in measured]) for i in (0, 1))
        z = normal_score(mean, expected, stderr, repeats, prediction.get(f"{law}_stderr", 0.0))
        about = quantity(name).attributes
        result.variables[name] = (dims, mean, about)
        result.variables[f"{name}_stderr"] = (dims, stderr, about | {"long_name": STDERR})
        result.variables[f"{name}_predicted"] = (dims, expected, attributes)
        if f"{law}_gaussian" in prediction:
            result.variables[f"{name}_gaussian"] = prediction.variables[f"{law}_gaussian"]
        result.variables[f"{name}_z"] = (dims, z, {"long_name": SCORE, "units": "1"})
    return result
