"""A mixture fitted to the training set has the components that were drawn."""

import numpy as np
import pytest

from convergen.empirical.models.table import SOLVABLE
from convergen.theory.common.checks import InputError
from convergen.theory.mixtures.mixture import GaussianMixture
from tests.empirical.models.solvable.fits import SHAPE, check_row, fitted, same

MIXTURE = GaussianMixture([0.2, 0.3, 0.5], 30.0 * np.eye(3, 24), [1.0, 1.0, 1.0])


def test_as_many_components_are_fitted_as_the_law_has_and_the_points_bear():
    drawn = MIXTURE.sample(150, np.random.default_rng(1)).reshape(150, *SHAPE)
    (found,) = fitted("fitted-mixture", [drawn], MIXTURE)
    assert found.components == 3
    assert found.shape == SHAPE
    order = np.argsort(found.weights)
    np.testing.assert_allclose(found.weights[order], [0.2, 0.3, 0.5], atol=0.1)
    # Means of the components, to their error √(1/30) in each coordinate.
    np.testing.assert_allclose(found.means[order].reshape(3, 24), MIXTURE.means, atol=0.8)
    assert fitted("fitted-mixture", [drawn], MIXTURE, components=2)[0].components == 2
    few = [drawn[:1] * np.array([1.0, 2.0])[:, None, None, None], drawn[:5]]
    found = fitted("fitted-mixture", few, components=4)
    assert [each.components for each in found] == [1, 2]
    with pytest.raises(InputError, match=r"fitted to 1 point\(s\) that do not differ"):
        fitted("fitted-mixture", [drawn[:1]], MIXTURE)
    with pytest.raises(InputError, match="needs the option 'components' where the data are no"):
        SOLVABLE.find("fitted-mixture").resolve(SHAPE, {})
    # Seeds beyond those of scikit-learn are taken all the same.
    seeds = 2**32 + 5, 5
    same(*(fitted("fitted-mixture", [drawn[:9]], MIXTURE, seed) for seed in seeds))


def test_one_component_is_the_sample_mean_and_the_mean_variance():
    """Maximum likelihood of one spherical Gaussian, in closed form; one more for numbers' sake."""
    x = np.random.default_rng(2).standard_normal((50, *SHAPE)) * 3.0 + 1.0
    (found,) = fitted("fitted-mixture", [x], components=1)
    np.testing.assert_allclose(found.means.reshape(SHAPE), x.mean(axis=0), rtol=1e-10)
    scale = x.reshape(50, -1).var(axis=0).mean()
    np.testing.assert_allclose(found.covariances[0], scale * (1.0 + 1e-6) * np.eye(24), rtol=1e-9)


def test_points_on_two_places_have_a_floor_of_variance():
    """Components of no width keep a millionth of the variance of all points."""
    x = np.repeat([np.zeros(SHAPE), np.full(SHAPE, 2.0)], 6, axis=0)
    (found,) = fitted("fitted-mixture", [x], components=2)
    np.testing.assert_allclose(found.weights, [0.5, 0.5], rtol=1e-9)
    np.testing.assert_allclose(np.sort(found.means[:, 0, 0, 0]), [0.0, 2.0], atol=1e-9)
    np.testing.assert_allclose(
        found.covariances, [1e-6 * np.eye(24)] * 2, atol=1e-12
    )  # the variance is 1


def test_the_law_of_the_data_may_say_how_many():
    row = SOLVABLE.find("fitted-mixture")
    assert row.resolve(SHAPE, {}, MIXTURE) == {"components": None}
    assert row.resolve(SHAPE, {"components": 2}) == {"components": 2}


def test_the_row():
    check_row("fitted-mixture", "-.", {"components": (None, 1, None, 10_000)})
