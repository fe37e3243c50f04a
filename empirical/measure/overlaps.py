"""Overlaps of generated points: with another model, with the truth, with the latent factors."""

from __future__ import annotations

import math
from contextlib import suppress
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from convergen.empirical.measure.intervals import Estimate, bootstrap, ratio
from convergen.theory.common.checks import FloatArray, InputError, as_count
from convergen.theory.common.row_blocks import as_float_rows, mean_row, row_blocks
from convergen.theory.spectra.spectrum import Spectrum

# Size from which leading eigenvectors are found by Lanczos steps, and vectors that these keep.
_LARGE, _BASIS = 1024, 64


def draw_products(first: NDArray[Any], second: NDArray[Any]) -> FloatArray:
    """What each draw contributes to the overlap of two models.

    Parameters
    ----------
    first, second : ndarray, shape (draws, …)
        Points that two models made of the same seeds.

    Returns
    -------
    ndarray, shape (draws, 3)
        ⟨x, y⟩, |x|² and |y|², each divided by the dimension.

    Raises
    ------
    InputError
        If the shapes differ.
    """
    if first.shape != second.shape:
        raise InputError(
            f"two sets of points have shapes {first.shape} and {second.shape}: convergence "
            "compares point by point what two models made of the same seeds."
        )
    x, y = _flat(first), _flat(second)
    pairs = ((x, y), (x, x), (y, y))
    return np.stack([np.einsum("ij,ij->i", a, b) for a, b in pairs], axis=1) / x.shape[1]


def convergence(first: NDArray[Any], second: NDArray[Any], rng: np.random.Generator) -> Estimate:
    """Normalised overlap q = E⟨x, y⟩/(E|x|² E|y|²)^{1/2} of two models on the same seeds.

    Parameters
    ----------
    first, second : ndarray, shape (draws, …)
        Points that two models made of the same seeds.
    rng : numpy.random.Generator
        For the bootstrap over draws.

    Returns
    -------
    Estimate
        Blind to the scale of either: look at the variance of the points, too.
    """
    return bootstrap(draw_products(first, second), ratio, rng)


def axes_of(points: NDArray[Any]) -> FloatArray:
    """Eigenvectors of the second moment of points about the origin.

    Parameters
    ----------
    points : ndarray, shape (draws, …)
        Generated points.

    Returns
    -------
    ndarray, shape (d, d)
        Columns, largest eigenvalue first.
    """
    rows = _flat(points)
    return np.linalg.eigh(rows.T @ rows)[1][:, ::-1]


def leading_axes(points: NDArray[Any], count: int, *, center: bool = False) -> FloatArray:
    """The first of `axes_of`, in the time that the smaller of draws and dimensions asks for.

    Parameters
    ----------
    points : ndarray or memmap, shape (draws, …)
        Points; read in blocks where there are more of them than dimensions.
    count : int
        How many axes; those beyond the number of draws are 0.
    center : bool
        Whether they are about the mean of the points.

    Returns
    -------
    ndarray, shape (d, count)
        Columns, largest eigenvalue first.
    """
    draws, dim = len(points), math.prod(points.shape[1:])
    wide, size = draws < dim, min(draws, dim)
    found = min(count, size)
    mean = mean_row(points) if center else np.zeros(dim)
    axes = np.zeros((dim, count))
    if wide:
        rows = as_float_rows(points, dim) - mean
        axes[:, :found] = rows.T @ _leading_vectors(rows @ rows.T, found)
    else:
        square = np.zeros((dim, dim))
        for block in row_blocks(points):
            part = as_float_rows(block, dim) - mean
            square += part.T @ part
        axes[:, :found] = _leading_vectors(square, found)
    lengths = np.linalg.norm(axes, axis=0)
    return np.divide(axes, lengths, out=np.zeros_like(axes), where=lengths.astype(bool))


def _leading_vectors(square: FloatArray, count: int) -> FloatArray:
    """Eigenvectors of a symmetric matrix, largest eigenvalue first."""
    size = len(square)
    if size > _LARGE:
        from scipy.sparse.linalg import ArpackNoConvergence, eigsh

        # A tenth of the time of LAPACK, unless eigenvalues crowd; the start is arbitrary.
        start = np.random.default_rng(0).standard_normal(size)
        with suppress(ArpackNoConvergence):
            values, vectors = eigsh(square, count, v0=start, ncv=max(_BASIS, 2 * count + 1))
            return np.asarray(vectors[:, np.argsort(-values)])
    return np.asarray(eigh(square, subset_by_index=(size - count, size - 1))[1][:, ::-1])


def latent_recovery(axes: FloatArray, spectrum: Spectrum, factors: int) -> FloatArray:
    """Squared overlap of the leading learnt axes with the true factors.

    Parameters
    ----------
    axes : ndarray, shape (d, ranks)
        From `axes_of`, or as many of `leading_axes` as the eigenspaces of these factors have.
    spectrum : Spectrum
        Population spectrum with its eigenvectors.
    factors : int
        How many, r.

    Returns
    -------
    ndarray, shape (factors,)
        Q_k = ⟨v̂_k, v_k⟩². Members of a degenerate group of m share the mean squared overlap of
        its m ranks with its eigenspace.
    """
    groups, sizes = spectrum.groups(factors), spectrum.multiplicities.astype(int)
    starts = np.concatenate([[0], np.cumsum(sizes)])[: groups[-1] + 2]
    squares = _squares(axes, spectrum, int(starts[-1]))
    shared = [squares[i:j, i:j].sum() / (j - i) for i, j in pairwise(starts)]
    return np.array(shared)[groups]


def subspace_overlap(axes: FloatArray, spectrum: Spectrum, factors: int) -> FloatArray:
    """Overlap of the span of the r leading learnt axes with that of the r leading factors.

    Parameters
    ----------
    axes : ndarray, shape (d, d)
        From `axes_of`.
    spectrum : Spectrum
        Population spectrum with its eigenvectors.
    factors : int
        Largest r.

    Returns
    -------
    ndarray, shape (factors,)
        (1/r) Σ_{i,j≤r} ⟨v̂_i, v_j⟩² for r = 1 … factors; NaN where r cuts a degenerate group,
        whose span is no property of the law.
    """
    count = as_count(factors, "factors")
    squares = _squares(axes, spectrum, count)[:count]
    ranks = np.arange(1, count + 1)
    inside = np.diagonal(squares.cumsum(axis=0).cumsum(axis=1)) / ranks
    whole = np.isin(ranks, np.cumsum(spectrum.multiplicities).astype(int))
    return np.where(whole, inside, np.nan)


def _squares(axes: FloatArray, spectrum: Spectrum, count: int) -> FloatArray:
    """⟨v̂_i, v_j⟩² for j ≤ count, learnt axes along the rows."""
    vectors = spectrum.eigenvectors
    if vectors is None or vectors.shape[1] < count:
        raise InputError(
            f"recovery of {count} factors needs as many eigenvectors of the truth: use the "
            "spectrum of data, or fewer factors."
        )
    return np.asarray((axes.T @ vectors[:, :count]) ** 2)


def _flat(points: NDArray[Any]) -> FloatArray:
    return np.asarray(points, np.float64).reshape(len(points), -1)
