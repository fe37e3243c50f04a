"""Eigen-decomposition of a data covariance, block by block: the data may exceed memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.checks import FloatArray, InputError, as_count
from convergen.theory.spectra.eigenvalue_lists import solver_error
from convergen.theory.spectra.spectrum import Spectrum

_BLOCK_BYTES = 64 * 2**20
# Inside these bounds no square, sum of squares or kept eigenvalue leaves the float64 range.
_LARGEST_VALUE = 1e140
_SMALLEST_VARIANCE = 1e-280
_ORTHONORMAL = 1e-13


@dataclass(frozen=True, eq=False)
class PrincipalComponents:
    """Spectrum and principal axes of a data covariance Σ = X̃ᵀX̃/n.

    Attributes
    ----------
    eigenvalues : ndarray of float64, shape (features,)
        Descending, in squared units of the data; exactly 0 beyond the numerical rank r.
    eigenvectors : ndarray of float64, shape (features, r)
        Orthonormal columns, one for each positive eigenvalue in the same order. Their signs are
        arbitrary.
    mean : ndarray of float64, shape (features,)
        What was subtracted from every row; zeros without centring.
    samples : int
        Number of rows n.
    left : ndarray of float64, shape (n, r) or None
        Left singular vectors, one column for each positive eigenvalue; known without further work
        where there are fewer rows than features.
    """

    eigenvalues: FloatArray
    eigenvectors: FloatArray
    mean: FloatArray
    samples: int
    left: FloatArray | None = None

    def spectrum(self, source: str = "data") -> Spectrum:
        """Spectrum and eigenvectors of the points.

        Parameters
        ----------
        source : str
            Label kept with every result.

        Returns
        -------
        Spectrum
            As `Spectrum.from_data`.
        """
        lam = self.eigenvalues
        error = solver_error(float(lam[0]), min(self.samples, lam.size))
        spectrum = Spectrum.from_eigenvalues(lam, error=error, source=source)
        # Not through from_eigenvalues, which copies: the eigenvectors may be as large as the data.
        return replace(spectrum, eigenvectors=self.eigenvectors, mean=self.mean)


def principal_components(
    data: ArrayLike | np.memmap[Any, Any], *, center: bool = True, block_rows: int | None = None
) -> PrincipalComponents:
    """Diagonalise the covariance Σ = X̃ᵀX̃/n of the rows of a data matrix.

    With at least as many samples as features the features × features covariance is accumulated over
    blocks of rows; otherwise the samples × samples Gram matrix over blocks of columns, whose
    eigenvectors U give those of Σ as X̃ᵀU/√(nλ). Only one block at a time is held as float64.

    Parameters
    ----------
    data : array_like, shape (samples, features) or (samples, height, width, ...)
        Booleans, integers or floats of at most 64 bits, in any units; further dimensions are
        flattened in C order. Memory maps stay on disk. Integers beyond 2⁵³ are rounded.
    center : bool
        Subtract the mean over all rows (the divisor stays n); otherwise Σ is the second moment
        about zero.
    block_rows : int, optional
        Rows read at a time, or columns when samples < features; by default as many as fill 64 MiB.

    Returns
    -------
    PrincipalComponents
        Eigenvalues below max(samples, features) · eps · largest are rounding and set to 0.

    Raises
    ------
    InputError
        If the data are not real numbers of at most 64 bits, have fewer than two dimensions, fewer
        than two rows or no column, hold NaN or infinities, do not vary, or are so large that the
        covariance could overflow.
    """
    array = _as_table(data)
    samples, features = len(array), math.prod(array.shape[1:])
    size = None if block_rows is None else as_count(block_rows, "block_rows")
    decompose = _from_covariance if features <= samples else _from_gram
    size = size or max(1, _BLOCK_BYTES // (8 * min(samples, features)))
    return decompose(array, features, center, size)


def _from_covariance(
    array: NDArray[Any], features: int, center: bool, size: int
) -> PrincipalComponents:
    """Diagonalise the features × features covariance, accumulated over blocks of rows."""
    samples = len(array)
    first, shift = np.zeros(features), np.zeros(features)
    if center:
        # Deviations from the first row, not the values, are averaged: a large common mean then
        # costs no digits, and a constant feature gets a variance of exactly zero.
        first = array[0].reshape(features).astype(np.float64)
        for block in _row_blocks(array, features, size):
            block -= first
            shift += block.sum(axis=0)
        shift /= samples
    covariance = np.zeros((features, features))
    for block in _row_blocks(array, features, size):
        block -= first
        block -= shift
        covariance += block.T @ block
    covariance /= samples
    values, vectors = _descending(covariance, max(samples, features), center)
    eigenvalues = np.zeros(features)
    eigenvalues[: len(values)] = values
    return PrincipalComponents(eigenvalues, vectors, first + shift, samples)


def _from_gram(array: NDArray[Any], features: int, center: bool, size: int) -> PrincipalComponents:
    """Diagonalise the samples × samples Gram matrix, accumulated over blocks of columns."""
    samples = len(array)
    mean = np.zeros(features)
    gram = np.zeros((samples, samples))
    for columns, block in _column_blocks(array, features, size):
        if center:
            mean[columns] = _centre_columns(block)
        gram += block @ block.T
    gram /= samples
    values, left = _descending(gram, max(samples, features), center)
    scaled = left / np.sqrt(samples * values)
    vectors = np.empty((features, len(values)))
    for columns, block in _column_blocks(array, features, size):
        if center:
            _centre_columns(block)
        vectors[columns] = block.T @ scaled
    # Rounding of relative size eps · λ₁/λ tilts the axes of small eigenvalues towards each other;
    # QR keeps the accurate leading axes and corrects the later ones against them.
    overlap = vectors.T @ vectors
    overlap.flat[:: len(values) + 1] -= 1.0
    if np.abs(overlap).max() > _ORTHONORMAL:
        vectors = np.linalg.qr(vectors).Q
    eigenvalues = np.zeros(features)
    eigenvalues[: len(values)] = values
    return PrincipalComponents(eigenvalues, vectors, mean, samples, left)


def _centre_columns(block: FloatArray) -> FloatArray:
    """Subtract each column's mean in place and return the means."""
    first = block[0].copy()  # as in _from_covariance: no digits lost to a large common mean
    block -= first
    shift = block.mean(axis=0)
    block -= shift
    mean: FloatArray = first + shift
    return mean


