import numpy as np
import pytest

from convergen.theory.pilot import sample as module
from convergen.theory.pilot.sample import PilotSample
from convergen.theory.spectra.principal_components import (
    PrincipalComponents,
    principal_components,
)


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("shape", [(30, 6), (5, 9)])
def test_eigenvalues_are_unbiased_and_left_vectors_those_of_the_points(centred, shape):
    data = np.random.default_rng(0).standard_normal(shape) * np.arange(1, shape[1] + 1) + 1.0
    found = PilotSample.of(data, principal_components(data, center=centred), centred)
    rows = data - data.mean(axis=0) if centred else data
    freedom = len(data) - centred
    assert (found.points, found.dim, found.freedom) == (*shape, freedom)
    values = np.linalg.svd(rows, compute_uv=False) ** 2 / freedom
    kept = values > 1e-9 * values[0]
    np.testing.assert_allclose(found.eigenvalues, values[kept], rtol=1e-9)
    assert found.trace == pytest.approx((rows**2).sum() / freedom)
    np.testing.assert_allclose(found.left.T @ found.left, np.eye(kept.sum()), atol=1e-9)
    rebuilt = (found.left * found.eigenvalues * freedom) @ found.left.T
    np.testing.assert_allclose(rebuilt, rows @ rows.T, atol=1e-8 * values[0] * freedom)


def test_of_many_points_some_rows_are_kept_whole(monkeypatch):
    monkeypatch.setattr(module, "_LEAST_ROWS", 8)
    monkeypatch.setattr(module, "_ELEMENTS", 60)
    data = np.random.default_rng(1).standard_normal((40, 6))
    parts = principal_components(data)
    found = PilotSample.of(data, parts, True)
    centred = data - data.mean(axis=0)
    whole = centred @ parts.eigenvectors / np.sqrt(40 * parts.eigenvalues)
    assert found.left.shape == (10, 6)
    places = [int(np.abs(whole - row).sum(axis=1).argmin()) for row in found.left]
    np.testing.assert_allclose(found.left, whole[places], atol=1e-12)
    assert places == sorted(set(places))
    assert places[-1] - places[0] > 30


@pytest.mark.parametrize(
    ("count", "followed"), [(512, 512), (513, 257), (768, 384), (769, 257), (3 * 384 + 1, 289)]
)
def test_at_most_384_of_many_rows_are_followed(count, followed):
    sample = PilotSample(np.ones(1), np.arange(float(count))[:, None], count, count, 1)
    rows = sample.influential[:, 0]
    assert len(rows) == followed
    assert len(set(np.diff(rows))) == 1
    np.testing.assert_array_equal(sample.influential_of(np.arange(count)), rows)


@pytest.mark.parametrize(("dim", "kept"), [(1, 2**21), (200, 10485), (511, 4104), (600, 4096)])
def test_rows_that_are_kept_have_two_million_elements_and_are_4096_at_least(dim, kept, monkeypatch):
    asked = []
    monkeypatch.setattr(module, "spread_rows", lambda *given: asked.append(given) or np.arange(2))
    parts = PrincipalComponents(np.ones(dim), np.eye(dim), np.zeros(dim), 10**7)
    found = PilotSample.of(np.ones((2, dim)), parts, False)
    assert asked == [(10**7, kept)]
    np.testing.assert_allclose(found.left, np.full((2, dim), 10.0**-3.5))


@pytest.mark.parametrize(("count", "whole"), [(4096, True), (4097, False)])
def test_known_left_vectors_serve_up_to_4096_rows(count, whole):
    left = np.full((count, 1), 7.0)
    parts = PrincipalComponents(np.ones(1), np.eye(1), np.zeros(1), count, left)
    found = PilotSample.of(np.ones((count, 1)), parts, True).left
    assert (found is left) == whole
    assert whole or found == pytest.approx(count**-0.5)
