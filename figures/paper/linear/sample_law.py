"""Expectations E f(Σ̂) of any function on the positive axis, from the law of sample eigenvalues.

`theory.expected_function` is exact to rounding, but e^{-tx} overflows on its contour for large t;
here f is only needed at sample eigenvalues, E v_kᵀ f(Σ̂) v_k = ∫ f(x) w_k(x) dx.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from convergen.theory import Spectrum

FloatArray = NDArray[np.float64]

_COARSE, _FINE = 400, 4000


@dataclass(frozen=True)
class SampleLaw:
    """Quadrature over sample eigenvalues, seen from each population eigenvector.

    Attributes
    ----------
    points : ndarray, shape (p,)
        Sample eigenvalues, the first one 0.
    weights : ndarray, shape (p, k)
        How much of distinct population eigenvector k lies at each; columns sum to 1.
    multiplicities : ndarray, shape (k,)
        Of the population eigenvalues.
    """

    points: FloatArray
    weights: FloatArray
    multiplicities: FloatArray

    @classmethod
    def of(cls, spectrum: Spectrum, samples: float) -> SampleLaw:
        """Quadrature for one number of samples.

        Parameters
        ----------
        spectrum : Spectrum
            Population spectrum.
        samples : float
            n ≥ 1.

        Returns
        -------
        SampleLaw

        Notes
        -----
        Trapezoid rule in log x over the support, then normalised; square-root edges leave a
        relative error of 1e-5, many gaps between bands (n > d) up to 1e-3.
        """
        from convergen.theory.random_matrices.sample_spectrum import sample_spectrum

        # ‖Σ̂‖ ≤ λ_1 (1 + sqrt(r/n))² with r = Tr Σ/λ_1 up to fluctuations; the rest is empty.
        top = 4.0 * spectrum.largest * (1.0 + spectrum.dim / samples)
        coarse = np.geomspace(1e-9 * top, top, _COARSE)
        inside = np.flatnonzero(sample_spectrum(spectrum, samples, coarse).density > 0.0)
        low, high = coarse[max(inside[0] - 1, 0)], coarse[min(inside[-1] + 1, _COARSE - 1)]
        x = np.geomspace(low, high, _FINE)
        law = sample_spectrum(spectrum, samples, x)
        measure = law.density * x * np.gradient(np.log(x))
        weights = measure[:, None] * np.nan_to_num(law.overlap)
        atom = np.nan_to_num(law.null_overlap) * law.atom
        table = np.vstack([atom, weights])
        table /= table.sum(axis=0)
        return cls(np.append(0.0, x), table, spectrum.multiplicities.astype(float))

    def expectation(self, values: FloatArray) -> FloatArray:
        """E f(Σ̂) along each distinct population eigenvector.

        Parameters
        ----------
        values : ndarray, shape (…, p)
            f at `points`.

        Returns
        -------
        ndarray, shape (…, k)
        """
        return np.asarray(values @ self.weights)

    def trace(self, values: FloatArray) -> FloatArray:
        """E Tr f(Σ̂).

        Parameters
        ----------
        values : ndarray, shape (…, p)
            f at `points`.

        Returns
        -------
        ndarray, shape (…,)
        """
        return np.asarray(values @ (self.weights @ self.multiplicities))
