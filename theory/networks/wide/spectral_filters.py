"""Kernel regression stopped at a training time, by its two classic filters, and for many points."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, eigh

from convergen.theory.common.checks import FloatArray

# solve(kernel, targets, time) returns the coefficients of the kernel at the points; the kernel,
# shape (N, N), is overwritten.
Filter = Callable[[FloatArray, FloatArray, float], FloatArray]

# Rounding of an arccosine kernel on its diagonal, relative to its size.
_ROUNDING = 1e-8


def ridge(gram: FloatArray, targets: FloatArray, time: float) -> FloatArray:
    """Coefficients (K + N/τ)⁻¹ F.

    Parameters
    ----------
    gram : ndarray, shape (N, N)
        K; overwritten.
    targets : ndarray, shape (N, outputs)
        F.
    time : float
        τ > 0.

    Returns
    -------
    ndarray, shape (N, outputs)
        Each mode λ of K/N is learnt to λτ/(1 + λτ). N³/3 multiplications (blocked Cholesky).
    """
    gram.flat[:: len(gram) + 1] += len(gram) / time
    factor = cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    return np.asarray(cho_solve(factor, targets, check_finite=False))


def flow(gram: FloatArray, targets: FloatArray, time: float) -> FloatArray:
    """Coefficients after gradient descent in small steps for a time τ.

    Parameters
    ----------
    gram : ndarray, shape (N, N)
        K; overwritten.
    targets : ndarray, shape (N, outputs)
        F.
    time : float
        τ > 0.

    Returns
    -------
    ndarray, shape (N, outputs)
        Each mode λ of K/N is learnt to 1 − e^{−τλ} (arXiv:1806.07572, section 5). About 10 N³
        multiplications (eigenvectors).
    """
    count = len(gram)
    values, vectors = eigh(gram, overwrite_a=True, check_finite=False)
    modes = values / count
    # (1 − e^{−τλ})/λ, which is τ where λ is 0 but for rounding.
    gains = np.full(count, time)
    np.divide(-np.expm1(-time * modes), modes, out=gains, where=modes > 0.0)
    return np.asarray(vectors @ ((gains / count)[:, None] * (vectors.T @ targets)))


FILTERS: dict[str, Filter] = {"ridge": ridge, "flow": flow}


def landmark_ridge(
    landmarks: FloatArray, rows: Iterable[tuple[FloatArray, NDArray[np.float64]]], time: float
) -> FloatArray:
    """Ridge regression on a kernel of low rank (Nyström), from blocks of rows.

    Parameters
    ----------
    landmarks : ndarray, shape (m, m)
        Kernel K_mm of the landmarks.
    rows : iterable of (ndarray, ndarray)
        Blocks of the kernel K_Nm between all points and landmarks, and of the targets.
    time : float
        τ > 0.

    Returns
    -------
    ndarray, shape (m, outputs)
        Coefficients of the kernel at the landmarks, (K_mN K_Nm + (N/τ) K_mm)⁻¹ K_mN F. N m²
        multiplications and 16 m² bytes; with all points as landmarks it is `ridge`.
    """
    count = len(landmarks)
    products, total = np.zeros_like(landmarks), 0
    targets: FloatArray = np.zeros(())
    for block, wanted in rows:
        products += block.T @ block
        targets = targets + block.T @ wanted
        total += len(block)
    system = products + (total / time) * landmarks
    system.flat[:: count + 1] += _ROUNDING * np.trace(system) / count
    factor = cho_factor(system, lower=True, overwrite_a=True, check_finite=False)
    return np.asarray(cho_solve(factor, targets, check_finite=False))
