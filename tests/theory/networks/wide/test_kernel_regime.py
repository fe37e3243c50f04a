import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.networks.symmetry.orbits import Orbit
from convergen.theory.networks.wide.kernel_regime import MOST_COPIES, KernelRegime
from convergen.theory.networks.wide.kernel_regression import KernelRegression

DATA = np.random.default_rng(0).standard_normal((3, 1, 2, 2))


def test_the_budget_sets_the_copies_and_the_generator_their_noise(caplog):
    one, other = (KernelRegime.fit(DATA, np.random.default_rng(seed)) for seed in (1, 2))
    assert one.trained(40.4).copies == 40
    assert one.trained(0.0).copies == 1
    assert not caplog.text
    assert one.trained(2000.0).copies == 2000 == MOST_COPIES
    assert not caplog.text
    assert one.trained(2001.0).copies == 2000
    assert "budget asks for 2001 noised copies" in caplog.text
    assert "2000 are drawn" in caplog.text
    x = DATA + 0.5
    np.testing.assert_array_equal(one.trained(40)(x, 1.0), one.trained(40)(x, 1.0))
    assert np.abs(one.trained(40)(x, 1.0) - other.trained(40)(x, 1.0)).max() > 1e-3


def test_a_dense_network_has_no_symmetry():
    with pytest.raises(InputError, match="no symmetry"):
        KernelRegime.fit(DATA, np.random.default_rng(0), Orbit(shift=1))


def test_the_seed_is_one_of_31_bits():
    drawn = int(np.random.default_rng(1).integers(2**31))
    model = KernelRegime.fit(DATA, np.random.default_rng(1)).trained(7.0)
    same = KernelRegression(DATA, images=350, seed=drawn)
    np.testing.assert_array_equal(model(DATA + 0.5, 0.5), same(DATA + 0.5, 0.5))
