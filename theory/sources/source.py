"""What a source gives: its population spectrum, its points, and its law where that is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import InputError, as_count
from convergen.theory.common.row_blocks import row_blocks
from convergen.theory.data.record import Record
from convergen.theory.messages.sizes import size_words
from convergen.theory.sources.points import Points

if TYPE_CHECKING:
    from convergen.theory.mixtures.mixture import GaussianMixture
    from convergen.theory.spectra.spectrum import Spectrum

_LARGEST = 2**35  # bytes


@dataclass(frozen=True, eq=False)
class KnownLaw:
    """A law with its directions, and points drawn from it.

    Attributes
    ----------
    truth : Spectrum or GaussianMixture
        In standard units: mean variance of a coordinate 1. A Spectrum is a Gaussian about zero and
        has all its eigenvectors.
    scale : float
        What raw values are divided by.
    points : ndarray of float32, shape (N, *shape)
        Draws, standard units.
    """

    truth: Spectrum | GaussianMixture
    scale: float
    points: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Source:
    """A source that was loaded; nothing large is computed before it is asked for.

    Attributes
    ----------
    name : str
        What tables and figures call it.
    make_spectrum : callable
        Gives the population spectrum.
    mixture : GaussianMixture or None
        The mixture, raw units, if it is one.
    make_known : callable or None
        Gives the law with its directions and draws from it, where the law is known.
    make_points : callable or None
        Gives the points of a data set.
    files : tuple of Path
        What those points are read from, where they may be many.
    size : tuple of int
        (N, *shape) of points in files, known before they are read.
    label : str
        Label of its spectrum where that differs from the name.
    record : Record or None
        How points in files were stored, and what is done to them.
    make_blocks : callable or None
        Gives the points a few at a time, where they need not all be held or kept for that.
    """

    name: str
    make_spectrum: Callable[[], Spectrum]
    mixture: GaussianMixture | None = None
    make_known: Callable[[], KnownLaw] | None = None
    make_points: Callable[[], Points] | None = None
    files: tuple[Path, ...] = ()
    size: tuple[int, ...] = ()
    label: str = ""
    record: Record | None = None
    make_blocks: Callable[[], Iterator[NDArray[Any]]] | None = None

    def __repr__(self) -> str:
        size = f", {self.size[0]} points of shape {self.size[1:]}" if self.size else ""
        kind = "data" if self.make_points else "known law"
        return f"Source({self.label or self.name}: {kind}{size})"

    @cached_property
    def spectrum(self) -> Spectrum:
        """Population spectrum: that of the law where it is known, else of all points."""
        return self.make_spectrum()

    @cached_property
    def known(self) -> KnownLaw | None:
        """The law with its directions and draws; None for data sets."""
        return None if self.make_known is None else self.make_known()

    @cached_property
    def points(self) -> Points:
        """Points of a data set, or draws from the law, raw units."""
        if self.make_points is not None:
            return self.make_points()
        known = self.known
        assert known is not None
        return Points(self.name, known.points * np.float32(known.scale), known.points.shape[1:])

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Successive rows of the points, of which none need be held.

        Yields
        ------
        ndarray, shape (…, *shape of one point)
        """
        yield from row_blocks(self.points.rows) if self.make_blocks is None else self.make_blocks()

    @property
    def data(self) -> NDArray[Any] | None:
        """Rows of a data set; None where the law is known."""
        return None if self.make_points is None else self.points.rows

    @property
    def law(self) -> Any:
        """Mixture, rows of the data set, or spectrum of the Gaussian."""
        if self.mixture is not None:
            return self.mixture
        return self.spectrum if self.data is None else self.data

    def fresh(self, count: int, rng: np.random.Generator) -> NDArray[np.float32] | None:
        """Draw new points from the law.

        Parameters
        ----------
        count : int
            How many.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of float32, shape (count, *shape), or None
            Raw units; None where the law is not known.
        """
        if self.known is None:
            return None
        shape = self.known.points.shape[1:]
        return draw(self.known.truth, shape, count, rng) * np.float32(self.known.scale)


def data_source(
    name: str,
    make_points: Callable[[], Points],
    *,
    label: str | None = None,
    files: tuple[Path, ...] = (),
    size: tuple[int, ...] = (),
    record: Record | None = None,
    make_blocks: Callable[[], Iterator[NDArray[Any]]] | None = None,
) -> Source:
    """Source of a data set.

    Parameters
    ----------
    name : str
        What tables and figures call it.
    make_points : callable
        Gives its points.
    label : str, optional
        Label of its spectrum; default `name`.
    files : tuple of Path
        What the points are read from, where they may be many.
    size : tuple of int
        (N, *shape) of points in files.
    record : Record, optional
        How they were stored.
    make_blocks : callable, optional
        Gives the points a few at a time.

    Returns
    -------
    Source
    """

    def spectrum() -> Spectrum:
        from convergen.theory.spectra.spectrum import Spectrum

        return Spectrum.from_data(found.points.rows, source=label or name)

    found = Source(
        name, spectrum, make_points=make_points, files=files, size=size, label=label or name,
        record=record, make_blocks=make_blocks,
    )  # fmt: skip
    return found


def check_covariance(count: int, dim: int, name: str) -> None:
    """Refuse data whose eigenvectors would not fit in memory, before any is read.

    Parameters
    ----------
    count, dim : int
        Points, and coordinates of each.
    name : str
        What the message calls the data.

    Raises
    ------
    InputError
        If min(N, d) eigenvectors of d coordinates would take more than 34 GB.
    """
    size = 8 * dim * min(count, dim)
    if size > _LARGEST:
        raise InputError(
            f"{count} points of {dim} coordinates have {size_words(size)} of eigenvectors "
            f"({name}), but at most {size_words(_LARGEST)} are held: give fewer points, or fewer "
            "coordinates."
        )


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
        A Gaussian about zero with eigenvectors, or a mixture.
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
    from convergen.theory.denoisers.gaussian import GaussianDenoiser
    from convergen.theory.spectra.spectrum import Spectrum

    total = as_count(count, "count")
    source: Any = GaussianDenoiser(law) if isinstance(law, Spectrum) else law
    dim = math.prod(shape)
    points = np.empty((total, dim), dtype=np.float32)
    for block in row_blocks(points):
        block[:] = source.sample(len(block), rng).reshape(len(block), dim)
    return points.reshape(total, *shape)
