import numpy as np
import pytest

from convergen import theory
from convergen.theory.pilot.factors import visible_factors
from convergen.theory.pilot.sample import PilotSample
from convergen.theory.spectra.principal_components import principal_components


@pytest.mark.parametrize(("count", "dim"), [(300, 600), (900, 300)])
def test_spikes_are_deflated_and_turned_as_predicted(count, dim):
    spikes = np.array([40.0, 15.0])
    bulk = theory.Spectrum.spiked(dim, spikes)
    ratios, overlaps, predicted, thresholds = [], [], [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        data = rng.standard_normal((count, dim))
        data[:, :2] *= np.sqrt(spikes)
        parts = principal_components(data)
        found = visible_factors(PilotSample.of(data, parts, centred=True))
        assert len(found.eigenvalues) == 2  # nothing of the bulk
        ratios.append(found.eigenvalues / spikes)
        overlaps.append(np.diag(parts.eigenvectors[:2, :2]) ** 2)
        predicted.append(found.overlaps)
        thresholds.append(found.thresholds)
    ratios, overlaps, predicted = map(np.array, (ratios, overlaps, predicted))
    error = ratios.std(axis=0, ddof=1) / np.sqrt(12.0)
    assert np.all(np.abs(ratios.mean(axis=0) - 1.0) < 4.0 * error)
    # The sample eigenvalue of a spike fluctuates like √(2/n).
    np.testing.assert_allclose(ratios.std(axis=0), np.sqrt(2.0 / count), rtol=0.7)
    np.testing.assert_allclose(predicted.mean(axis=0), overlaps.mean(axis=0), atol=0.02)
    known = np.maximum(theory.recovery_thresholds(bulk, 2), 1.0)
    np.testing.assert_allclose(np.median(thresholds, axis=0), known, rtol=0.3)


def test_a_bulk_alone_shows_no_factor():
    data = np.random.default_rng(3).standard_normal((200, 400))
    parts = principal_components(data)
    assert visible_factors(PilotSample.of(data, parts, centred=True)).eigenvalues.size == 0


def test_influence_is_the_change_without_a_point():
    rng = np.random.default_rng(4)
    data = rng.standard_normal((150, 20))
    data[:, 0] *= 8.0
    parts = principal_components(data, center=False)
    found = visible_factors(PilotSample.of(data, parts, centred=False))
    change = np.empty(150)
    for i in range(150):
        rest = np.delete(data, i, axis=0)
        change[i] = np.log(np.linalg.eigvalsh(rest.T @ rest)[-1])
    change -= change.mean()
    assert np.corrcoef(change, found.log_influence[0])[0, 1] > 0.99
    assert found.log_influence[0].std() == pytest.approx(change.std(), rel=0.1)
    np.testing.assert_array_equal(found.moved(np.zeros(150)), found.eigenvalues)
    moved = found.moved(np.eye(150)[7])
    np.testing.assert_allclose(
        np.log(moved[0] / found.eigenvalues[0]), found.log_influence[0, 7], rtol=1e-8
    )


def given(values, freedom, points, seed=0):
    left = np.random.default_rng(seed).standard_normal((points, len(values)))
    return PilotSample(np.array(values), left, freedom, points, 50)


@pytest.mark.parametrize(
    ("values", "freedom", "count"),
    [([9.0, 4.0, 1.0], 5, 2), ([90.0, 30.0, 4.0, 3.9], 40, 2), ([90.0, 30.0, 5.0], 3, 1),
     ([60.0, 20.0, 1.0, 0.9], 30, 2), ([2.0, 1.0], 2, 1), ([1.99, 1.0], 2, 0),
     ([4.0, 4.0, 1.0], 9, 0), ([1e4, 9e3, 1.0], 200, 2), ([1e4, 9.1e3, 1.0], 200, 1),
     ([1e6, 1e4, 9.1e3, 1.0], 200, 2)],
)  # fmt: skip
def test_factors_are_those_of_sums_over_all_other_eigenvalues(values, freedom, count):
    """A squared overlap of 1/2 is visible, less is not; equal values show nothing."""
    pilot = given(values, freedom, freedom + 1)
    found = visible_factors(pilot)
    assert len(found.eigenvalues) == count
    every = values + [0.0] * (freedom - len(values))
    for k in range(count):
        others = [each for j, each in enumerate(every) if j != k]
        first = sum(1.0 / (values[k] - each) for each in others)
        second = sum(1.0 / (values[k] - each) ** 2 for each in others)
        assert found.eigenvalues[k] == pytest.approx(freedom / first, rel=1e-12)
        assert found.overlaps[k] == pytest.approx(first / values[k] / second, rel=1e-12)
        assert found.overlaps[k] >= 0.5
        threshold = max(freedom - 1 - first**2 / second, 1.0)
        assert found.thresholds[k] == pytest.approx(threshold, rel=1e-9)
    change = -(freedom + 1) / freedom * pilot.left[:, :count] ** 2
    change = (change - change.mean(axis=0)).T
    np.testing.assert_allclose(found.log_influence, change, rtol=1e-12)


@pytest.mark.parametrize(("count", "visible"), [(2, 1), (32, 31), (33, 32), (40, 32)])
def test_at_most_32_factors_are_deflated_and_never_the_last(count, visible):
    found = visible_factors(given(list(4.0 ** np.arange(count, 0.0, -1.0)), 60, 61))
    assert len(found.eigenvalues) == visible


def test_another_sample_has_its_factors_in_descending_order():
    found = visible_factors(given([1e4, 9e3, 1.0], 200, 201))
    assert len(found.eigenvalues) == 2
    counts = np.random.default_rng(0).standard_normal(201)
    moved = found.eigenvalues * np.exp([each @ counts for each in found.log_influence])
    np.testing.assert_allclose(found.moved(counts), sorted(moved, reverse=True), rtol=1e-12)
    np.testing.assert_allclose(found.moved(-counts)[::-1], np.sort(found.eigenvalues**2 / moved))
