"""The population spectrum: eigenvalues with multiplicities, the input of every prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import FloatArray, InputError, as_count, as_nonnegative
from convergen.theory.spectra.compression import Compression, compress
from convergen.theory.spectra.eigenvalue_lists import (
    SAME,
    checked_axes,
    checked_eigenvalues,
    checked_mean,
    checked_spikes,
    leading_groups,
    means_of_ranks,
    merge_equal,
    power_law_eigenvalues,
)


@dataclass(frozen=True, eq=False)
class Spectrum:
    """An immutable population covariance, up to rotation.

    Built by `isotropic`, `spiked`, `power_law`, `from_eigenvalues` or `from_data`.

    Attributes
    ----------
    eigenvalues : ndarray, shape (k,)
        Distinct eigenvalues λ ≥ 0 of Σ, strictly descending; units of data squared.
    multiplicities : ndarray, shape (k,)
        How often each occurs; real numbers where the spectrum was estimated. They sum to `dim`.
    eigenvectors : ndarray, shape (dim, r), or None
        Eigenvectors of the leading r eigenvalues in descending order, if known.
    mean : ndarray, shape (dim,), or None
        Mean that was subtracted from the data, if there was one.
    source : str
        Where the spectrum comes from, kept with every result.

    Examples
    --------
    >>> from convergen import theory
    >>> theory.Spectrum.spiked(100, [20.0, 5.0])
    Spectrum(spiked (20, 5) on isotropic, dim=100, rank=100, trace=123)
    >>> round(theory.Spectrum.power_law(1000, 1.0).participation_ratio, 2)
    34.08
    >>> theory.Spectrum.from_eigenvalues([2.0, 1.0, 1.0]).multiplicities
    array([1., 2.])
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
        """Number of positive eigenvalues, rounded where multiplicities are real."""
        return round(self.positive)

    @cached_property
    def positive(self) -> float:
        """Real rank."""
        return float(self.multiplicities[: self._positive].sum())

    @cached_property
    def _positive(self) -> int:
        """Distinct positive eigenvalues: only the last one may be zero."""
        return int(np.count_nonzero(self.eigenvalues))

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
            Where multiplicities are real, means over whole directions: the trace is kept.
        """
        groups = self.groups(factors)
        if np.all(self.multiplicities == np.rint(self.multiplicities)):
            return self.eigenvalues[groups]
        return means_of_ranks(self.eigenvalues, self.multiplicities, groups.size)

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
        return leading_groups(self.multiplicities, self.dim, factors)

    @classmethod
    def from_eigenvalues(
        cls,
        values: ArrayLike,
        multiplicities: ArrayLike | None = None,
        *,
        error: float = 0.0,
        eigenvectors: FloatArray | None = None,
        mean: FloatArray | None = None,
        source: str = "eigenvalues",
    ) -> Spectrum:
        """Spectrum with the given eigenvalues, in any order.

        Parameters
        ----------
        values : array_like, shape (k,)
            Eigenvalues ≥ 0, one of them positive. A relative 1.4e-14 is rounding: merged.
        multiplicities : array_like, shape (k,), optional
            Positive; estimated spectra have real ones. Default 1 each.
        error : float
            Absolute error of the values, within which they are merged too; for eigenvalues from a
            solver see `spectra.eigenvalue_lists.solver_error`.
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
        given = checked_eigenvalues(values, multiplicities)
        distinct, counts = merge_equal(*given, as_nonnegative(error, "error"))
        dim = round(float(counts.sum()))
        axes = None if eigenvectors is None else checked_axes(eigenvectors, dim)
        centre = None if mean is None else checked_mean(mean, dim)
        return cls(distinct, counts, axes, centre, source)

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
        return cls.from_eigenvalues([variance], [as_count(dim, "dim")], source="isotropic")

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
            If an eigenvalue leaves the range of double precision, or they fill the memory.
        """
        count = as_count(dim, "dim")
        alpha = as_nonnegative(exponent, "exponent")
        if alpha == 0.0:
            return cls.isotropic(count)
        values = power_law_eigenvalues(count, alpha)
        source = f"power law, exponent {alpha:g}"
        if alpha / count < 2.0 * SAME:  # the last eigenvalues may be equal up to rounding
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
        values = checked_spikes(spikes, count)
        rest = count - values.size
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
        """Spectrum and eigenvectors of the covariance of points that are all there is.

        Points that are a sample of more have another covariance than their law, whose spectrum
        this is not: `theory.estimate_population` estimates it, with intervals. The two agree to
        1/N for N ≫ d.

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

        return principal_components(array, center=center).spectrum(source)
