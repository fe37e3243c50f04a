"""Order parameters of models fitted to finite data, each an exact average over seeds.

Everything is in the population eigenbasis: rows of X are samples, column k has variance λ_k.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from convergen.theory.common.checks import FloatArray
from convergen.theory.linear.leading_distances import sliced_maximum, split_grid
from convergen.theory.quantities.table import chosen

_SEEDS = 64


@dataclass(frozen=True)
class Population:
    """What measurements are taken against.

    Attributes
    ----------
    eigenvalues : ndarray, shape (r,)
        Positive population eigenvalues, descending, expanded.
    dim : int
        Dimension d ≥ r; the other directions have no variance.
    """

    eigenvalues: FloatArray
    dim: int


@dataclass(frozen=True)
class Fit:
    """Eigen-decomposition of one sample covariance.

    Attributes
    ----------
    data : ndarray, shape (n, r)
        The training set.
    values : ndarray, shape (p,)
        Sample eigenvalues, descending, p = min(n, r).
    vectors : ndarray, shape (r, p)
        Sample eigenvectors.
    squares : ndarray, shape (r, p)
        Their squared components.
    """

    data: FloatArray
    values: FloatArray
    vectors: FloatArray
    squares: FloatArray

    @classmethod
    def of(cls, data: FloatArray) -> Fit:
        """Decompose XᵀX/n, through the Gram matrix where n < r."""
        n, r = data.shape
        if n < r:
            values, left = np.linalg.eigh(data @ data.T / n)
            values, left = np.maximum(values[::-1], 0.0), left[:, ::-1]
            # Values that are rounding of the largest have no direction: their vectors are zero.
            known = values > r * np.finfo(np.float64).eps * values[0]
            values = np.where(known, values, 0.0)
            vectors = data.T @ (left / np.sqrt(np.where(known, n * values, np.inf)))
        else:
            values, vectors = np.linalg.eigh(data.T @ data / n)
            values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
        return cls(data, values, vectors, vectors**2)


@dataclass(frozen=True)
class Pair:
    """Two models trained on disjoint sets, and how they are measured.

    Attributes
    ----------
    fits : tuple of Fit
        The models.
    population : Population
        The truth.
    factors : int
        Leading factors to follow.
    ridge : float
        ρ ≥ 0.
    sigma : ndarray, shape (s,)
        Noise levels of the denoisers.
    rng : numpy.random.Generator
        Source of the seeds for memorisation.
    """

    fits: tuple[Fit, Fit]
    population: Population
    factors: int
    ridge: float
    sigma: FloatArray
    rng: np.random.Generator

    @cached_property
    def overlap(self) -> FloatArray:
        """Squared overlaps of the sample eigenvectors of both."""
        return np.asarray((self.fits[0].vectors.T @ self.fits[1].vectors) ** 2)


def measure_pair(
    first: FloatArray,
    second: FloatArray,
    population: Population,
    *,
    factors: int,
    ridge: float,
    sigma: FloatArray,
    quantities: Iterable[str],
    rng: np.random.Generator,
) -> dict[str, FloatArray]:
    """Raw measurements of two models trained on disjoint sets.

    Parameters
    ----------
    first, second : ndarray, shape (n, r)
        Training sets in the population eigenbasis.
    population : Population
        The truth.
    factors : int
        Leading factors to follow.
    ridge : float
        ρ ≥ 0.
    sigma : ndarray, shape (s,)
        Noise levels of the denoisers.
    quantities : iterable of str
        Keys or groups of quantities that have a measurement.
    rng : numpy.random.Generator
        Source of the seeds for memorisation.

    Returns
    -------
    dict of ndarray
        One entry per quantity; the entries ending in ``_norm`` are the denominators of ratios
        of means.
    """
    pair = Pair((Fit.of(first), Fit.of(second)), population, factors, ridge, sigma, rng)
    rows = chosen(list(quantities), "measurement")
    found: dict[str, FloatArray] = {}
    for path in dict.fromkeys(row.measurement.path for row in rows if row.measurement):
        found |= pkgutil.resolve_name(path)(pair)
    wanted = {row.key for row in rows} | {f"{row.key}_norm" for row in rows if row.power}
    return {key: values for key, values in found.items() if key in wanted}


def convergence(pair: Pair) -> dict[str, FloatArray]:
    """Tr A₁A₂ and Tr A Σ^{1/2} for A = (Σ̂ + ρ)^{1/2} = √ρ + V (√(ℓ+ρ) − √ρ) Vᵀ."""
    fits, population, ridge = pair.fits, pair.population, pair.ridge
    floor, root = np.sqrt(ridge), np.sqrt(population.eigenvalues)
    a, b = (np.sqrt(fit.values + ridge) - floor for fit in fits)
    both = a @ pair.overlap @ b + floor * (a.sum() + b.sum()) + population.dim * ridge
    energy = 0.5 * sum(fit.values.sum() for fit in fits) + population.dim * ridge
    truth = 0.5 * (root @ (fits[0].squares @ a + fits[1].squares @ b)) + floor * root.sum()
    norm = np.asarray(energy)
    return {
        "convergence": np.asarray(both),
        "convergence_norm": norm,
        "convergence_to_truth": np.asarray(truth),
        "convergence_to_truth_norm": norm,
    }


def memorisation(pair: Pair) -> dict[str, FloatArray]:
    """Largest |cosine| of generated samples with the own and the other training set."""
    fits, population, ridge, rng = pair.fits, pair.population, pair.ridge, pair.rng
    n, r = fits[0].data.shape
    samples = fits[0].data.T @ rng.standard_normal((n, _SEEDS)) / np.sqrt(n)
    outside = np.zeros(_SEEDS)
    if ridge > 0.0:
        samples += np.sqrt(ridge) * rng.standard_normal((r, _SEEDS))
        if population.dim > r:
            outside = ridge * rng.chisquare(population.dim - r, _SEEDS)
    samples /= np.sqrt(np.sum(samples**2, axis=0) + outside)
    own, fresh = (
        np.abs(fit.data @ samples / np.linalg.norm(fit.data, axis=1, keepdims=True)) for fit in fits
    )
    return {
        "memorisation": np.asarray(own.max(axis=0).mean()),
        "memorisation_baseline": np.asarray(fresh.max(axis=0).mean()),
    }


def latent_recovery(pair: Pair) -> dict[str, FloatArray]:
    """Squared overlap of factor k; equal eigenvalues share that of their eigenspace.

    Ranks beyond the training samples belong to the null space, any basis of it.
    """
    lam, factors = pair.population.eigenvalues, pair.factors
    result = np.zeros(factors)
    k = 0
    while k < min(factors, lam.size):
        group = np.flatnonzero(lam == lam[k])
        for fit in pair.fits:
            filled = fit.values.size
            own = fit.squares[group]
            total = own[:, group[group < filled]].sum()
            null = np.count_nonzero(group >= filled)
            if null:
                total += null / (pair.population.dim - filled) * (group.size - own.sum())
            result[k : group[-1] + 1] += 0.5 * total / group.size
        k = group[-1] + 1
    return {"latent_recovery": result}


def distances(pair: Pair) -> dict[str, FloatArray]:
    """Bures–Wasserstein distance and Kullback–Leibler divergence, mean of both models."""
    lam, n = pair.population.eigenvalues, pair.fits[0].data.shape[0]
    bures, divergence = 0.0, 0.0
    for fit in pair.fits:
        weighted = fit.data * np.sqrt(lam / n)
        nuclear = np.linalg.svd(weighted, compute_uv=False).sum()
        bures += 0.5 * (lam.sum() + fit.values.sum() - 2.0 * nuclear) / lam.sum()
        divergence += 0.5 * _divergence(fit, pair.population, pair.ridge)
    return {
        "bures_wasserstein": np.asarray(bures),
        "kullback_leibler": np.asarray(divergence),
    }


def _divergence(fit: Fit, population: Population, ridge: float) -> float:
    lam, missing = population.eigenvalues, population.eigenvalues.size - fit.values.size
    singular = missing > 0 or fit.values[-1] <= 1e-13 * fit.values[0]
    if (ridge == 0.0 and singular) or (ridge > 0.0 and population.dim > lam.size):
        return float(np.inf)
    shifted = fit.values + ridge
    within = lam @ fit.squares
    fitted = np.sum(within / shifted)
    log_det = np.log(shifted).sum()
    if missing:
        fitted += (lam.sum() - within.sum()) / ridge
        log_det += missing * np.log(ridge)
    return float(0.5 * (fitted - lam.size + log_det - np.log(lam).sum()))


def leading_distances(pair: Pair) -> dict[str, FloatArray]:
    """Operator norm and max-sliced Wasserstein distance of the first model."""
    fit, lam = pair.fits[0], pair.population.eigenvalues
    covariance, truth = (fit.vectors * fit.values) @ fit.vectors.T, np.diag(lam)
    norm = np.abs(np.linalg.eigvalsh(covariance - truth)).max() / lam[0]

    def largest(first: float, second: float) -> FloatArray:
        both = first * covariance + second * truth
        return np.asarray(np.linalg.eigvalsh(both).max(keepdims=True))

    splits = split_grid(float(fit.data.shape[0]), lam.size)
    sides = [
        sliced_maximum(lambda s: largest(1.0, -(1.0 + s)), splits),
        sliced_maximum(lambda s: largest(-(1.0 + s), 1.0), splits),
    ]
    return {
        "operator_norm": np.asarray(norm),
        "max_sliced_wasserstein": np.max(sides) / np.sqrt(lam[0]),
    }


def denoising(pair: Pair) -> dict[str, FloatArray]:
    """Errors, agreement and variance of the denoisers at every noise level."""
    fits, sigma, lam, factors = pair.fits, pair.sigma, pair.population.eigenvalues, pair.factors
    keys = ("test_error", "train_error", "agreement", "agreement_norm")
    table = {key: np.zeros(sigma.size) for key in keys}
    variance = np.zeros((sigma.size, factors))
    count = min(factors, lam.size)
    for i, z in enumerate(sigma**2):
        shares = [fit.values / (fit.values + z) for fit in fits]
        for fit, share in zip(fits, shares, strict=True):
            energy, within = share @ share, lam @ fit.squares
            fresh = lam.sum() - 2.0 * share @ within + share**2 @ within
            table["test_error"][i] += 0.5 * (fresh + z * energy)
            table["train_error"][i] += 0.5 * ((1.0 - share) ** 2 @ fit.values + z * energy)
            table["agreement_norm"][i] += 0.5 * energy
        table["agreement"][i] = shares[0] @ pair.overlap @ shares[1]
        # Half the squared difference of two independent outputs is their variance.
        rows = [
            (fit.vectors[:count] * share) @ fit.vectors.T
            for fit, share in zip(fits, shares, strict=True)
        ]
        variance[i, :count] = 0.5 * (rows[0] - rows[1]) ** 2 @ (lam + z)
    return {**table, "denoiser_variance": variance}
