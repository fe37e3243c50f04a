"""What `theory.predict` adds for a Gaussian mixture: speciation and the recovery of the means."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import FloatArray
from convergen.theory.mixtures.mean_recovery import bayes_overlap, linear_overlap, mean_thresholds
from convergen.theory.mixtures.mixture import GaussianMixture
from convergen.theory.mixtures.speciation import speciation_noise

Variable = tuple[tuple[str, ...], NDArray[Any], dict[str, str]]


def mixture_variables(mixture: GaussianMixture, samples: FloatArray) -> dict[str, Variable]:
    """Variables of `theory.predict` that only mixtures have.

    Parameters
    ----------
    mixture : GaussianMixture
        The mixture.
    samples : ndarray, shape (m,)
        Training samples n.

    Returns
    -------
    dict
        ``speciation_noise`` always. For equal spherical components whose means form a regular
        simplex also ``mean_recovery_linear`` and ``mean_recovery_bayes`` along samples and their
        thresholds ``mean_threshold_linear`` and ``mean_threshold_information``.
    """
    result: dict[str, Variable] = {
        "speciation_noise": (
            (), np.array(speciation_noise(mixture)),
            {"long_name": "noise at which the components appear", "units": "data"},
        )
    }  # fmt: skip
    signal = simplex_signal(mixture)
    if signal is None:
        return result
    load = samples / mixture.dim
    linear = linear_overlap(load, signal, mixture.components)
    bayes = bayes_overlap(load, signal, mixture.components).overlap
    thresholds = mean_thresholds(mixture.dim, signal, mixture.components)
    for name, values, words in (
        ("mean_recovery_linear", linear, "squared overlap of principal components with the means"),
        ("mean_recovery_bayes", bayes, "squared overlap of the Bayes-optimal means with the truth"),
    ):
        result[name] = (("samples",), values, {"long_name": words, "units": "1"})
    for name, value, words in (
        ("mean_threshold_linear", thresholds.linear, "samples from which PCA sees the means"),
        (
            "mean_threshold_information", thresholds.information,
            "samples from which the means can be known at all",
        ),
    ):  # fmt: skip
        result[name] = ((), np.array(value), {"long_name": words, "units": "1"})
    return result


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
    if count < 2 or not np.allclose(mixture.weights, 1.0 / count):
        return None
    variances = mixture.within.traces(lambda lam: lam) / mixture.dim
    squares = mixture.within.traces(np.square) / mixture.dim
    if not (np.allclose(squares, variances**2) and np.allclose(variances, variances[0])):
        return None
    offsets = (mixture.means - mixture.mean).reshape(count, -1)
    gram = offsets @ offsets.T
    signal = float(np.trace(gram) / count)
    simplex = signal * (np.eye(count) * count - 1.0) / (count - 1.0)
    if signal == 0.0 or not np.allclose(gram, simplex, atol=1e-9 * signal):
        return None
    return signal / float(variances[0])
