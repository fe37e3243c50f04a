import numpy as np
import pytest

from convergen.theory.mixtures.covariance_spectrum import mixture_spectrum
from convergen.theory.mixtures.mixture import GaussianMixture


def test_eigenvalues_are_those_of_the_covariance_and_equal_ones_are_merged():
    mixture = GaussianMixture(
        [0.25, 0.75], [[4.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]], [0.5, 1.0]
    )
    found = mixture_spectrum(mixture)
    # Within components 0.25 · 0.5 + 0.75 = 0.875 everywhere, between them 0.25 · 0.75 · 4² along x.
    np.testing.assert_allclose(found.eigenvalues, [3.875, 0.875], rtol=1e-12)
    np.testing.assert_array_equal(found.multiplicities, [1, 3])
    assert found.source == "mixture of 2"
    assert mixture_spectrum(mixture, "mine").source == "mine"


@pytest.mark.parametrize(
    ("variances", "eigenvalues", "multiplicities"),
    [
        ([1.0, 1.0 - 5e-10, 0.5], [1.0, 0.5], [2, 1]),  # rounding only
        ([1.0, 1.0 - 5e-9, 0.5], [1.0, 1.0 - 5e-9, 0.5], [1, 1, 1]),
        ([10.0, 1.0, 1.0 - 5e-9], [10.0, 1.0 - 2.5e-9], [1, 2]),  # of the largest
        ([10.0, 1e-4, 5e-13], [10.0, 1e-4], [1, 1]),  # no variance is left below 1e-13
    ],
)
def test_only_what_rounding_cannot_tell_apart_is_merged(variances, eigenvalues, multiplicities):
    found = mixture_spectrum(GaussianMixture([1.0], [np.zeros(3)], [variances]))
    kept = found.eigenvalues > 0.0
    np.testing.assert_allclose(found.eigenvalues[kept], eigenvalues, rtol=1e-9)
    np.testing.assert_array_equal(found.multiplicities[kept], multiplicities)
    assert found.dim == 3
    assert found.rank == sum(multiplicities)
