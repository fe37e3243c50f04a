import numpy as np
import pytest

from convergen.theory.mixtures.mixture import GaussianMixture
from convergen.theory.mixtures.speciation import speciation_noise


def test_two_isotropic_components():
    mixture = GaussianMixture([0.5, 0.5], [[3.0, 4.0], [-3.0, -4.0]], [0.5, 0.5])
    assert speciation_noise(mixture) == pytest.approx(np.sqrt(25.5), rel=1e-12)


def test_one_component_speciates_at_its_own_width():
    mixture = GaussianMixture([1.0], [[7.0, 0.0]], [[4.0, 9.0]])
    assert speciation_noise(mixture) == pytest.approx(3.0, rel=1e-12)


@pytest.mark.parametrize("count", [3, 7])
def test_equidistant_means(count):
    """Means 4 e_c have the covariance 16 (1/k − 1/k²) between them."""
    mixture = GaussianMixture(np.full(count, 1.0 / count), 4.0 * np.eye(count), np.full(count, 0.3))
    assert speciation_noise(mixture) == pytest.approx(np.sqrt(16.0 / count + 0.3), rel=1e-12)


@pytest.mark.parametrize("dim", [512, 513])
def test_largest_eigenvalue_with_and_without_the_matrix(dim):
    rng = np.random.default_rng(9)
    means, factors = rng.standard_normal((3, dim)), rng.standard_normal((3, dim, 2))
    mixture = GaussianMixture.low_rank([0.2, 0.3, 0.5], means, factors, [0.5, 1.0, 2.0])
    expected = np.sqrt(np.linalg.eigvalsh(mixture.covariance)[-1])
    assert speciation_noise(mixture) == pytest.approx(expected, rel=1e-10)
