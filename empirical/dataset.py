"""Points to learn from, standardised, with the law behind them where it is known."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory.checks import FloatArray, InputError, as_count
from theory.gaussian_denoisers import GaussianDenoiser
from theory.spectrum import Spectrum

if TYPE_CHECKING:
    from theory.gaussian_mixture import GaussianMixture

_BLOCK_BYTES = 2**25


@dataclass(frozen=True, eq=False)
class DataSet:
    """Points in standard units: (raw − mean)/scale.

    Attributes
    ----------
    points : ndarray of float32, shape (N, *shape)
        Vectors (d,) or images (channels, height, width); read-only, perhaps a memory map.
    name : str
        What tables and figures call the data.
    mean : ndarray of float64, shape `shape`, or float
        What was subtracted, raw units; 0 where nothing was.
    scale : float
        What was divided by, raw units: the root mean square of a coordinate after `mean` was
        subtracted, over the law where it is known, else over all points.
    truth : Spectrum, GaussianMixture or None
        Law of the points, standard units. A Spectrum means a Gaussian about zero, and has all its
        eigenvectors.
    groups : ndarray of int64, shape (N,), or None
        Points of one group stay together: they share pixels, for instance.

    Raises
    ------
    InputError
        If shapes do not fit, there is no point, or the points are not float32.
    """

    points: NDArray[np.float32]
    name: str
    mean: FloatArray | float = 0.0
    scale: float = 1.0
    truth: Spectrum | GaussianMixture | None = None
    groups: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        points = self.points
        if points.ndim not in (2, 4) or points.size == 0 or points.dtype != np.float32:
            raise InputError(
                f"points have shape {points.shape} and dtype {points.dtype}: give float32 vectors "
                "(N, d) or images (N, channels, height, width)."
            )
        if self.groups is not None and self.groups.shape != (len(points),):
            raise InputError(
                f"groups have shape {self.groups.shape}, but there are {len(points)} points: give "
                "one number for each."
            )
        locked = points.view()  # the caller's own array stays as it is
        locked.setflags(write=False)
        object.__setattr__(self, "points", locked)

    def __repr__(self) -> str:
        return f"DataSet({self.name}, {len(self.points)} points of shape {self.shape})"

    def __len__(self) -> int:
        return len(self.points)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one point."""
        return self.points.shape[1:]

    @property
    def dim(self) -> int:
        """Number of coordinates d of one point."""
        return math.prod(self.shape)

    @property
    def flat(self) -> NDArray[np.float32]:
        """View of the points as rows, shape (N, d)."""
        return self.points.reshape(len(self.points), -1)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the points, their shape, dtype and groups."""
        found = hashlib.sha256(f"{self.points.dtype.str}{self.points.shape}".encode())
        for block in row_blocks(self.points):
            found.update(np.ascontiguousarray(block))
        if self.groups is not None:
            found.update(self.groups.astype("<i8").tobytes())
        return found.hexdigest()

    def spectrum(self) -> Spectrum:
        """Spectrum of the covariance, eigenvectors included.

        Returns
        -------
        Spectrum
            That of the truth where it is known; else of the second moment of all points about
            zero, which is their covariance if their mean was subtracted.
        """
        return self._spectrum

    @cached_property
    def _spectrum(self) -> Spectrum:
        if isinstance(self.truth, Spectrum):
            return self.truth
        if self.truth is not None:
            return mixture_axes(self.truth)
        found = Spectrum.from_data(self.flat, center=False, source=self.name)
        return replace(found, mean=None)

    def fresh(self, count: int, rng: np.random.Generator) -> NDArray[np.float32] | None:
        """Draw new points from the truth.

        Parameters
        ----------
        count : int
            How many.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of float32, shape (count, *shape), or None
            None where the truth is not known.
        """
        return None if self.truth is None else draw(self.truth, self.shape, count, rng)


def draw(
    law: Spectrum | GaussianMixture,
    shape: tuple[int, ...],
    count: int,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Draw from a law, block by block.

    Parameters
    ----------
    law : Spectrum or GaussianMixture
        A Gaussian about zero, or a mixture.
    shape : tuple of int
        Shape of one point.
    count : int
        How many.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of float32, shape (count, *shape)
    """
    total = as_count(count, "count")
    source: Any = GaussianDenoiser(law) if isinstance(law, Spectrum) else law
    dim = math.prod(shape)
    points = np.empty((total, dim), dtype=np.float32)
    rows = max(1, _BLOCK_BYTES // (8 * dim))
    for start in range(0, total, rows):
        block = points[start : start + rows]
        block[:] = source.sample(len(block), rng).reshape(len(block), dim)
    return points.reshape(total, *shape)


def mixture_axes(mixture: GaussianMixture) -> Spectrum:
    """Spectrum of the covariance of a mixture, with its eigenvectors.

    Parameters
    ----------
    mixture : GaussianMixture
        The mixture.

    Returns
    -------
    Spectrum
    """
    from theory.mixture_prediction import mixture_spectrum

    vectors = np.linalg.eigh(mixture.covariance)[1][:, ::-1].copy()
    return replace(mixture_spectrum(mixture), eigenvectors=vectors)


def standardised(
    source: NDArray[Any],
    shape: Sequence[int],
    *,
    name: str,
    center: str = "data",
    groups: NDArray[np.int64] | None = None,
    out: NDArray[np.float32] | None = None,
) -> DataSet:
    """Subtract the mean and divide by the scale, block by block.

    Parameters
    ----------
    source : ndarray or memmap, shape (N, …)
        Raw points, real numbers.
    shape : sequence of int
        Shape of one point; rows of `source` are reshaped to it.
    name : str
        What tables and figures call the data.
    center : {'data', 'none'}
        Whether the mean over all points is subtracted.
    groups : ndarray of int64, shape (N,), optional
        Points that stay together.
    out : ndarray of float32, shape (N, *shape), optional
        Where the points go; may be `source` itself. Default: new memory.

    Returns
    -------
    DataSet

    Raises
    ------
    InputError
        If a value is not finite, the points do not vary, or `center` is unknown.
    """
    if center not in ("data", "none"):
        raise InputError(f"center must be 'data' or 'none', not {center!r}.")
    dim = math.prod(shape)
    first, rest, scale = _moments(source, dim, name, center)
    points = np.empty((len(source), *shape), dtype=np.float32) if out is None else out
    start = 0
    for block in row_blocks(source):
        rows = (as_float_rows(block, dim) - first - rest) / scale
        points[start : start + len(block)] = rows.reshape(len(block), *shape)
        start += len(block)
    mean: FloatArray | float = (first + rest).reshape(shape) if center == "data" else 0.0
    return DataSet(points, name, mean, scale, None, groups)


def _moments(
    source: NDArray[Any], dim: int, name: str, center: str
) -> tuple[FloatArray, FloatArray, float]:
    """Mean in two parts and scale of raw points."""
    # About the first row, so that a large common offset costs no digits.
    first = np.zeros(dim) if center == "none" else as_float_rows(source[:1], dim)[0]
    rest, square = np.zeros(dim), 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        if center == "data":
            for block in row_blocks(source):
                rest += (_finite(block, dim, name) - first).sum(axis=0) / len(source)
        for block in row_blocks(source):
            rows = _finite(block, dim, name) - first - rest
            square += float(np.sum(rows**2)) / len(source)
    scale = math.sqrt(square / dim)
    if not 0.0 < scale < math.inf:
        raise InputError(
            f"the points of {name} {'do not vary' if scale == 0.0 else 'are too large'}: "
            "give other data."
        )
    return first, rest, scale


def as_float_rows(block: ArrayLike, dim: int) -> FloatArray:
    """Rows of one block as float64.

    Parameters
    ----------
    block : array_like, shape (rows, …)
        Real numbers.
    dim : int
        Coordinates of one row.

    Returns
    -------
    ndarray of float64, shape (rows, dim)
    """
    return np.asarray(block, dtype=np.float64).reshape(-1, dim)


def row_blocks(array: NDArray[Any]) -> list[NDArray[Any]]:
    """Views of successive rows, each small enough to be copied.

    Parameters
    ----------
    array : ndarray or memmap, shape (N, …)
        Any array.

    Returns
    -------
    list of ndarray
    """
    rows = max(1, _BLOCK_BYTES // max(1, 8 * math.prod(array.shape[1:])))
    return [array[start : start + rows] for start in range(0, len(array), rows)]


def _finite(block: NDArray[Any], dim: int, name: str) -> FloatArray:
    rows = as_float_rows(block, dim)
    if not np.all(np.isfinite(rows)):
        raise InputError(f"{name} holds NaN or infinite values: remove or replace them.")
    return rows
