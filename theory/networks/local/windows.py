"""Windows: which coordinates a local denoiser looks at for each coordinate that it restores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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

    @property
    def size(self) -> float:
        """Mean number of coordinates of a window."""
        return float(np.diff(self.starts).mean())

    def alone(self) -> NestedWindows:
        """A family of which these are the only windows.

        Returns
        -------
        NestedWindows
        """
        return NestedWindows(self.starts[:-1], self.places, np.diff(self.starts)[None])


@dataclass(frozen=True, eq=False)
class NestedWindows:
    """Several windows for each coordinate that lie in one another, the smallest first.

    Attributes
    ----------
    starts : ndarray of int64, shape (d,)
        Where the coordinates that are seen for each of them begin in `places`.
    places : ndarray of int64
        They, those of smaller windows first.
    cuts : ndarray of int64, shape (T, d)
        How many of them each window holds, ascending along T.
    """

    starts: Places
    places: Places
    cuts: Places

    def __len__(self) -> int:
        """Number T of windows of one coordinate."""
        return len(self.cuts)

    def __iter__(self) -> Iterator[Windows]:
        """The windows of each size."""
        for cuts in self.cuts:
            parts = [
                self.places[start : start + cut]
                for start, cut in zip(self.starts, cuts, strict=True)
            ]
            yield Windows(np.concatenate([[0], np.cumsum(cuts)]), np.concatenate(parts))

    def only(self, kept: Sequence[int]) -> NestedWindows:
        """Some of them.

        Parameters
        ----------
        kept : sequence of int
            Which, ascending.

        Returns
        -------
        NestedWindows
        """
        return NestedWindows(self.starts, self.places, self.cuts[list(kept)])


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
        return next(iter(self.nested(sigma, (threshold,))[1]))

    def nested(
        self, sigma: float, thresholds: Sequence[float]
    ) -> tuple[tuple[float, ...], NestedWindows]:
        """Windows of each threshold, those that repeat left out.

        Parameters
        ----------
        sigma : float
            Noise standard deviation, > 0.
        thresholds : sequence of float
            θ, ascending.

        Returns
        -------
        thresholds : tuple of float
            Those whose windows do not repeat others, descending.
        windows : NestedWindows
            As by `windows`; each larger than the one before it.
        """
        share = np.abs(self.at(sigma))
        share += np.diag(np.diag(share) == 0.0)
        top = share.max(axis=1, keepdims=True)
        every = [(share >= threshold * top).sum(axis=1) for threshold in thresholds]
        # Ascending θ: of equal windows the first is kept.
        new = [k for k in range(len(every)) if k == 0 or every[k].sum() < every[k - 1].sum()]
        kept = new[::-1]
        order = np.argsort(-share, axis=1, kind="stable").astype(np.int64)
        starts = len(share) * np.arange(len(share), dtype=np.int64)
        cuts = np.array([every[k] for k in kept], dtype=np.int64)
        return tuple(thresholds[k] for k in kept), NestedWindows(starts, order.ravel(), cuts)
