"""Memorisation: largest |cosine| between a generated sample and the training set.

Given X, the model's sample has the law of x̂ = Xᵀa/√n, a ~ N(0, I_n). Two laws follow.

Small n: an average over Gram matrices (`memorisation_gram`).

Larger n: a saddlepoint (`memorisation_saddlepoint`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.brief import brief
from convergen.theory.common.checks import (
    FloatArray,
    as_nonnegative,
    as_positive,
    as_samples,
    as_seed,
)
from convergen.theory.common.machine.blas_threads import one_blas_thread
from convergen.theory.linear.memorised.memorisation_gram import gram_average, gram_monte_carlo
from convergen.theory.linear.memorised.memorisation_saddlepoint import (
    SaddlepointLaw,
    standard_error,
)
from convergen.theory.random_matrices.renormalised_noise import in_units, scaled
from convergen.theory.spectra.spectrum import Spectrum

# Up to SMALL, exact averages over data sets; from LARGE on, the saddlepoint alone.
SMALL, LARGE = 64, 128
# Draws of x̂ where all points lie on one line.
_DRAWS = 1024
# Share of the data sets that a sketch draws.
_SKETCH = 1.0 / 16.0
# Where amplitudes are divided into groups.
_SHARES = np.array([0.3, 0.6, 0.8, 0.9, 0.96, 0.985, 0.995])


@dataclass(frozen=True)
class Memorisation:
    """Memorisation and its fresh-sample baseline, for each n.

    Attributes
    ----------
    value, baseline : ndarray
        E max_i |cos(x̂, x_i)| over the training set, and over a fresh set of the same size.
    stderr, baseline_stderr : ndarray
        Monte Carlo standard errors (over x̂ for the quasi-closed law).
    method : ndarray of str
        ``"gram monte carlo"`` for n ≤ 64; ``"saddlepoint"`` for n ≥ 128; ``"joined"`` between
        them; ``"exact"`` where m = 1; ``"monte carlo"`` for a rank-one Σ with a ridge.
    """

    value: FloatArray
    baseline: FloatArray
    stderr: FloatArray
    baseline_stderr: FloatArray
    method: np.ndarray[tuple[int, ...], np.dtype[np.str_]]

    __repr__ = brief


def memorisation(
    spectrum: Spectrum, samples: ArrayLike, ridge: float = 0.0, *, seed: int = 0
) -> FloatArray:
    """Expected largest |cosine| m(n) of a generated sample with the training set.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like, any shape
        n ≥ 1.
    ridge : float
        ρ ≥ 0.
    seed : int
        Seed of the Monte Carlo average over x̂.

    Returns
    -------
    ndarray, shape of `samples`
        m = E max_i abs(cos(x̂, x_i)) in [0, 1], after arXiv:2605.21402. Compare it with the baseline
        of `memorisation_law`.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> theory.memorisation(spectrum, [10, 100]).round(2)
    array([0.71, 0.68])
    """
    return memorisation_law(spectrum, samples, ridge, seed=seed).value


@one_blas_thread()
def memorisation_law(
    spectrum: Spectrum,
    samples: ArrayLike,
    ridge: float = 0.0,
    *,
    seed: int = 0,
    amplitudes: ArrayLike = 1.0,
) -> Memorisation:
    """Memorisation with baseline, standard errors and the law that was used.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like, any shape
        n ≥ 1; between whole numbers n ≤ 64, m is interpolated.
    ridge : float
        ρ ≥ 0.
    seed : int
        Seed of the Monte Carlo averages. Beyond n = 64 the same x̂ are used for every n, so curves
        are smooth; up to there each n has data sets of its own, and values scatter by `stderr`.
    amplitudes : array_like, shape (t,)
        Squared amplitudes τ > 0 of elliptical data, a sample from their law; only ratios matter. A
        cosine does not know the amplitude of its point, but x̂ has √τ_i a_i of point i.

    Returns
    -------
    Memorisation

    Notes
    -----
    x̂ = Xᵀa/√n and, up to n = 64, the points are drawn; beyond, m = E ∫ 1 − (1 − T(c))^n dc over
    0 < c < 1, T(c) the saddlepoint for one cosine beyond c (docs/derivation.md). They differ by the
    error of the saddlepoint, below 1 % at n = 64, and by their Monte Carlo errors. Between n = 64
    and 128 the difference at n = 64 is added to the saddlepoint with a weight that falls from 1 to
    0 in log n, so that curves have no jump.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> law = theory.memorisation_law(spectrum, [10, 100])
    >>> law.value.round(2), law.baseline.round(2)
    (array([0.71, 0.68]), array([0.51, 0.66]))
    """
    n = as_samples(samples)
    parts = scaled(spectrum)
    rho = float(in_units(np.array(as_nonnegative(ridge, "ridge")), parts.unit, "ridge"))
    tau = _groups(as_positive(amplitudes, "amplitudes").ravel())
    table = np.empty((4, n.size))
    sizes = [n.ravel() <= SMALL, n.ravel() < LARGE]
    methods = np.select(sizes, ["gram monte carlo", "joined"], "saddlepoint").astype(object)
    if spectrum.rank == 1 and rho == 0.0:
        table[:2], table[2:], methods[:] = 1.0, 0.0, "exact"
    elif spectrum.rank == 1:
        for column, count in zip(table.T, n.ravel(), strict=True):
            column[:] = _rank_one(spectrum.dim, float(count), rho, seed)
        methods[:] = "monte carlo"
    else:
        flat = n.ravel()
        for count in np.unique(flat[flat <= SMALL]):
            exact = gram_average(spectrum, count, rho, seed, tau)
            table[:, flat == count] = exact[:, None]
        large = flat > SMALL
        if large.any():
            zeros = spectrum.dim - spectrum.rank
            law = SaddlepointLaw.draw(parts, zeros, rho, float(flat[large].max()), seed, tau)
            for i in np.flatnonzero(large):
                table[:, i] = law.both(flat[i])
            between = large & (flat < LARGE)
            if between.any():
                exact = gram_average(spectrum, float(SMALL), rho, seed, tau)
                for i in np.flatnonzero(between):
                    table[:, i] = _joined(table[:, i], exact, law.both(float(SMALL)), flat[i])
    value, baseline, stderr, baseline_stderr = table.reshape(4, *n.shape)
    return Memorisation(
        value, baseline, stderr, baseline_stderr, methods.astype(str).reshape(n.shape)
    )


@one_blas_thread()
def memorisation_scale(
    spectrum: Spectrum, samples: ArrayLike, ridge: float = 0.0, *, amplitudes: ArrayLike = 1.0
) -> FloatArray:
    """Memorisation and its baseline up to a factor that spectra close to each other share.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like, shape (m,)
        n ≥ 1.
    ridge : float
        ρ ≥ 0.
    amplitudes : array_like, shape (t,)
        As for `memorisation_law`.

    Returns
    -------
    ndarray, shape (m, 2)
        The saddlepoint at every n, averaged over 32 x̂ at the same quantiles for every spectrum.
        Alone it is up to a half off at n = 1; ratios between the spectra that a pilot allows are
        those of `memorisation_law` within 0.02, its Monte Carlo error.
    """
    n, parts = as_samples(samples), scaled(spectrum)
    rho = float(in_units(np.array(as_nonnegative(ridge, "ridge")), parts.unit, "ridge"))
    tau = _groups(as_positive(amplitudes, "amplitudes").ravel())
    zeros = spectrum.dim - spectrum.rank
    law = SaddlepointLaw.spread(parts, zeros, rho, float(n.max()), tau)
    return np.array([law.both(count)[:2] for count in n])


@one_blas_thread()
def memorisation_sketch(
    spectrum: Spectrum,
    samples: ArrayLike,
    ridge: float = 0.0,
    *,
    seed: int = 0,
    amplitudes: ArrayLike = 1.0,
) -> FloatArray:
    """Memorisation and its baseline with few draws, to be drawn while something is being moved.

    Parameters
    ----------
    spectrum, samples, ridge, seed, amplitudes
        As for `memorisation_law`, samples of shape (m,).

    Returns
    -------
    ndarray, shape (m, 2)
        Within some 0.03 of `memorisation_law`, at a thirtieth of its cost.
    """
    n, parts = as_samples(samples), scaled(spectrum)
    if spectrum.rank == 1:
        law = memorisation_law(spectrum, n, ridge, seed=seed)
        return np.stack([law.value, law.baseline], axis=1)
    rho = float(in_units(np.array(as_nonnegative(ridge, "ridge")), parts.unit, "ridge"))
    tau = _groups(as_positive(amplitudes, "amplitudes").ravel())
    zeros = spectrum.dim - spectrum.rank
    law_of_many = SaddlepointLaw.spread(parts, zeros, rho, float(n.max()), tau)
    return np.array(
        [
            gram_monte_carlo(spectrum, round(count), rho, seed, tau, _SKETCH)[:2]
            if count <= SMALL
            else law_of_many.both(count)[:2]
            for count in n
        ]
    )


def _joined(law: FloatArray, exact: FloatArray, law_there: FloatArray, n: float) -> FloatArray:
    """Saddlepoint at n, corrected by its error at n = 64 less and less; errors as of independent.

    Each array holds m, baseline and their standard errors.
    """
    weight = np.log(LARGE / n) / np.log(LARGE / SMALL)
    values = law[:2] + weight * (exact[:2] - law_there[:2])
    return np.append(values, np.hypot(weight * exact[2:], (1.0 - weight) * law[2:]))


def _rank_one(dim: int, samples: float, rho: float, seed: int) -> FloatArray:
    """All points lie on one line: the cosine of x̂ with it, x̂ = sqrt(χ²_n/n + ρ) ξ along it."""
    rng = np.random.default_rng(as_seed(seed))
    along = rng.chisquare(1, _DRAWS) * (rng.chisquare(samples, _DRAWS) / samples + rho)
    across = rho * (rng.chisquare(dim - 1, _DRAWS) if dim > 1 else np.zeros(_DRAWS))
    cosine = np.sqrt(along / (along + across))
    return np.array([cosine.mean()] * 2 + [standard_error(cosine)] * 2)


def _groups(amplitudes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Amplitudes of mean 1 and their weights, a few groups with the largest ones apart."""
    values = np.sort(amplitudes) / amplitudes.mean()
    if values[0] == values[-1]:
        return np.ones(1), np.ones(1)
    ends = np.unique(np.round(values.size * _SHARES).astype(int))
    parts = np.split(values, ends)
    kept = [part for part in parts if part.size]
    return np.array([part.mean() for part in kept]), np.array(
        [part.size / values.size for part in kept]
    )
