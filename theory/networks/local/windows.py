"""Windows: which coordinates a local denoiser looks at for each coordinate that it restores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import FloatArray, InputError, as_count

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Windows:
    """One window for each coordinate.

    Attributes
    ----------
    starts : ndarray of int64, shape (d + 1,)
        Where each window begins in `places`.
    places : ndarray of int64
        Coordinates of all windows, one after the other.
    """

    starts: Places
    places: Places

    @classmethod
    def of(cls, seen: NDArray[np.bool_]) -> Self:
        """Windows of a mask.

        Parameters
        ----------
        seen : ndarray of bool, shape (d, d)
            Row p says what is looked at for coordinate p.

        Returns
        -------
        Windows
        """
        starts = np.concatenate([[0], np.cumsum(seen.sum(axis=1))])
        return cls(starts.astype(np.int64), np.nonzero(seen)[1].astype(np.int64))

    @cached_property
    def size(self) -> float:
        """Mean number of coordinates of a window."""
        return float(np.diff(self.starts).mean())


def squares(shape: tuple[int, ...], side: int, *, periodic: bool = False) -> Windows:
    """Square windows of fixed size around each pixel, of all channels.

    Parameters
    ----------
    shape : tuple of int
        (channels, height, width).
    side : int
        Pixels along a side, odd.
    periodic : bool
        Whether windows reach around the edges; otherwise they are cut there.

    Returns
    -------
    Windows

    Raises
    ------
    InputError
        If the points are no images or the side is even.
    """
    if len(shape) != 3:
        raise InputError(
            f"points of shape {shape} have no square windows: give images of shape (channels, "
            "height, width)."
        )
    if as_count(side, "side") % 2 == 0:
        raise InputError(f"a window has a pixel in its middle, so its side is odd, not {side}.")
    channels, height, width = shape
    seen = np.ones((channels, channels), dtype=np.bool_)
    for length in (height, width):
        gap = np.abs(np.subtract.outer(np.arange(length), np.arange(length)))
        near = (np.minimum(gap, length - gap) if periodic else gap) <= side // 2
        seen = np.kron(seen, near)
    return Windows.of(seen)


@dataclass(frozen=True, eq=False)
class WienerFilters:
    """The linear denoisers of a data set, whose large entries say where information is.

    Parameters
    ----------
    rows : ndarray, shape (n, d)
        Points, centred by the caller.
    """

    rows: NDArray[Any]

    @cached_property
    def _axes(self) -> tuple[FloatArray, FloatArray]:
        _, lengths, axes = np.linalg.svd(self.rows.astype(np.float64), full_matrices=False)
        return lengths**2 / len(self.rows), axes

    def at(self, sigma: float) -> FloatArray:
        """F = Σ̂(Σ̂ + σ²)⁻¹.

        Parameters
        ----------
        sigma : float
            Noise standard deviation, > 0.

        Returns
        -------
        ndarray, shape (d, d)
        """
        values, axes = self._axes
        return np.asarray((axes.T * (values / (values + sigma**2))) @ axes)

    def windows(self, sigma: float, threshold: float) -> Windows:
        """Coordinates whose share in the linear estimate is large (arXiv:2509.09672).

        Parameters
        ----------
        sigma : float
            Noise standard deviation, > 0.
        threshold : float
            θ: coordinate j is seen for p if |F_pj| ≥ θ max_j |F_pj|.

        Returns
        -------
        Windows
            Each holds at least one coordinate; a coordinate that never varies sees itself.
        """
        share = np.abs(self.at(sigma))
        top = share.max(axis=1, keepdims=True)
        seen = (share >= threshold * top) & (top > 0.0)
        return Windows.of(seen | np.diag(top[:, 0] == 0.0))

    def distinct(self, sigma: float, thresholds: Sequence[float]) -> list[tuple[float, Windows]]:
        """Windows of each threshold, those that repeat left out.

        Parameters
        ----------
        sigma : float
            Noise standard deviation, > 0.
        thresholds : sequence of float
            θ, ascending.

        Returns
        -------
        list of (float, Windows)
            Each smaller than the one before it.
        """
        found: list[tuple[float, Windows]] = []
        for threshold in thresholds:
            windows = self.windows(sigma, threshold)
            if not found or windows.places.size < found[-1][1].places.size:
                found.append((threshold, windows))
        return found
