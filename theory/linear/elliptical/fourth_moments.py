"""Convergence at large n for data of any law: it needs their fourth moments and no others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import FloatArray
from convergen.theory.spectra.principal_components import principal_components


@dataclass(frozen=True)
class LargeSampleGap:
    """Constants C of 1 − q ≈ C/n for n ≫ d.

    Attributes
    ----------
    constant : float
        From the fourth moments of the data.
    gaussian : float
        The same for Gaussian data of equal covariance.
    error : float
        Standard error of the constant.
    """

    constant: float
    gaussian: float
    error: float

    @property
    def ratio(self) -> float:
        """How much larger 1 − q is than for Gaussian data."""
        return self.constant / self.gaussian


def large_sample_gap(data: ArrayLike) -> LargeSampleGap:
    """Leading term of 1 − q for linear models trained on independent draws of any law.

    Parameters
    ----------
    data : array_like, shape (N, …)
        Samples that stand for the law; centred about their mean.

    Returns
    -------
    LargeSampleGap

    Raises
    ------
    InputError
        If the data are too few, constant or not finite.

    Notes
    -----
    q = |E Σ̂^{1/2}|²/Tr Σ, so that 1 − q is the variance of Σ̂^{1/2}, over Tr Σ. To first order in
    Δ = Σ̂ − Σ the square root moves by Δ_ij/(√λ_i + √λ_j) in the eigenbasis y of Σ, and with
    Var Δ_ij = (E y_i²y_j² − Σ_ij²)/n

        C = Σ_ij (E y_i²y_j² − λ_i² δ_ij)/(√λ_i + √λ_j)² / Tr Σ.

    For Gaussian data E y_i²y_j² = λ_iλ_j (1 + 2δ_ij), and C is ¼ more than the limit of large d
    that `theory.order_parameters` gives.
    """
    parts = principal_components(data)
    lam = parts.eigenvalues[parts.eigenvalues > 0.0]
    matrix = np.asarray(data, dtype=np.float64).reshape(parts.samples, -1)
    return gap_constants((matrix - parts.mean) @ parts.eigenvectors, lam)


def gap_constants(components: FloatArray, eigenvalues: FloatArray) -> LargeSampleGap:
    """The constants of `large_sample_gap` for points in their own eigenbasis.

    Parameters
    ----------
    components : ndarray, shape (N, r)
        Principal components y of each point, about their mean.
    eigenvalues : ndarray, shape (r,)
        Their variances λ > 0.

    Returns
    -------
    LargeSampleGap
    """
    lam, trace = eigenvalues, float(eigenvalues.sum())
    kernel = 1.0 / np.add.outer(np.sqrt(lam), np.sqrt(lam)) ** 2 / trace
    squares = components**2
    weighed = squares @ kernel
    weighed *= squares
    each = np.sum(weighed, axis=1)
    own = float(np.diag(kernel) @ (lam**2))
    independent = float(lam @ kernel @ lam)
    return LargeSampleGap(
        float(each.mean()) - own,
        independent + own,
        float(each.std(ddof=1)) / np.sqrt(len(each)),
    )
