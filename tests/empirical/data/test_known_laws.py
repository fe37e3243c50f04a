import numpy as np
import pytest

from convergen.empirical.data.kinds import load_data


@pytest.mark.parametrize(
    ("kind", "options", "raw"),
    [
        ("isotropic", {"dim": 9}, np.ones(9)),
        ("spiked", {"dim": 9, "spikes": [8.0, 3.0]}, np.array([8.0, 3.0] + [1.0] * 7)),
        ("power-law", {"dim": 9, "alpha": 1.5}, np.arange(1.0, 10.0) ** -1.5),
    ],
)
def test_gaussian_kinds(kind, options, raw):
    data = load_data(kind, count=20000, seed=3, **options)
    truth = data.truth
    values, vectors = truth.leading(9), truth.eigenvectors
    np.testing.assert_allclose(values, raw / raw.mean(), rtol=1e-12)
    assert data.scale**2 == pytest.approx(raw.mean())
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(9), atol=1e-12)
    along = data.points.astype(float) @ vectors
    moment = along.T @ along / len(data)
    error = np.sqrt((np.outer(values, values) + np.diag(values) ** 2) / len(data))
    assert np.abs((moment - np.diag(values)) / error).max() < 4.0


def test_identity_basis_and_images():
    data = load_data("spiked", dim=16, basis="identity", images=True, count=5)
    assert data.shape == (1, 4, 4)
    np.testing.assert_array_equal(data.truth.eigenvectors, np.eye(16))
    random = load_data("spiked", dim=16, images=True, count=5)
    assert np.abs(random.truth.eigenvectors).max() < 0.99


def test_mixture_has_standard_units_and_simplex_means():
    data = load_data("mixture", dim=8, components=3, signal=6.0, count=30000, seed=2)
    truth = data.truth
    assert np.trace(truth.covariance) == pytest.approx(8.0)
    gram = truth.means @ truth.means.T * data.scale**2
    np.testing.assert_allclose(gram, 9.0 * np.eye(3) - 3.0, atol=1e-9)
    flat = data.points.astype(float)
    assert np.all(np.abs(flat.mean(axis=0)) < 4.0 * np.sqrt(truth.covariance.diagonal() / 30000))
    spectrum = data.spectrum()
    along = flat @ spectrum.eigenvectors
    assert np.abs(np.mean(along**2, axis=0) / spectrum.leading(8) - 1.0).max() < 4.0 * np.sqrt(
        2.0 / 30000
    )
    np.testing.assert_array_equal(spectrum.multiplicities, [2, 6])


def test_mixture_of_images():
    data = load_data("mixture", dim=16, images=True, count=10)
    assert data.shape == (1, 4, 4)
    assert data.fresh(3, np.random.default_rng(0)).shape == (3, 1, 4, 4)