def _descending(matrix: FloatArray, longer: int, center: bool) -> tuple[FloatArray, FloatArray]:
    """Eigenpairs above rounding, largest first."""
    values, vectors = np.linalg.eigh(matrix)
    values, vectors = values[::-1], vectors[:, ::-1]
    if values[0] < _SMALLEST_VARIANCE:
        found = "is constant over the rows" if center else "is zero"
        raise InputError(
            f"data has no variance, every column {found} to within {_SMALLEST_VARIANCE**0.5:g}: "
            "give samples that differ, or multiply tiny values by a constant."
        )
    rank = int(np.count_nonzero(values >= longer * np.finfo(np.float64).eps * values[0]))
    return values[:rank].copy(), vectors[:, :rank].copy()


def _as_table(data: ArrayLike | np.memmap[Any, Any]) -> NDArray[Any]:
    """Check type and shape without reading the values."""
    try:
        array: NDArray[Any] = np.asarray(data)
    except ValueError:
        raise InputError(
            "data has rows of different lengths: give every sample the same number of features."
        ) from None
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise InputError(
            f"data must hold booleans, integers or floats of at most 64 bits, but has dtype "
            f"{array.dtype}: convert it to float64 first."
        )
    if array.ndim < 2:
        raise InputError(
            f"data must have shape (samples, features) or (samples, height, width, ...), not "
            f"{array.shape}: reshape it so that each row is one sample."
        )
    if len(array) < 2:
        raise InputError(
            f"data has {len(array)} row(s), but a covariance needs at least 2: give more samples."
        )
    if array.size == 0:
        raise InputError(f"data of shape {array.shape} has no column: give at least one feature.")
    # A view for C order; other layouts are flattened block by block instead of copied here.
    return array.reshape(len(array), -1) if array.flags.c_contiguous else array


def _row_blocks(array: NDArray[Any], features: int, size: int) -> Iterator[FloatArray]:
    """Yield float64 copies of successive rows, checked."""
    for start in range(0, len(array), size):
        rows = array[start : start + size]
        block = rows.reshape(len(rows), features).astype(np.float64)
        _check_block(block, array)
        yield block


def _column_blocks(
    array: NDArray[Any], features: int, size: int
) -> Iterator[tuple[slice, FloatArray]]:
    """Yield float64 copies of successive columns with their positions, checked."""
    for start in range(0, features, size):
        columns = slice(start, min(start + size, features))
        index: tuple[Any, ...] = (columns,)
        if array.ndim > 2:
            index = np.unravel_index(np.arange(start, columns.stop), array.shape[1:])
        block = array[(slice(None), *index)].astype(np.float64)
        _check_block(block, array)
        yield columns, block


def _check_block(block: FloatArray, array: NDArray[Any]) -> None:
    """Refuse NaN, infinities and values whose squares could overflow."""
    peak = max(float(block.max()), -float(block.min()))
    if not math.isfinite(peak):
        _refuse_nonfinite(array)
    if peak > _LARGEST_VALUE:
        raise InputError(
            f"data reaches {peak:g}, but values beyond {_LARGEST_VALUE:g} could overflow the "
            "covariance: divide the data by a constant."
        )


def _refuse_nonfinite(array: NDArray[Any]) -> NoReturn:
    """Count NaN and infinities in all the data, because one block may hold only a few of them."""
    size = max(1, _BLOCK_BYTES * len(array) // (8 * array.size))
    axes = tuple(range(1, array.ndim))
    bad = np.concatenate(
        [
            np.count_nonzero(~np.isfinite(array[start : start + size]), axis=axes)
            for start in range(0, len(array), size)
        ]
    )
    raise InputError(
        f"data holds {bad.sum()} value(s) that are NaN or infinite, the first in row "
        f"{np.flatnonzero(bad)[0]} (counted from 0): remove or replace them."
    )
