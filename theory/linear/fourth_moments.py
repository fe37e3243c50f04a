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
    marginal : float
        The same for independent principal components with the fourth moments of the data's.
    """

    constant: float
    gaussian: float
    marginal: float

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
    squares = ((matrix - parts.mean) @ parts.eigenvectors) ** 2
    moments = squares.T @ squares / parts.samples
    kernel = 1.0 / np.add.outer(np.sqrt(lam), np.sqrt(lam)) ** 2 / lam.sum()
    independent = np.outer(lam, lam)

    def constant(products: FloatArray, diagonal: FloatArray) -> float:
        own = np.diag(kernel) @ (diagonal - lam**2)
        others = np.sum(kernel * products) - np.diag(kernel) @ np.diag(products)
        return float(own + others)

    return LargeSampleGap(
        constant(moments, np.diag(moments)),
        constant(independent, 3.0 * lam**2),
        constant(independent, np.diag(moments)),
    )
