"""Points to learn from, standardised, with the law behind them where it is known."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.common.row_blocks import row_blocks
from convergen.theory.sources.source import draw
from convergen.theory.spectra.spectrum import Spectrum

if TYPE_CHECKING:
    from convergen.theory.mixtures.mixture import GaussianMixture


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
    remarks : tuple of str
        What the reader left out or did, as sentences.

    Raises
    ------
    InputError
        If shapes do not fit, there is no point, or the points are not float32.

    Examples
    --------
    >>> import numpy as np
    >>> from convergen.empirical import DataSet
    >>> points = np.random.default_rng(0).standard_normal((100, 8)).astype(np.float32)
    >>> DataSet(points, "noise")
    DataSet(noise, 100 points of shape (8,))
    """

    points: NDArray[np.float32]
    name: str
    mean: FloatArray | float = 0.0
    scale: float = 1.0
    truth: Spectrum | GaussianMixture | None = None
    groups: NDArray[np.int64] | None = None
    remarks: tuple[str, ...] = ()

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
    def standard_mean(self) -> FloatArray | float:
        """What was subtracted in standard units: points + this have raw zero at zero."""
        return self.mean / self.scale

    @property
    def flat(self) -> NDArray[np.float32]:
        """View of the points as rows, shape (N, d)."""
        return self.points.reshape(len(self.points), -1)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the points, their shape, dtype and groups."""
        found = hashlib.sha256(f"{self.points.dtype.str}{self.points.shape}".encode())
        for block in row_blocks(self.points):
            found.update(np.ascontiguousarray(block).data)
        if self.groups is not None:
            found.update(self.groups.astype("<i8").tobytes())
        return found.hexdigest()

    @cached_property
    def span(self) -> float:
        """Largest less smallest value of any coordinate: the peak of the signal."""
        ends = [(float(block.min()), float(block.max())) for block in row_blocks(self.points)]
        low, high = zip(*ends, strict=True)
        return max(high) - min(low)

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
    from convergen.theory.mixtures.covariance_spectrum import mixture_spectrum

    vectors = np.linalg.eigh(mixture.covariance)[1][:, ::-1].copy()
    return replace(mixture_spectrum(mixture), eigenvectors=vectors)
