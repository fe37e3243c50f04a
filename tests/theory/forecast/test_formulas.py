"""Formulas as the table of quantities calls them, against the functions that they hand on to."""

import numpy as np
import pytest

from convergen import theory
from convergen.theory.forecast import formulas
from convergen.theory.linear.denoising_errors import denoiser_variance
from convergen.theory.random_matrices.analytic_functions import sampling_convergence
from convergen.theory.random_matrices.eigenvector_blocks import block_edges, block_overlap

SPECTRUM, N = theory.Spectrum.spiked(12, [9.0, 4.0]), np.array([5.0, 40.0])


def test_blocks_of_every_n_are_stacked():
    found = formulas.eigenvector_blocks(SPECTRUM, N, 2)
    edges = block_edges(12, 2)
    for row, n in enumerate(N):
        alone = block_overlap(SPECTRUM, n, edges)
        np.testing.assert_array_equal(found.overlap[row], alone.overlap)
        np.testing.assert_array_equal(found.sample_eigenvalue[row], alone.sample_eigenvalue)
    np.testing.assert_allclose(found.population_eigenvalue[:2], [9.0, 4.0])


def test_recovery_at_finite_size_is_not_that_of_the_limit():
    found = formulas.finite_size_recovery(SPECTRUM, N, 2)
    np.testing.assert_array_equal(found, theory.latent_recovery(SPECTRUM, N, 2, finite_size=True))
    assert np.all(found != theory.latent_recovery(SPECTRUM, N, 2))


def test_errors_and_variances_have_a_row_for_each_n_and_a_column_for_each_noise():
    sigma = np.array([0.5, 1.0, 2.0])
    found = formulas.errors_by_noise(SPECTRUM, N, sigma)
    variance = formulas.variance_by_noise(SPECTRUM, N, sigma, 2)
    assert found.test.shape == (2, 3)
    assert variance.shape == (2, 3, 2)
    for i, n in enumerate(N):
        for j, s in enumerate(sigma):
            alone = theory.denoising_errors(SPECTRUM, n, s)
            assert found.test[i, j] == pytest.approx(float(alone.test), rel=1e-12)
            expected = denoiser_variance(SPECTRUM, n, s, at=[9.0, 4.0])
            np.testing.assert_allclose(variance[i, j], expected, rtol=1e-12)


def test_the_sampler_runs_between_multiples_of_the_size_of_a_coordinate():
    size = np.sqrt((9.0 + 4.0 + 10.0) / 12.0)
    expected = sampling_convergence(SPECTRUM, N, 0.002 * size, 80.0 * size)
    found = formulas.convergence_of_sampler(SPECTRUM, N)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    # In other units of the data nothing changes.
    wide = theory.Spectrum.from_eigenvalues([900.0, 400.0, 100.0], [1, 1, 10])
    np.testing.assert_allclose(formulas.convergence_of_sampler(wide, N), found, rtol=1e-9)


def test_samples_from_which_levels_are_reached():
    found = formulas.convergence_samples(SPECTRUM, N, (0.5, 0.9), 0.1)
    np.testing.assert_allclose(theory.convergence(SPECTRUM, found, 0.1), [0.5, 0.9], rtol=1e-6)
    np.testing.assert_array_equal(
        formulas.recovery_threshold(SPECTRUM, N, 2), theory.recovery_thresholds(SPECTRUM, 2)
    )
