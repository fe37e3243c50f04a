import numpy as np
import pytest

from convergen.theory.collapse.collapse_noise import own_weight
from convergen.theory.collapse.data_laws import as_law
from convergen.theory.collapse.kernel_queries import draw_distinct
from convergen.theory.common.checks import InputError
from convergen.theory.mixtures.mixture import GaussianMixture
from convergen.theory.spectra.spectrum import Spectrum


def test_draws_from_data_are_distinct():
    data = np.arange(40.0).reshape(20, 2)
    rows = draw_distinct(as_law(data), 20, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(rows, axis=0), data)
    with pytest.raises(InputError, match="21 distinct points"):
        draw_distinct(as_law(data), 21, np.random.default_rng(0))


@pytest.mark.parametrize("law", ["gaussian", "mixture"])
@pytest.mark.parametrize("edge", [1e-20, 1e20])
def test_kernels_far_from_the_size_of_the_data_reach_their_limit_or_are_refused(law, edge):
    spectrum = Spectrum.from_eigenvalues([6.0, 3.0])
    mixture = GaussianMixture([1.0], np.zeros((1, 2)), [np.diag([6.0, 3.0])])
    known = spectrum if law == "gaussian" else mixture
    inside = 3.0 * edge * (1.0 - 1e-9 if edge > 1 else 1.0 + 1e-9)
    weight = own_weight(known, 10.0, inside, draws=64)
    np.testing.assert_allclose(weight, 1.0 if edge < 1.0 else 0.1, rtol=0.01)
    with pytest.raises(InputError, match=r"size of the data, 3, .* a factor of 1e\+20"):
        own_weight(known, 10.0, 3.0 * edge * (1.01 if edge > 1.0 else 0.99))
