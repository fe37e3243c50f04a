import numpy as np
import pytest

from convergen.empirical.models.torch_denoiser import TorchDenoiser
from convergen.theory.common.checks import InputError


def test_adapter_takes_any_callable_in_batches_and_checks_the_shape():
    double = TorchDenoiser(lambda x, sigma: x * sigma[:, None], batch=4)
    x = np.arange(20.0).reshape(10, 2)
    np.testing.assert_array_equal(double(x, 2.0), 2.0 * x)
    assert double(x.astype(np.float32), 1.0).dtype == np.float32
    with pytest.raises(InputError, match="must keep the shape"):
        TorchDenoiser(lambda x, sigma: x[:, :1])(x, 1.0)


def test_a_batch_is_of_4096_points_where_nothing_is_said():
    seen = []
    TorchDenoiser(lambda x, sigma: seen.append(len(x)) or x)(np.zeros((4097, 1)), 1.0)
    assert seen == [4096, 1]


def test_what_is_not_finite_is_refused_with_the_level_and_advice():
    def overflows(x, sigma):
        return x / (sigma[:, None] - 2.0).clamp(min=0.0)

    model = TorchDenoiser(overflows, batch=2, advice="lower learning_rate")
    x = np.ones((4, 3))
    np.testing.assert_allclose(model(x, 4.0), 0.5)
    with pytest.raises(InputError, match=r"at sigma = 1\.5: lower learning_rate\.$"):
        model(x, np.array([3.0, 4.0, 5.0, 1.5]))


def test_of_several_levels_the_first_is_named():
    def bad(x, sigma):
        return x / (sigma[:, None] - 2.0).clamp(min=0.0)

    model = TorchDenoiser(bad, batch=4, advice="train longer")
    with pytest.raises(InputError, match=r"at sigma = 1\.5: train longer"):
        model(np.ones((4, 3)), np.array([3.0, 1.5, 4.0, 0.5]))


def test_one_coordinate_is_enough_to_be_refused():
    def bad(x, sigma):
        found = x.clone()
        found[1, 0, 1] = np.nan
        return found

    with pytest.raises(InputError, match=r"at sigma = 4:"):
        TorchDenoiser(bad, batch=9)(np.ones((3, 2, 2)), np.array([3.0, 4.0, 5.0]))
