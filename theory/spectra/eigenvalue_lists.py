"""What a list of eigenvalues must be, which are equal up to rounding, which lead."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import FloatArray, InputError, as_count, as_finite
from convergen.theory.messages.option_errors import OptionError, OptionName

EPS = float(np.finfo(np.float64).eps)
# Relative distance within which two numbers may stand for the same one: it covers 15 printed
# digits, a change of units and short sums.
SAME = 64.0 * EPS
# Predictions for a power law of this length take little more than a gigabyte.
_LONGEST = 20_000_000
_MOST_FACTORS = 100_000
# A subnormal λ/λ_max has lost its digits: it is zero for every sum of this package.
_NEGLIGIBLE = 1e-307


def solver_error(largest: float, size: int, eps: float = EPS) -> float:
    """Absolute error of the eigenvalues that a symmetric eigensolver finds.

    Parameters
    ----------
    largest : float
        Largest eigenvalue λ₁.
    size : int
        Rows r of the matrix.
    eps : float
        Machine precision of its entries.

    Returns
    -------
    float
        4 √r ε λ₁: twice how far equal eigenvalues of Gram matrices of data come apart, with r from
        10 to 400. The proven bound r ε λ₁ is far from being reached.
    """
    return 4.0 * sqrt(size) * eps * largest


def checked_eigenvalues(
    values: ArrayLike, multiplicities: ArrayLike | None
) -> tuple[FloatArray, FloatArray]:
    """Check a list of eigenvalues and how often each occurs.

    Parameters
    ----------
    values : array_like, shape (k,)
        Eigenvalues ≥ 0, at least one of them positive.
    multiplicities : array_like of int, shape (k,), or None
        None stands for 1 each.

    Returns
    -------
    tuple of ndarray, shape (k,)
        Both, as floats, in the given order; negligible eigenvalues are 0.

    Raises
    ------
    InputError
        If a value is negative or not finite, all are zero, or the shapes differ.
    """
    eigenvalues = np.atleast_1d(as_finite(values, "eigenvalues"))
    if eigenvalues.ndim != 1 or eigenvalues.size == 0:
        raise InputError(
            f"eigenvalues must be a non-empty list, not an array of shape {eigenvalues.shape}: "
            "give one number per eigenvalue (from_data takes a data matrix)."
        )
    if np.any(eigenvalues < 0.0):
        raise InputError(
            f"eigenvalues must not be negative, but {eigenvalues.min():g} was given: "
            "a covariance has none, so check the matrix or set rounding errors to 0."
        )
    if not np.any(eigenvalues >= np.finfo(np.float64).tiny):
        raise InputError("all eigenvalues are zero: at least one must be positive.")
    eigenvalues = np.where(eigenvalues / eigenvalues.max() < _NEGLIGIBLE, 0.0, eigenvalues)
    if multiplicities is None:
        return eigenvalues, np.ones_like(eigenvalues)
    counts = np.atleast_1d(as_finite(multiplicities, "multiplicities"))
    if counts.shape != eigenvalues.shape:
        raise InputError(
            f"{counts.size} multiplicities were given for {eigenvalues.size} eigenvalues: "
            "give one for each."
        )
    if np.any(counts <= 0.0):
        raise InputError("multiplicities must be positive: leave out what does not occur.")
    return eigenvalues, counts


def checked_axes(eigenvectors: FloatArray, dim: int) -> FloatArray:
    """Check eigenvectors that belong to a spectrum.

    Parameters
    ----------
    eigenvectors : ndarray, shape (dim, r)
        Columns for the leading r ≤ dim eigenvalues.
    dim : int
        Dimension of the spectrum.

    Returns
    -------
    ndarray, shape (dim, r)

    Raises
    ------
    InputError
        If the shape differs or a value is not finite.
    """
    axes = as_finite(eigenvectors, "eigenvectors")
    if axes.ndim != 2 or not axes.shape[1] <= dim == len(axes):
        raise InputError(
            f"eigenvectors have shape {axes.shape}, but the spectrum has dimension {dim}: give "
            "one column of that length for each leading eigenvalue."
        )
    return axes


def checked_mean(mean: FloatArray, dim: int) -> FloatArray:
    """Check a mean that belongs to a spectrum.

    Parameters
    ----------
    mean : ndarray, shape (dim,)
        Mean of the data.
    dim : int
        Dimension of the spectrum.

    Returns
    -------
    ndarray, shape (dim,)

    Raises
    ------
    InputError
        If the shape differs or a value is not finite.
    """
    centre = as_finite(mean, "mean")
    if centre.shape != (dim,):
        raise InputError(
            f"mean has shape {centre.shape}, but the spectrum has dimension {dim}: "
            f"give {dim} numbers."
        )
    return centre


def checked_spikes(spikes: ArrayLike, dim: int) -> FloatArray:
    """Check eigenvalues that are set apart from a bulk.

    Parameters
    ----------
    spikes : array_like, shape (s,)
        The eigenvalues.
    dim : int
        Dimension of the spectrum, s < dim.

    Returns
    -------
    ndarray, shape (s,)

    Raises
    ------
    InputError
        If they are not a list of numbers, or leave no room for a bulk.
    """
    values = np.atleast_1d(as_finite(spikes, "spikes"))
    if values.ndim != 1:
        raise InputError(f"spikes must be a list, not an array of shape {values.shape}.")
    if dim - values.size < 1:
        raise InputError(
            f"{values.size} spikes do not fit beside a bulk in dimension {dim}: "
            f"use dim of at least {values.size + 1}."
        )
    return values


def power_law_eigenvalues(dim: int, exponent: float) -> FloatArray:
    """Eigenvalues k^(−exponent), k = 1 … dim.

    Parameters
    ----------
    dim : int
        Dimension d ≥ 1.
    exponent : float
        α ≥ 0.

    Returns
    -------
    ndarray, shape (dim,)

    Raises
    ------
    InputError
        If there are too many of them, or the smallest leaves the range of double precision.
    """
    if dim > _LONGEST:
        raise OptionError(
            f"a power law in dimension {dim} would hold as many eigenvalues in memory: use ",
            OptionName("dim"),
            f" of at most {_LONGEST}.",
        )
    if exponent * np.log10(dim) > 300.0:
        raise InputError(
            f"a power law with exponent {exponent:g} in dimension {dim} spans more than 300 "
            "decades: lower one of the two."
        )
    values = np.arange(1.0, dim + 1.0)
    np.power(values, -exponent, out=values)
    return values


def leading_groups(
    multiplicities: FloatArray, dim: int, factors: int
) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Index of the distinct eigenvalue that each of the leading factors has.

    Parameters
    ----------
    multiplicities : ndarray, shape (k,)
        Of the distinct eigenvalues, in descending order.
    dim : int
        Dimension of the spectrum.
    factors : int
        How many, 1 ≤ factors ≤ dim.

    Returns
    -------
    ndarray of int, shape (factors,)

    Raises
    ------
    InputError
        If there are fewer factors than that.
    """
    count = as_count(factors, "factors")
    if count > (most := min(dim, _MOST_FACTORS)):
        raise InputError(
            f"factors = {count} was asked for, but the spectrum has {dim} dimensions: "
            f"use at most {most}."
        )
    ends = np.cumsum(multiplicities[:count])
    if ends[-1] < count:  # real multiplicities below 1: more of them than factors
        ends = np.cumsum(multiplicities)
    return np.searchsorted(np.round(ends), np.arange(count), side="right")


