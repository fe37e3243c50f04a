"""Two linear models under stochastic ascent: the law against sample covariances."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.stochastic_ascent import StochasticAscent
from convergen.theory.linear.ascent_convergence import ascent_convergence
from convergen.theory.spectra.spectrum import Spectrum

LEVELS = np.array([2.0, 0.1, 0.0])
VALUES = 10.0 / np.arange(1.0, 41.0)


def simulated(samples, pairs, rng, zeros=0):
    """Overlap from the responses of drawn models, noise by noise, and its standard error."""
    sampler = StochasticAscent(LEVELS, rng, settling=2.0)
    scale = np.sqrt(np.pad(VALUES, (0, zeros)))

    def model():
        x = rng.standard_normal((samples, scale.size)) * scale
        values, vectors = np.linalg.eigh(x.T @ x / samples)
        return sampler.responses(LEVELS, np.maximum(values, 0.0)), vectors

    found = []
    for _ in range(pairs):
        (first, a), (second, b) = model(), model()
        shared = np.einsum("ti,ij,tj->", first, (a.T @ b) ** 2, second)
        found.append(shared / np.sqrt((first**2).sum() * (second**2).sum()))
    return np.mean(found), np.std(found) / np.sqrt(pairs)


@pytest.mark.parametrize(("samples", "zeros"), [(8, 0), (100, 0), (20, 60)])
def test_the_law_is_what_sample_covariances_give(samples, zeros):
    spectrum = Spectrum.from_eigenvalues(np.pad(VALUES, (0, zeros)))
    law = float(ascent_convergence(spectrum, samples, 0.1, 2.0, settling=2.0))
    mean, stderr = simulated(samples, 24, np.random.default_rng(0), zeros)
    # A ratio of means is not the mean of ratios: 1/d.
    assert abs(law - mean) < 4.0 * stderr + 0.01


def test_shape_of_samples_is_kept_and_levels_are_ordered():
    spectrum = Spectrum.isotropic(5)
    assert ascent_convergence(spectrum, np.full((2, 1), 3.0), 0.5, 1.0, settling=0.3).shape == (
        2,
        1,
    )
    with pytest.raises(InputError, match="must satisfy 0 < sigma_min < sigma_max"):
        ascent_convergence(spectrum, 3, 1.0, 1.0)
