"""Shrunk linear denoisers against scikit-learn and explicit fits without a point."""

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf

from convergen.theory.common.checks import InputError
from convergen.theory.networks.local.shrunk_linear import ShrunkLinear
from convergen.theory.networks.symmetry.orbits import Orbit

RNG = np.random.default_rng(1)
IMAGES = RNG.standard_normal((7, 1, 4, 4)) * np.arange(1, 17).reshape(4, 4)
FLAT = IMAGES.reshape(7, -1)
NOISY = RNG.standard_normal((4, 1, 4, 4)) * 9


def covariance(model):
    return (model.vectors * model.values) @ model.vectors.T


def test_without_an_orbit_the_shrinkage_is_that_of_ledoit_and_wolf():
    model = ShrunkLinear(IMAGES)
    expected, shrinkage = ledoit_wolf(IMAGES.reshape(7, -1), assume_centered=True)
    assert model.shrinkage == pytest.approx(shrinkage, rel=1e-10)
    np.testing.assert_allclose(covariance(model), expected, rtol=1e-9)


def test_images_of_a_point_are_no_independent_evidence():
    orbit = Orbit(2)
    model = ShrunkLinear(IMAGES, orbit)
    rows = orbit.of(IMAGES).reshape(7, 4, 16)
    own = np.einsum("igj,igk->ijk", rows, rows) / 4
    mean = own.mean(axis=0)
    scatter = np.mean(np.sum((own - mean) ** 2, axis=(1, 2))) / 7
    spread = np.sum((mean - np.trace(mean) / 16 * np.eye(16)) ** 2)
    assert model.shrinkage == pytest.approx(scatter / spread, rel=1e-10)


def test_it_is_the_wiener_filter():
    model = ShrunkLinear(IMAGES)
    inverse = np.linalg.inv(covariance(model) + 4.0 * np.eye(16))
    expected = NOISY.reshape(4, -1) @ inverse @ covariance(model)
    np.testing.assert_allclose(model(NOISY, 2.0).reshape(4, -1), expected, rtol=1e-9)


@pytest.mark.parametrize("orbit", [Orbit(), Orbit(2)])
def test_leaving_out_is_the_filter_of_the_other_points(orbit):
    model = ShrunkLinear(IMAGES, orbit)
    levels, own = np.array([0.5, 2.0, 2.0, 30.0]), np.array([6, 0, 3, 3])
    found = model.leave_one_out(NOISY, levels, own).reshape(4, -1)
    everything = orbit.of(IMAGES).reshape(-1, 16)
    level = np.mean(everything**2)
    for i, row in enumerate(own):
        rest = orbit.of(np.delete(IMAGES, row, axis=0)).reshape(-1, 16)
        moment = (1 - model.shrinkage) * rest.T @ rest / len(rest)
        moment += model.shrinkage * level * np.eye(16)
        expected = moment @ np.linalg.solve(moment + levels[i] ** 2 * np.eye(16), NOISY[i].ravel())
        np.testing.assert_allclose(found[i], expected, rtol=1e-8)


@pytest.mark.parametrize("scale", [1e-3, 1.0])
def test_shrinkage_does_not_depend_on_units(scale):
    model, expected = ShrunkLinear(scale * IMAGES), ledoit_wolf(FLAT, assume_centered=True)[1]
    assert model.shrinkage == pytest.approx(expected, rel=1e-9)


def test_shrinkage_lies_between_none_and_all():
    # Points of one axis each, equally long: Σ̂ is a multiple of 1, and nothing but its mean is left.
    assert ShrunkLinear(2.0 * np.eye(4)).shrinkage == 1.0
    # Nearly so: their scatter is larger than the spread of eigenvalues.
    assert ShrunkLinear(np.diag([1.0, 1.0, 1.0, 1.1])).shrinkage == 1.0
    # Equal points have no scatter; what rounding makes of it is none.
    rng = np.random.default_rng(2)
    for _ in range(20):
        model = ShrunkLinear(np.tile(rng.standard_normal(5), (3, 1)))
        assert 0.0 <= model.shrinkage < 1e-14
        assert model.values.min() >= 0.0


def test_points_that_are_all_zero_are_refused():
    with pytest.raises(InputError, match="all training points are zero"):
        ShrunkLinear(np.zeros((3, 4)))
