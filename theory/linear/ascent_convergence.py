"""Convergence of two linear models that are sampled by stochastic ascent on the same noises."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import FloatArray, as_noise_range, as_samples
from convergen.theory.denoisers.stochastic_ascent import StochasticAscent
from convergen.theory.random_matrices.analytic_functions import ComplexArray, expected_function
from convergen.theory.spectra.spectrum import Spectrum


def ascent_convergence(
    spectrum: Spectrum,
    samples: ArrayLike,
    sigma_min: float,
    sigma_max: float,
    *,
    settling: float | None = None,
) -> FloatArray:
    """Convergence q of two linear models under the sampler ``blind`` of `theory.sample`.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like, any shape
        n ≥ 1.
    sigma_min, sigma_max : float
        Noise levels of the sampler, 0 < sigma_min < sigma_max; data units. The last step denoises.
    settling : float, optional
        As for `theory.sample`.

    Returns
    -------
    ndarray, shape of `samples`
        Σ_t Tr (E B_t)² / E Tr Σ_t B_t², where B_t(Σ̂) is what the sampler makes of its t-th noise.

    Raises
    ------
    InputError
        If the levels are not ordered.
    """
    low, high = as_noise_range(sigma_min, sigma_max)
    levels = np.array([high, low, 0.0])
    sampler = StochasticAscent(levels, np.random.default_rng(0), settling=settling)
    parts = spectrum.compression
    points = np.append(parts.nodes, 0.0)
    weights = np.append(parts.weights, spectrum.dim - spectrum.rank)
    noises = len(sampler.responses(levels, np.ones(1)))
    n = as_samples(samples)
    result = np.empty(n.size)
    for i, count in enumerate(n.ravel()):

        def shared(term: int, count: float = count) -> float:
            def response(x: ComplexArray) -> ComplexArray:
                return np.asarray(sampler.responses(levels, x)[term])

            found = expected_function(spectrum, count, response, singularity=-(low**2), at=points)
            return float(weights @ found.values**2)

        def power(x: ComplexArray) -> ComplexArray:
            return np.asarray((sampler.responses(levels, x) ** 2).sum(axis=0))

        energy = expected_function(spectrum, count, power, singularity=-(low**2)).trace
        result[i] = sum(map(shared, range(noises))) / energy
    return result.reshape(n.shape)
