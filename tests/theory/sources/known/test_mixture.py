"""Equal spherical components on the corners of a simplex."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.sources.table import find, load_source
from tests.options import ranges


def test_mixture_has_standard_units_and_simplex_means():
    source = load_source("mixture", dim=8, components=3, signal=6.0, count=30000, seed=2)
    truth, points = source.known.truth, source.known.points.astype(float)
    assert np.trace(truth.covariance) == pytest.approx(8.0)
    gram = truth.means @ truth.means.T * source.known.scale**2
    np.testing.assert_allclose(gram, 9.0 * np.eye(3) - 3.0, atol=1e-9)
    gram = source.mixture.means @ source.mixture.means.T
    np.testing.assert_allclose(gram, 9.0 * np.eye(3) - 3.0, atol=1e-12)
    assert np.all(np.abs(points.mean(axis=0)) < 4.0 * np.sqrt(truth.covariance.diagonal() / 30000))
    values, vectors = np.linalg.eigh(truth.covariance)
    along = points @ vectors
    assert np.abs(np.mean(along**2, axis=0) / values - 1.0).max() < 4.0 * np.sqrt(2.0 / 30000)
    assert source.law is source.mixture
    np.testing.assert_array_equal(source.spectrum.multiplicities, [2, 6])


def test_as_many_components_as_dimensions_fit():
    assert load_source("mixture", dim=3, components=3).spectrum.dim == 3


def test_mixture_of_images():
    source = load_source("mixture", dim=16, images=True, count=10)
    assert source.points.shape == (1, 4, 4)
    assert source.fresh(3, np.random.default_rng(0)).shape == (3, 1, 4, 4)


@pytest.mark.parametrize("signal", [0.5, 6.0])
def test_corners_have_the_squared_length_of_the_signal_and_lie_about_zero(signal):
    law = load_source("mixture", dim=6, components=4, signal=signal).mixture
    np.testing.assert_allclose(np.sum(law.means**2, axis=1), signal)
    np.testing.assert_allclose(law.means.mean(axis=0), 0.0, atol=1e-12)
    # All pairs are as far apart: regular.
    gram = law.means @ law.means.T
    np.testing.assert_allclose(gram[~np.eye(4, dtype=bool)], -signal / 3.0)
    np.testing.assert_allclose(law.weights, 0.25)


def test_axes_or_directions_that_are_drawn():
    along = load_source("mixture", dim=6, components=2, basis="identity", count=5, seed=3)
    np.testing.assert_array_equal(along.known.truth.means[:, 2:], 0.0)
    turned = load_source("mixture", dim=6, components=2, count=5, seed=3).known.truth
    assert np.abs(turned.means[:, 2:]).max() > 0.1
    other = load_source("mixture", dim=6, components=2, count=5, seed=4).known.truth
    assert np.abs(turned.means - other.means).max() > 0.1


def test_what_is_usual_without_options():
    found = load_source("mixture")
    # Two components at squared distance 4 of their centre, in 300 dimensions.
    np.testing.assert_allclose(found.spectrum.leading(2), [5.0, 1.0])
    assert found.spectrum.dim == 300
    assert found.spectrum.source == "mixture of 2, signal 4"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"dim": 3, "components": 4},
            "4 components need at least .* dimensions, but dim is 3",
        ),
        ({"signal": 0.0}, "signal must be a number, above 0"),
        ({"dim": 10_001}, "at most 10000"),
        ({"dim": 1}, "dim must be"),
        ({"components": 1}, "least 2"),
    ],
)
def test_options_that_do_not_fit(options, words):
    with pytest.raises(InputError, match=words):
        load_source("mixture", **options).known  # noqa: B018


def test_what_is_taken_and_usual():
    row = find("mixture")
    found = ranges(row.options)
    assert {name: found[name] for name in ("dim", "components", "signal")} == {
        "dim": (300, 2, None, 10_000), "components": (2, 2, None, None),
        "signal": (4.0, None, 0, None),
    }  # fmt: skip
    assert row.known
    law = load_source("mixture", dim=2, components=2, signal=3.0, basis="identity", count=2).known
    # Components of variance 1 and means at squared distance 3: 2 + 3 in two dimensions.
    assert law.scale == pytest.approx(np.sqrt(2.5))
    assert np.trace(law.truth.covariance) == pytest.approx(2.0)
