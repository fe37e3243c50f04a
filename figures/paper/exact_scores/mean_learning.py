"""The mean of a symmetric mixture learnt from samples: principal component, message passing."""

from __future__ import annotations

import numpy as np


def learnt_overlaps(
    strength: float, dim: int, samples: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Squared overlaps of learnt and true mean for one data set y_i μ + z_i, |μ|² = ρ.

    Parameters
    ----------
    strength : float
        ρ.
    dim : int
        Dimension d.
    samples : int
        Their number n.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    principal, bayes : float
        By the first principal component, and by message passing.
    """
    truth = rng.standard_normal(dim)
    truth *= np.sqrt(dim) / np.linalg.norm(truth)
    labels = rng.choice([-1.0, 1.0], samples)
    rows = np.sqrt(strength / dim) * np.outer(labels, truth) + rng.standard_normal((samples, dim))
    product = rows @ rows.T if samples < dim else rows.T @ rows
    top = np.linalg.eigh(product)[1][:, -1]
    principal = rows.T @ top if samples < dim else top
    bayes = _message_passing(strength, rows, rng)
    first, second = (
        float((estimate @ truth) ** 2 / (estimate @ estimate) / dim)
        for estimate in (principal, bayes)
    )
    return first, second


def _message_passing(strength: float, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Approximate message passing for the means, Gaussian prior (arXiv:1610.02918).

    Field of each label: √(ρ/d) x·a less the Onsager term; of each coordinate the same with
    posterior means and variances of the labels.
    """
    samples, dim = rows.shape
    gain = strength / dim
    estimate = np.asarray(0.01 * rng.standard_normal(dim))
    labels, variance = np.zeros(samples), 1.0
    for _ in range(300):
        before = estimate
        labels = np.tanh(np.sqrt(gain) * rows @ estimate - gain * dim * variance * labels)
        field = np.sqrt(gain) * labels @ rows - gain * np.sum(1.0 - labels**2) * estimate
        variance = 1.0 / (1.0 + gain * labels @ labels)
        estimate = np.asarray(variance * field)
        if np.sum((estimate - before) ** 2) < 1e-8 * np.sum(estimate**2):
            break
    return estimate
