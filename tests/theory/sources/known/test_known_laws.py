"""What holds for every Gaussian law that is known."""

import numpy as np
import pytest

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
