"""The population spectrum: eigenvalues with multiplicities, the input of every prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_count,
    as_finite,
    as_nonnegative,
)
from convergen.theory.spectra.compression import Compression, compress

_LONGEST = 200_000_000


@dataclass(frozen=True, eq=False)
class Spectrum:
    """An immutable population covariance, up to rotation.

    Build one with a constructor: `isotropic`, `spiked`, `power_law`, `from_eigenvalues`,
    `from_data` or `from_file`.

    Attributes
    ----------
    eigenvalues : ndarray, shape (k,)
        Distinct eigenvalues λ ≥ 0 of Σ, strictly descending; units of data squared.
    multiplicities : ndarray, shape (k,)
        How often each occurs; they sum to `dim`.
    eigenvectors : ndarray, shape (dim, r), or None
        Eigenvectors of the leading r eigenvalues in descending order, if known.
    mean : ndarray, shape (dim,), or None
        Mean that was subtracted from the data, if there was one.
    source : str
        Where the spectrum comes from, kept with every result.
    """

    eigenvalues: FloatArray
    multiplicities: FloatArray
    eigenvectors: FloatArray | None = None
    mean: FloatArray | None = None
    source: str = "eigenvalues"

    def __post_init__(self) -> None:
        for array in (self.eigenvalues, self.multiplicities, self.eigenvectors, self.mean):
            if array is not None:
                array.setflags(write=False)

    def __repr__(self) -> str:
        return f"Spectrum({self.source}, dim={self.dim}, rank={self.rank}, trace={self.trace:.6g})"

    @cached_property
    def dim(self) -> int:
        """Dimension d, zero eigenvalues included."""
        return round(float(self.multiplicities.sum()))

    @cached_property
    def rank(self) -> int:
        """Number of positive eigenvalues."""
        return self.dim - round(float(self.multiplicities[self._positive :].sum()))

    @cached_property
    def _positive(self) -> int:
        """Number of distinct positive eigenvalues: only the last one may be zero."""
        return self.eigenvalues.size - int(self.eigenvalues[-1] == 0.0)

    @cached_property
    def largest(self) -> float:
        """Largest eigenvalue."""
        return float(self.eigenvalues[0])

    @cached_property
    def trace(self) -> float:
        """Tr Σ, the total variance."""
        return self.largest * float(self.multiplicities @ (self.eigenvalues / self.largest))

    @cached_property
    def participation_ratio(self) -> float:
        """Effective dimension (Tr Σ)²/Tr Σ²."""
        scaled = self.eigenvalues / self.largest
        first, second = self.multiplicities @ scaled, self.multiplicities @ scaled**2
        return float(first**2 / second)

    @cached_property
    def compression(self) -> Compression:
        """Positive part reduced to a few hundred nodes; see `spectra.compression`."""
        positive = slice(self._positive)
        return compress(self.eigenvalues[positive], self.multiplicities[positive])

    @cached_property
    def squared(self) -> Spectrum:
        """The spectrum {λ²}, in units of the largest eigenvalue squared."""
        return Spectrum.from_eigenvalues(
            (self.eigenvalues / self.largest) ** 2, self.multiplicities, source=self.source
        )

    def leading(self, factors: int) -> FloatArray:
        """Leading eigenvalues, repeated by multiplicity.

        Parameters
        ----------
        factors : int
            How many, 1 ≤ factors ≤ dim.

        Returns
        -------
        ndarray, shape (factors,)
        """
        return self.eigenvalues[self.groups(factors)]

    def groups(self, factors: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """Index into `eigenvalues` of each of the leading factors.

        Parameters
        ----------
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
        if count > self.dim:
            raise InputError(
                f"factors = {count} was asked for, but the spectrum has {self.dim} dimensions: "
                f"use at most {self.dim}."
            )
        ends = np.cumsum(self.multiplicities[:count])
        return np.searchsorted(np.round(ends), np.arange(count), side="right")

    @classmethod
    def from_eigenvalues(
        cls,
        values: ArrayLike,
        multiplicities: ArrayLike | None = None,
        *,
        eigenvectors: FloatArray | None = None,
        mean: FloatArray | None = None,
        source: str = "eigenvalues",
    ) -> Spectrum:
        """Spectrum with the given eigenvalues, in any order.

        Parameters
        ----------
        values : array_like, shape (k,)
            Eigenvalues ≥ 0, at least one of them positive. Equal ones are merged.
        multiplicities : array_like of int, shape (k,), optional
            Default 1 each.
        eigenvectors : ndarray, shape (dim, r), optional
            Columns for the leading r eigenvalues, in descending order; copied.
        mean : ndarray, shape (dim,), optional
            Mean of the data.
        source : str
            Label kept with every result.

        Returns
        -------
        Spectrum

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
        if multiplicities is None:
            counts = np.ones_like(eigenvalues)
        else:
            counts = np.atleast_1d(as_finite(multiplicities, "multiplicities"))
            if counts.shape != eigenvalues.shape:
                raise InputError(
                    f"{counts.size} multiplicities were given for {eigenvalues.size} eigenvalues: "
                    "give one for each."
                )
            if np.any(counts < 1.0) or np.any(counts != np.round(counts)):
                raise InputError("multiplicities must be whole numbers of at least 1.")
        # A subnormal λ/λ_max has lost its digits: it is zero for every sum of this package.
        eigenvalues = np.where(eigenvalues / eigenvalues.max() < 1e-307, 0.0, eigenvalues)
        ascending, inverse = np.unique(eigenvalues, return_inverse=True)
        merged = np.bincount(inverse, weights=counts).astype(np.float64)
        dim = round(float(merged.sum()))
        if eigenvectors is not None:
            eigenvectors = as_finite(eigenvectors, "eigenvectors")
            if eigenvectors.ndim != 2 or not eigenvectors.shape[1] <= dim == len(eigenvectors):
                raise InputError(
                    f"eigenvectors have shape {eigenvectors.shape}, but the spectrum has dimension "
                    f"{dim}: give one column of that length for each leading eigenvalue."
                )
        if mean is not None:
            mean = as_finite(mean, "mean")
            if mean.shape != (dim,):
                raise InputError(
                    f"mean has shape {mean.shape}, but the spectrum has dimension {dim}: "
                    f"give {dim} numbers."
                )
        return cls(ascending[::-1].copy(), merged[::-1].copy(), eigenvectors, mean, source)

    @classmethod
    def isotropic(cls, dim: int, variance: float = 1.0) -> Spectrum:
        """Σ = variance · I.

        Parameters
        ----------
        dim : int
            Dimension d.
        variance : float
            Variance of every direction.

        Returns
        -------
        Spectrum
        """
        count = as_count(dim, "dim")
        return cls.from_eigenvalues([variance], [count], source="isotropic")

    @classmethod
    def power_law(cls, dim: int, exponent: float) -> Spectrum:
        """λ_k = k^(−exponent), k = 1 … dim.

        Parameters
        ----------
        dim : int
            Dimension d.
        exponent : float
            α ≥ 0.

        Returns
        -------
        Spectrum

        Raises
        ------
        InputError
            If the smallest eigenvalue leaves the range of double precision.
        """
        count = as_count(dim, "dim")
        alpha = as_nonnegative(exponent, "exponent")
        if count > _LONGEST:
            raise InputError(
                f"a power law holds every eigenvalue in memory, and {count} are too many: use dim "
                f"of at most {_LONGEST}."
            )
        if alpha * np.log10(count) > 300.0:
            raise InputError(
                f"a power law with exponent {alpha:g} in dimension {count} spans more than 300 "
                "decades: lower one of the two."
            )
        if alpha == 0.0:
            return cls.isotropic(count)
        values = np.arange(1.0, count + 1.0) ** -alpha
        source = f"power law, exponent {alpha:g}"
        if np.any(values[1:] == values[:-1]):  # an exponent within rounding of 0
            return cls.from_eigenvalues(values, source=source)
        return cls(values, np.ones(count), source=source)

    @classmethod
    def spiked(cls, dim: int, spikes: Sequence[float], bulk: Spectrum | None = None) -> Spectrum:
        """A few eigenvalues set apart from a bulk.

        Parameters
        ----------
        dim : int
            Total dimension d, spikes included.
        spikes : sequence of float
            The eigenvalues λ themselves; for the unit bulk, λ = 1 + θ with signal strength θ.
        bulk : Spectrum, optional
            The other dim − len(spikes) eigenvalues; default: all equal to 1.

        Returns
        -------
        Spectrum

        Raises
        ------
        InputError
            If the spikes and the bulk do not add up to dim.
        """
        count = as_count(dim, "dim")
        values = np.atleast_1d(as_finite(spikes, "spikes"))
        if values.ndim != 1:
            raise InputError(f"spikes must be a list, not an array of shape {values.shape}.")
        rest = count - values.size
        if rest < 1:
            raise InputError(
                f"{values.size} spikes do not fit beside a bulk in dimension {count}: "
                f"use dim of at least {values.size + 1}."
            )
        base = cls.isotropic(rest) if bulk is None else bulk
        if base.dim != rest:
            raise InputError(
                f"the bulk has dimension {base.dim}, but dim − number of spikes is {rest}: "
                "make them equal."
            )
        return cls.from_eigenvalues(
            np.concatenate([values, base.eigenvalues]),
            np.concatenate([np.ones(values.size), base.multiplicities]),
            source=f"spiked ({', '.join(f'{v:g}' for v in values)}) on {base.source}",
        )

    @classmethod
    def from_data(cls, array: ArrayLike, *, center: bool = True, source: str = "data") -> Spectrum:
        """Spectrum and eigenvectors of the covariance of a data matrix.

        Parameters
        ----------
        array : array_like or memmap, shape (n, d) or (n, …)
            One sample a row, images are flattened; read in blocks, never copied as a whole.
        center : bool
            Subtract the mean (default); otherwise the raw second moment is used.
        source : str
            Label kept with every result.

        Returns
        -------
        Spectrum
            With Σ = XᵀX/n.

        Raises
        ------
        InputError
            If there are fewer than two rows, the dtype is wrong, or values are not finite.
        """
        from convergen.theory.spectra.principal_components import principal_components

        parts = principal_components(array, center=center)
        spectrum = cls.from_eigenvalues(parts.eigenvalues, source=source)
        # Not through from_eigenvalues, which copies: the eigenvectors may be as large as the data.
        return replace(spectrum, eigenvectors=parts.eigenvectors, mean=parts.mean)

    @classmethod
    def from_file(
        cls, path: str | Path, *, size: int | None = None, grey: bool = False, center: bool = True
    ) -> Spectrum:
        """Spectrum of a data set on disk.

        Parameters
        ----------
        path : str or Path
            ``.npy`` (memory-mapped), ``.npz``, or a folder of images.
        size : int, optional
            Crop images to a square and resize them to size × size.
        grey : bool
            Convert colour images to greyscale.
        center : bool
            Subtract the mean.

        Returns
        -------
        Spectrum

        Raises
        ------
        InputError
            If the path does not exist or does not hold a data matrix.
        """
        from convergen.theory.data.array_files import load_array

        data = load_array(Path(path), size=size, grey=grey)
        return cls.from_data(data, center=center, source=Path(path).name)