def means_of_ranks(values: FloatArray, multiplicities: FloatArray, factors: int) -> FloatArray:
    """Mean eigenvalue of each of the leading directions, of which some share several values.

    Parameters
    ----------
    values, multiplicities : ndarray, shape (k,)
        Distinct eigenvalues, in descending order, and how many directions each has, a real number.
    factors : int
        How many directions.

    Returns
    -------
    ndarray, shape (factors,)
        Descending.
    """
    ends = np.append(0.0, np.cumsum(multiplicities))
    # Sums from the smallest one up, so that small values keep their digits.
    beyond = np.append(np.cumsum((multiplicities * values)[::-1])[::-1], 0.0)
    return np.asarray(-np.diff(np.interp(np.arange(factors + 1.0), ends, beyond)))


def merge_equal(
    values: FloatArray, counts: FloatArray, error: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Merge eigenvalues that are equal up to rounding.

    Parameters
    ----------
    values, counts : ndarray, shape (k,)
        Eigenvalues ≥ 0 in any order, and how often each occurs.
    error : float
        Absolute error of the values; a relative one of `SAME` is always allowed for.

    Returns
    -------
    tuple of ndarray
        Distinct eigenvalues, strictly descending, and multiplicities. Positive values within the
        error of each other become their mean; those of a continuum are cut into pieces of that
        width. Exact zeros stay apart.
    """
    ascending, inverse = np.unique(values, return_inverse=True)
    lam = ascending[::-1].copy()
    w = np.bincount(inverse, weights=counts)[::-1].astype(np.float64)
    positive = int(np.count_nonzero(lam))
    drop = lam[: positive - 1] - lam[1:positive]
    apart = drop > np.maximum(error, SAME * lam[: positive - 1])
    if apart.all():
        return lam, w
    chain = np.concatenate([[0], np.flatnonzero(apart) + 1])
    top = np.repeat(lam[chain], np.diff(np.append(chain, positive)))
    piece = np.floor((top - lam[:positive]) / np.maximum(error, SAME * top))
    begins = np.concatenate([[True], apart | (np.diff(piece) != 0.0)])
    start = np.flatnonzero(begins)
    below = lam[start][np.cumsum(begins) - 1] - lam[:positive]
    total = np.add.reduceat(w[:positive], start)
    mean = lam[start] - np.add.reduceat(w[:positive] * below, start) / total
    return np.append(mean, lam[positive:]), np.append(total, w[positive:])
