"""What a file or a folder may hold: one array, encoded images, or moments of data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from convergen.theory.common.checks import FloatArray
from convergen.theory.data.record import Skipped
from convergen.theory.data.regular_files import printable


@dataclass(frozen=True, eq=False)
class Array:
    """Points as an array of real numbers.

    Attributes
    ----------
    values : ndarray or memmap, shape (N, …)
        As stored.
    labels : tuple of str or None
        Class of each point.
    """

    values: NDArray[Any]
    labels: tuple[str, ...] | None = None


@dataclass(frozen=True, eq=False)
class Images:
    """Encoded images (png, jpeg, …) that can be read one after the other, as often as needed.

    Attributes
    ----------
    source : str
        What messages call the file or folder.
    names : tuple of str
        Within the source, in the order in which they are read.
    stream : callable
        Begins anew and yields a path, or the bytes of a member, for each of `names`.
    labels : tuple of str or None
        Class of each image.
    skipped : tuple of Skipped
        What lay beside them.
    files : tuple of Path
        Files on disk that they are read from.
    """

    source: str
    names: tuple[str, ...]
    stream: Callable[[], Iterator[Path | BytesIO]]
    labels: tuple[str, ...] | None = None
    skipped: tuple[Skipped, ...] = ()
    files: tuple[Path, ...] = ()

    def shown(self, name: str) -> str:
        """What messages call one image.

        Parameters
        ----------
        name : str
            One of `names`.

        Returns
        -------
        str
        """
        return printable(f"{self.source}/{name}")


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and covariance of points that are not there, as tools for the FID keep them.

    Attributes
    ----------
    mean : ndarray, shape (d,)
        μ.
    covariance : ndarray, shape (d, d)
        Σ.
    """

    mean: FloatArray
    covariance: FloatArray


Contents = Array | Images | Moments
