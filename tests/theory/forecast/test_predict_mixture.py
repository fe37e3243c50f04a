import numpy as np
import pytest

from convergen import theory
from convergen.theory.forecast.predict_mixture import simplex_signal
from convergen.theory.mixtures.covariance_spectrum import mixture_spectrum
from convergen.theory.mixtures.mean_recovery import bayes_overlap, linear_overlap


def simplex(components, dim, signal, variance=1.0):
    corners = np.zeros((components, dim))
    corners[:, :components] = np.eye(components) - 1.0 / components
    corners *= np.sqrt(signal / (corners[0] @ corners[0]))
    return theory.GaussianMixture(
        np.full(components, 1.0 / components), corners, np.full(components, variance)
    )


def test_spectrum_merges_degenerate_factors():
    spectrum = mixture_spectrum(simplex(4, 30, 6.0))
    np.testing.assert_allclose(spectrum.eigenvalues, [3.0, 1.0], rtol=1e-12)
    np.testing.assert_array_equal(spectrum.multiplicities, [3, 27])


def test_predict_adds_the_laws_of_the_means():
    mixture = simplex(2, 50, 4.0)
    result = theory.predict(mixture, [10, 200], quantities=["convergence"])
    np.testing.assert_allclose(
        result["mean_recovery_linear"], linear_overlap([0.2, 4.0], 4.0), rtol=1e-12
    )
    np.testing.assert_allclose(
        result["mean_recovery_bayes"], bayes_overlap([0.2, 4.0], 4.0).overlap, rtol=1e-10
    )
    assert result["mean_threshold_linear"].item() == pytest.approx(50.0 / 16.0)
    assert result["speciation_noise"].item() == pytest.approx(np.sqrt(5.0))
    expected = theory.convergence(mixture_spectrum(mixture), [10, 200])
    np.testing.assert_array_equal(result["convergence"], expected)


def test_bayes_is_never_worse_than_linear():
    result = theory.predict(simplex(3, 40, 8.0), [5, 20, 100, 1000], quantities=["convergence"])
    assert np.all(result["mean_recovery_bayes"] >= result["mean_recovery_linear"])


def test_signal_counts_in_units_of_the_variance():
    assert simplex_signal(simplex(3, 10, 8.0, variance=2.0)) == pytest.approx(4.0)
    assert simplex_signal(simplex(4, 10, 3.0, variance=3.0)) == pytest.approx(1.0)
    assert simplex_signal(simplex(3, 10, 1.0)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "mixture",
    [
        theory.GaussianMixture([0.3, 0.7], [[1.0, 0.0], [-1.0, 0.0]], [1.0, 1.0]),
        theory.GaussianMixture([0.5, 0.5], [[1.0, 0.0], [-1.0, 0.0]], [1.0, 2.0]),
        theory.GaussianMixture([0.5, 0.5], [[1.0, 0.0], [-1.0, 0.0]], [[1.0, 2.0], [1.0, 2.0]]),
        theory.GaussianMixture(
            np.full(3, 1 / 3), [[3.0, 0.0], [-1.0, 0.0], [-2.0, 0.0]], np.ones(3)
        ),
        theory.GaussianMixture(np.full(4, 0.25), [[0.3], [-0.1], [-0.1], [-0.1]], np.ones(4)),
        theory.GaussianMixture([0.5, 0.5], [[1.0, 0.0], [1.0, 0.0]], [1.0, 1.0]),
        theory.GaussianMixture([1.0], [[1.0, 0.0]], [1.0]),
    ],
)
def test_no_recovery_law_is_claimed_elsewhere(mixture):
    assert simplex_signal(mixture) is None
    assert "mean_recovery_bayes" not in theory.predict(mixture, [5], quantities=["convergence"])
