"""Latent recovery: overlap of sample and population eigenvectors, factor by factor."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import FloatArray, as_samples
from convergen.theory.spectra.spectrum import Spectrum


def recovery_thresholds(spectrum: Spectrum, factors: int = 1) -> FloatArray:
    """Sample sizes n_k* at which the leading factors start to be recovered.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    factors : int
        How many leading factors.

    Returns
    -------
    ndarray, shape (factors,)
        n_k* = Σ_{j≠k} (λ_j/(λ_k − λ_j))², eigenvalues equal to λ_k left out. 0 if all
        eigenvalues are equal: the only eigenspace is then the whole space.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> theory.recovery_thresholds(spectrum, factors=2).round(3)
    array([0.921, 5.24 ])
    """
    groups = spectrum.groups(factors)
    distinct = {group: _shift_sums(spectrum, int(group))[1] for group in np.unique(groups)}
    return np.array([distinct[group] for group in groups])


def latent_recovery(
    spectrum: Spectrum, samples: ArrayLike, factors: int = 1, *, finite_size: bool = False
) -> FloatArray:
    """Q_k(n) = E⟨v̂_k, v_k⟩², the squared overlap of sample and population eigenvectors.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like, any shape
        Training samples n ≥ 1.
    factors : int
        How many leading factors r.
    finite_size : bool
        False: the limit law with its sharp transition at n_k*, 0 below. True: the overlap of
        rank k at this n and d, which rounds the transition as a finite system does (within
        about 0.03 of simulations below, at and above threshold); see
        `random_matrices.eigenvector_windows`.

    Returns
    -------
    ndarray, shape (*samples.shape, factors)
        In [0, 1]. Members of a degenerate group share the mean squared overlap with the
        group's eigenspace, for which chance is m/d; these always use the finite-size law.

    Notes
    -----
    The limit law is [1 − Σ_j λ_j²/(λ_k−λ_j)²/n] / [1 + Σ_j λ_j/(λ_k−λ_j)/n] where the numerator
    is positive (Baik, Ben Arous & Péché 2005; Paul 2007, for any bulk).

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> theory.latent_recovery(spectrum, [3, 30], factors=2).round(3)
    array([[0.344, 0.   ],
           [0.88 , 0.724]])
    >>> theory.latent_recovery(spectrum, 3, finite_size=True).round(3)
    array([0.409])
    """
    n = as_samples(samples)
    groups = spectrum.groups(factors)
    result = np.empty((*n.shape, groups.size))
    windows = [
        int(group)
        for group in np.unique(groups)
        if finite_size or spectrum.multiplicities[group] > 1.0
    ]
    if windows:
        from convergen.theory.random_matrices.eigenvector_windows import window_overlaps

        table = [window_overlaps(spectrum, count, windows) for count in n.ravel()]
        for group, column in zip(windows, np.transpose(table), strict=True):
            result[..., groups == group] = column.reshape(n.shape)[..., None]
    for group in np.setdiff1d(groups, windows):
        first, second = _shift_sums(spectrum, int(group))
        recovered = n > second
        # Above threshold the denominator is positive: each term of `first` that is
        # negative is smaller in size than its square in `second`.
        value = np.where(recovered, (n - second) / np.where(recovered, n + first, 1.0), 0.0)
        result[..., groups == group] = value[..., None]
    return result


def _shift_sums(spectrum: Spectrum, group: int) -> tuple[float, float]:
    """Σ_{j≠k} λ_j/(λ_k − λ_j) and Σ_{j≠k} (λ_j/(λ_k − λ_j))²."""
    others = np.arange(spectrum.eigenvalues.size) != group
    lam = spectrum.eigenvalues[others]
    ratio = lam / (spectrum.eigenvalues[group] - lam)
    weights = spectrum.multiplicities[others]
    return float(weights @ ratio), float(weights @ ratio**2)
