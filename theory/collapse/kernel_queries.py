"""The queries at which kernels are summed: fresh noisy points of a law.

A Gaussian and a mixture have kernel laws in closed form (`collapse.kernel_sums`); any other law is
represented by points of its own, distinct from the queries.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.special import gammaincinv, logsumexp

from convergen.theory.collapse.data_laws import DataLaw, GaussianLaw, Law, MixtureLaw
from convergen.theory.collapse.information import draw_pairs
from convergen.theory.collapse.kernel_sums import KernelLaw, gaussian_kernel, mixture_kernels
from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_count,
    as_seed,
)

QUERIES = 128
# Points that stand for a law whose kernels have no closed form.
_REFERENCES = 4096
# Ratio of noise and data beyond which cumulants of the kernels leave floats.
_FAR = 1e20


def kernel_laws(
    law: Law, samples: float, sigma: float, *, draws: int = QUERIES, seed: int = 0
) -> Iterator[KernelLaw]:
    """Laws of the kernels at independent fresh noisy points.

    Parameters
    ----------
    law : Law
        The data distribution; see `convergen.theory.collapse.data_laws.as_law`.
    samples : float
        Training samples n: the nodes reach as far as the largest of n kernels does.
    sigma : float
        Kernel width and standard deviation of the noise of the queries, σ > 0; data units.
    draws : int
        How many queries, at least 2.
    seed : int
        Seed; the same queries and noises serve every n and σ.

    Yields
    ------
    KernelLaw
        One a query; none where a data set is too small for n.

    Raises
    ------
    InputError
        If σ is more than a factor of 1e20 from the root of the trace of the covariance of a
        Gaussian or a mixture.

    Notes
    -----
    A Gaussian's are those of `collapse.kernel_sums.gaussian_kernel`. Components of a mixture are
    added; any other law stands for itself by reference points.
    """
    count = as_count(draws, "draws", 2)
    _in_range(law, sigma)
    if isinstance(law, GaussianLaw):
        # Only |x|² in each eigenspace matters, so the compressed spectrum serves any dimension.
        nodes, weights = law.spectrum.compression.nodes, law.spectrum.compression.weights
        rng = np.random.default_rng([as_seed(seed), count])
        # A Latin hypercube: the sum over eigenspaces is the main effect, and is stratified.
        strata = rng.permuted(np.tile(np.arange(count), (nodes.size, 1)), axis=1).T
        uniform = (strata + rng.random(strata.shape)) / count
        squares = 2.0 * gammaincinv(weights / 2.0, uniform)
        queries = np.sqrt((nodes + sigma**2) * squares)
        own = _own_noise(queries, nodes, weights, sigma, rng)
        for x, log_own in zip(queries, own, strict=True):
            yield replace(
                gaussian_kernel(x, nodes, weights, sigma, samples), log_own=float(log_own)
            )
    elif isinstance(law, MixtureLaw):
        x0, z = draw_pairs(law, count, seed)
        laws = mixture_kernels(law, x0 + sigma * z, sigma, samples)
        for kernel, noise in zip(laws, z, strict=True):
            yield replace(kernel, log_own=-0.5 * float(noise @ noise))
    elif samples <= reference_points(law, count)[0] / 4:
        rng = np.random.default_rng([as_seed(seed), count])
        references, fresh = reference_points(law, count)
        points = draw_distinct(law, references + fresh, rng)
        queries, points = points[:fresh], points[fresh:]
        noises = rng.standard_normal(queries.shape)
        centre = points.mean(axis=0)
        squares = np.sum((points - centre) ** 2, axis=1)
        mass = np.full(len(points), -np.log(len(points)))
        for x, noise in zip(queries + sigma * noises, noises, strict=True):
            log_own = -0.5 * float(noise @ noise)
            logs = -0.5 * np.sum(((x - points) / sigma) ** 2, axis=1)
            order = np.argsort(logs)
            vectors, mean = (points - centre)[order], float(logsumexp(logs + mass))
            yield KernelLaw(logs[order], mass, vectors, squares[order], mean, log_own, len(points))


def _in_range(law: Law, sigma: float) -> None:
    """Refuse noise at which kernels have reached their limits and their cumulants leave floats."""
    if isinstance(law, GaussianLaw):
        scale = math.sqrt(law.spectrum.trace)
    elif isinstance(law, MixtureLaw):
        scale = math.sqrt(float(np.trace(law.mixture.covariance)))
    else:
        return
    if not scale / _FAR <= sigma <= scale * _FAR:
        raise InputError(
            f"sigma = {sigma:g} is too far from the size of the data, {scale:g}, for their kernels "
            f"to be told apart: give one within a factor of {_FAR:g}."
        )


def draw_distinct(law: Law, count: int, rng: np.random.Generator) -> FloatArray:
    """Independent points, of a data set without replacement.

    Parameters
    ----------
    law : Law
        The data distribution.
    count : int
        How many.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray, shape (count, dim)

    Raises
    ------
    InputError
        If a data set has fewer points.
    """
    if not isinstance(law, DataLaw):
        return law.draw(count, rng)
    if count > len(law.data):
        raise InputError(
            f"{count} distinct points are needed, but the data set has {len(law.data)}: ask for "
            "fewer samples or queries, or give more data."
        )
    return law.data[rng.permutation(len(law.data))[:count]]


def _own_noise(
    x: FloatArray, lam: FloatArray, weights: FloatArray, sigma: float, rng: np.random.Generator
) -> FloatArray:
    """−|z|²/2 of queries with radii x in the eigenspaces, z drawn given x, shape (queries,).

    Given x the noise is normal with mean σx/(λ + σ²) along x and variance λ/(λ + σ²).
    """
    spread = lam / (lam + sigma**2)
    along = sigma * x / (lam + sigma**2) + np.sqrt(spread) * rng.standard_normal(x.shape)
    # Weights of the compressed spectrum are not below one, to a few per cent.
    across = 2.0 * spread * rng.standard_gamma(np.maximum(weights - 1.0, 0.0) / 2.0, x.shape)
    return np.asarray(-0.5 * np.sum(along**2 + across, axis=1))


def reference_points(law: Law, draws: int) -> tuple[int, int]:
    """How many points stand for a law without closed form, and how many queries there are.

    Parameters
    ----------
    law : Law
        The data distribution.
    draws : int
        How many queries are wanted.

    Returns
    -------
    tuple of int
        Zeros where a data set is too small.
    """
    available = len(law.data) if isinstance(law, DataLaw) else np.inf
    total = int(min(available, _REFERENCES + draws))
    fresh = min(draws, total // 4)
    return (total - fresh, fresh) if fresh > 1 else (0, 0)
