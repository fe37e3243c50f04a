import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.sources.drawing import check_size
from convergen.theory.sources.table import load_source


@pytest.mark.parametrize(
    ("kind", "options", "raw"),
    [
        ("isotropic", {"dim": 9}, np.ones(9)),
        ("spiked", {"dim": 9, "spikes": [8.0, 3.0]}, np.array([8.0, 3.0] + [1.0] * 7)),
        ("power-law", {"dim": 9, "alpha": 1.5}, np.arange(1.0, 10.0) ** -1.5),
    ],
)
def test_gaussian_kinds(kind, options, raw):
    source = load_source(kind, count=20000, seed=3, **options)
    data, truth = source.known, source.known.truth
    np.testing.assert_array_equal(source.spectrum.leading(9), raw)
    values, vectors = truth.leading(9), truth.eigenvectors
    np.testing.assert_allclose(values, raw / raw.mean(), rtol=1e-12)
    assert data.scale**2 == pytest.approx(raw.mean())
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(9), atol=1e-12)
    along = data.points.astype(float) @ vectors
    moment = along.T @ along / 20000
    error = np.sqrt((np.outer(values, values) + np.diag(values) ** 2) / 20000)
    assert np.abs((moment - np.diag(values)) / error).max() < 4.0


def test_identity_basis_and_images():
    axes = load_source("spiked", dim=16, basis="identity", images=True, count=5)
    assert axes.points.shape == (1, 4, 4)
    np.testing.assert_array_equal(axes.known.truth.eigenvectors, np.eye(16))
    random = load_source("spiked", dim=16, images=True, count=5)
    assert np.abs(random.known.truth.eigenvectors).max() < 0.99


def test_raw_units_and_fresh_points():
    source = load_source("power-law", dim=4, alpha=2.0, basis="identity", count=20000)
    expected = np.arange(1.0, 5.0) ** -2.0
    error = 4.0 * expected * np.sqrt(2.0 / 20000)
    assert np.all(np.abs(np.mean(source.points.flat() ** 2, axis=0) - expected) < error)
    fresh = source.fresh(20000, np.random.default_rng(1)).astype(float)
    assert np.all(np.abs(np.mean(fresh**2, axis=0) - expected) < error)


def test_spikes_above_a_power_law():
    found = load_source("spiked", dim=6, spikes=[9.0, 5.0], alpha=1.0).spectrum
    np.testing.assert_allclose(found.leading(6), [9.0, 5.0, 1.0, 1 / 2, 1 / 3, 1 / 4])
    flat = load_source("spiked", dim=6, spikes=[9.0, 5.0]).spectrum
    np.testing.assert_array_equal(flat.leading(6), [9.0, 5.0, 1.0, 1.0, 1.0, 1.0])
    assert load_source("spiked", dim=3, alpha=1.0).spectrum.leading(3)[2] == 1.0
    with pytest.raises(InputError, match=r"2 spikes do not fit .*: raise dim from 2 to at least 3"):
        load_source("spiked", dim=2, alpha=1.0)


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


def test_large_laws_are_predicted_but_not_drawn():
    source = load_source("isotropic", dim=10**7)
    assert source.spectrum.dim == 10**7
    with pytest.raises(InputError, match=r"8e\+05 GB of eigenvectors, .*: lower dim"):
        source.known  # noqa: B018
    with pytest.raises(InputError, match=r"4e\+03 GB, .*: lower count"):
        load_source("spiked", dim=1000, count=10**9).known  # noqa: B018


def test_what_draws_may_take():
    check_size(20_000, 1)
    check_size(1000, 10**6)
    with pytest.raises(InputError, match=r"need 7.2 GB of eigenvectors, but at most 4.3 GB are"):
        check_size(30_000, 1)
    with pytest.raises(InputError, match=r"1100000 points of 1000 coordinates need 4.4 GB, but"):
        check_size(1000, 1_100_000)


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("spiked", {"dim": 10, "images": True}, "no square image"),
        ("mixture", {"dim": 3, "components": 4}, "as many dimensions"),
        ("mixture", {"signal": 0.0}, "signal must be a number, above 0"),
        ("mixture", {"dim": 20000}, "at most 10000"),
    ],
)
def test_options_that_do_not_fit(kind, options, words):
    with pytest.raises(InputError, match=words):
        load_source(kind, **options).known  # noqa: B018
