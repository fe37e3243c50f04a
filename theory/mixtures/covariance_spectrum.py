"""Spectrum of the covariance of a Gaussian mixture."""

from __future__ import annotations

import numpy as np

from convergen.theory.mixtures.mixture import GaussianMixture
from convergen.theory.spectra.spectrum import Spectrum

_EQUAL = 1e-9


def mixture_spectrum(mixture: GaussianMixture, source: str | None = None) -> Spectrum:
    """Spectrum of the covariance of a mixture.

    Parameters
    ----------
    mixture : GaussianMixture
        The mixture.
    source : str, optional
        Label kept with every result.

    Returns
    -------
    Spectrum
        Eigenvalues that differ by rounding only are merged, so that degenerate factors are
        recognised as such.
    """
    values = np.linalg.eigvalsh(mixture.covariance)[::-1]
    values = np.where(values > 1e-13 * values[0], values, 0.0)
    groups = np.cumsum(np.diff(values, prepend=values[:1]) < -_EQUAL * values[0])
    merged = np.bincount(groups, weights=values) / np.bincount(groups)
    label = source or f"mixture of {mixture.components}"
    return Spectrum.from_eigenvalues(merged, np.bincount(groups), source=label)
