"""Latent recovery: overlap of sample and population eigenvectors, factor by factor."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from theory.checks import FloatArray, as_samples
from theory.spectrum import Spectrum


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
    """
    groups = spectrum.groups(factors)
    distinct = {group: _shift_sums(spectrum, int(group))[1] for group in np.unique(groups)}
    return np.array([distinct[group] for group in groups])


def latent_recovery(spectrum: Spectrum, samples: ArrayLike, factors: int = 1) -> FloatArray:
    """Q_k(n) = E⟨v̂_k, v_k⟩², the squared overlap of sample and population eigenvectors.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like, any shape
        Training samples n ≥ 1.
    factors : int
        How many leading factors r.

    Returns
    -------
    ndarray, shape (*samples.shape, factors)
        In [0, 1]. A simple eigenvalue has Q = 0 below its threshold n_k* (Baik, Ben Arous &
        Péché 2005; Paul 2007, for any bulk). Members of a degenerate group share the mean
        squared overlap with the group's eigenspace, for which chance is m/d.
    """
    n = as_samples(samples)
    groups = spectrum.groups(factors)
    result = np.empty((*n.shape, groups.size))
    for group in np.unique(groups):
        if spectrum.multiplicities[group] > 1.0:
            from theory.sample_covariance import subspace_overlap

            flat = [subspace_overlap(spectrum, count, int(group)) for count in n.ravel()]
            value = np.array(flat).reshape(n.shape)
        else:
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
