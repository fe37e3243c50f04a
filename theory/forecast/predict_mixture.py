"""What `theory.predict` adds for a Gaussian mixture: speciation and the recovery of the means."""

from __future__ import annotations

import numpy as np

from convergen.theory.common.checks import FloatArray
from convergen.theory.mixtures.mean_recovery import bayes_overlap, linear_overlap, mean_thresholds
from convergen.theory.mixtures.mixture import GaussianMixture
from convergen.theory.mixtures.speciation import speciation_noise
from convergen.theory.quantities.labelled import Labelled


def add_mixture(result: Labelled, mixture: GaussianMixture, samples: FloatArray) -> None:
    """Add what only mixtures have.

    Parameters
    ----------
    result : Labelled
        Gets ``speciation_noise`` always. For equal spherical components whose means form a regular
        simplex also ``mean_recovery_linear`` and ``mean_recovery_bayes`` along samples and their
        thresholds ``mean_threshold_linear`` and ``mean_threshold_information``.
    mixture : GaussianMixture
        The mixture.
    samples : ndarray, shape (m,)
        Training samples n.
    """
    result.add("speciation_noise", speciation_noise(mixture))
    signal = simplex_signal(mixture)
    if signal is None:
        return
    load, components = samples / mixture.dim, mixture.components
    result.add("mean_recovery_linear", linear_overlap(load, signal, components))
    result.add("mean_recovery_bayes", bayes_overlap(load, signal, components).overlap)
    thresholds = mean_thresholds(mixture.dim, signal, components)
    result.add("mean_threshold_linear", thresholds.linear)
    result.add("mean_threshold_information", thresholds.information)


def simplex_signal(mixture: GaussianMixture) -> float | None:
    """Squared norm of the means over the variance of the components, if the theory applies.

    Parameters
    ----------
    mixture : GaussianMixture
        The mixture.

    Returns
    -------
    float or None
        None unless the components are equal, spherical, and their means a regular simplex.
    """
    count = mixture.components
    if not np.allclose(mixture.weights, 1.0 / count):
        return None
    variances = mixture.within.traces(lambda lam: lam) / mixture.dim
    squares = mixture.within.traces(np.square) / mixture.dim
    if not (np.allclose(squares, variances**2) and np.allclose(variances, variances.mean())):
        return None
    offsets = (mixture.means - mixture.mean).reshape(count, -1)
    gram = offsets @ offsets.T
    signal = float(np.trace(gram) / count)
    if signal == 0.0:
        return None
    simplex = signal * (np.eye(count) * count - 1.0) / (count - 1.0)
    if not np.allclose(gram, simplex, atol=0.0):
        return None
    return signal / float(variances.mean())
