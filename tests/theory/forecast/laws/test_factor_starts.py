from types import SimpleNamespace

import numpy as np
import pytest

from convergen import theory
from convergen.theory.forecast.laws.factor_starts import _sums, factor_starts, told_apart
from convergen.theory.pilot.interval import Interval

NAN = np.nan
SPIKED = theory.Spectrum.spiked(120, [20.0, 5.0])


def pilot(count, seed, spikes=(21.0, 6.0)):
    data = np.random.default_rng(seed).standard_normal((count, 120))
    data[:, : len(spikes)] *= np.sqrt(spikes)
    return theory.estimate_population(data)


def test_intervals_hold_the_thresholds_of_the_law():
    truth = np.maximum(theory.recovery_thresholds(SPIKED, 2), 1.0)
    inside, widths = [], []
    for seed in range(10):
        found = factor_starts(pilot(140, seed))
        assert np.all(found.low <= found.value)
        assert np.all(found.value <= found.high)
        inside.append((found.low[:2] <= truth) & (truth <= found.high[:2]))
        widths.append(found.sampling[1])
    assert np.mean(inside) >= 0.8
    wider = factor_starts(pilot(60, 0)).sampling[1]
    assert np.median(widths) < 0.8 * wider


def test_factors_that_may_be_one_start_anywhere():
    apart, near = (factor_starts(pilot(300, 1, spikes)) for spikes in ((30.0, 9.0), (30.0, 28.0)))
    assert np.log(near.high[0] / near.low[0]) > 3.0 * np.log(apart.high[0] / apart.low[0])


def test_factors_that_may_be_one_are_not_numbered():
    apart, near = (pilot(300, 1, spikes) for spikes in ((30.0, 9.0), (30.0, 28.0)))
    assert np.isfinite(told_apart(factor_starts(apart)).value[:2]).all()
    starts = factor_starts(near)
    found = told_apart(starts)
    for name in ("value", "low", "high", "sampling", "unseen"):
        assert np.isnan(getattr(found, name)[:2]).all()
    np.testing.assert_array_equal(np.isnan(found.low), starts.high > 4.0 * starts.low)
    within = (starts.high <= 1.3 * starts.value) & (starts.value <= 1.3 * starts.low)
    within |= (starts.high <= starts.value + 1.0) & (starts.low >= starts.value - 1.0)
    np.testing.assert_array_equal(np.isnan(found.value), ~within)


def test_a_start_that_is_known_roughly_keeps_its_ends():
    low, high = np.array([10.0, 10.0, 11.0, 10.0, 10.0]), np.array([18.0, 19.0, 18.0, 39.0, 41.0])
    value = np.array([14.0, 14.0, 14.0, 14.0, 14.0])
    low[0] = 10.9
    found = told_apart(Interval(value, low, high, np.full(5, 0.3), np.zeros(5)))
    np.testing.assert_array_equal(found.value, [14.0, NAN, 14.0, NAN, NAN])
    np.testing.assert_array_equal(found.low, [10.9, 10.0, 11.0, 10.0, NAN])
    np.testing.assert_array_equal(found.high, [18.0, 19.0, 18.0, 39.0, NAN])
    # Samples are whole: one more or less is no doubt.
    few = told_apart(
        Interval(*(np.array([x, y]) for x, y in ((2, 2), (1, 1), (2.9, 3.1), (0, 0), (0, 0))))
    )
    np.testing.assert_array_equal(few.value, [2.0, NAN])
    # Ends that are near to each other, but not to the estimate.
    lone = told_apart(Interval(*(np.array([x]) for x in (11.0, 8.0, 12.0, 0.3, 0.0))))
    assert np.isnan(lone.value[0])
    assert lone.high[0] == 12.0


def test_level_and_seed():
    found = pilot(100, 2)
    half, most = factor_starts(found, 0.5), factor_starts(found, 0.98)
    assert np.all(most.high > half.high)
    np.testing.assert_array_equal(half.value, found.factors.thresholds)
    np.testing.assert_array_equal(factor_starts(found, 0.5).high, half.high)


def test_no_factor_no_interval():
    flat = theory.estimate_population(np.random.default_rng(3).standard_normal((40, 300)))
    assert flat.factors.thresholds.size == 0
    assert factor_starts(flat).high.size == 0


def test_factors_that_are_all_there_is_start_at_once():
    rng = np.random.default_rng(10)
    data = rng.standard_normal((40, 10)) * np.sqrt(rng.gamma(1.0, 1.0, (40, 1)))
    pilot = theory.estimate_population(data)
    starts = factor_starts(pilot, 0.9)
    assert np.all(np.isfinite(starts.low))
    assert np.all(starts.low <= starts.high)


@pytest.mark.parametrize(("value", "low", "high", "number", "ends"), [
    (2.0, 1.0, 3.0, True, True), (2.0, 0.9, 3.0, False, True), (2.0, 1.0, 3.1, False, True),
    (10.0, 8.0, 13.0, True, True), (10.0, 7.6, 13.1, False, True),
    (20.0, 10.0, 40.0, False, True), (20.0, 9.9, 40.0, False, False),
])  # fmt: skip
def test_what_is_a_number_and_what_a_range(value, low, high, number, ends):
    """Ends within 30 % or a sample make a number, ends of a ratio up to four a range."""
    found = told_apart(Interval(*(np.array([x]) for x in (value, low, high, 0.1, 0.0))))
    assert np.isfinite(found.value[0]) == number
    assert np.isfinite(found.low[0]) == np.isfinite(found.high[0]) == ends


def made(eigenvalues, bulk, multiplicities, thresholds, influence, seed=7):
    """A pilot whose other samples are normal numbers."""
    values = [*eigenvalues, *bulk]
    counts = [1] * len(eigenvalues) + list(multiplicities)
    factors = SimpleNamespace(
        eigenvalues=np.array(eigenvalues), log_influence=np.array(influence),
        thresholds=np.array(thresholds),
    )  # fmt: skip
    return SimpleNamespace(
        seed=seed, factors=factors,
        curve=SimpleNamespace(another_sample=lambda rng: rng.standard_normal(3)),
        spectrum=SimpleNamespace(eigenvalues=np.array(values), multiplicities=np.array(counts)),
    )  # fmt: skip


def log_start(lam, k, bulk, counts):
    """Logarithm of Σ_{j≠k} (λ_j/(λ_k − λ_j))² for one factor, term by term."""
    total = sum((other / (lam[k] - other)) ** 2 for j, other in enumerate(lam) if j != k)
    for value, count in zip(bulk, counts, strict=True):
        if value < 0.999 * lam[k]:
            total += count * (value / (lam[k] - value)) ** 2
    return np.log(total)


def test_ends_are_quantiles_of_what_two_hundred_other_samples_would_show():
    lam, bulk, counts = [30.0, 12.0], [2.0, 1.0], [5, 40]
    influence = [[0.01, 0.02, 0.0], [0.0, -0.02, 0.01]]
    pilot = made(lam, bulk, counts, [0.9, 7.0], influence)
    rng, moved = np.random.default_rng([7, 4]), []
    for _ in range(200):
        shift = np.array(influence) @ rng.standard_normal(3)
        moved.append([log_start(lam * np.exp(shift), k, bulk, counts) for k in (0, 1)])
    change = np.array(moved) - [log_start(lam, k, bulk, counts) for k in (0, 1)]
    for options, tail in (({}, 0.05), ({"level": 0.5}, 0.25)):
        found = factor_starts(pilot, **options)
        low, high = np.quantile(change, [tail, 1.0 - tail], axis=0)
        np.testing.assert_array_equal(found.value, [0.9, 7.0])
        # No start lies below one sample, unless the estimate does.
        np.testing.assert_allclose(found.low, [0.9, 7.0 * np.exp(low[1])])
        np.testing.assert_allclose(found.high, [0.9, 7.0] * np.exp(high))
        np.testing.assert_allclose(found.sampling, np.maximum(-low, high))
        np.testing.assert_array_equal(found.unseen, [0.0, 0.0])


def test_no_start_is_known_to_less_than_three_in_a_thousand():
    """One factor, and nothing else that varies: it can be mistaken for nothing."""
    for bulk, counts in (([], []), ([1.0], [9])):
        found = factor_starts(made([30.0], bulk, counts, [7.0], [[0.0, 0.0, 0.0]]))
        np.testing.assert_allclose(found.low, [7.0 * np.exp(-3e-3)], rtol=1e-12)
        np.testing.assert_allclose(found.high, [7.0 * np.exp(3e-3)], rtol=1e-12)
        np.testing.assert_allclose(found.sampling, [3e-3])


def test_the_bulk_that_a_factor_replaced_is_not_beside_it():
    """Within a thousandth it is left out; above it there is none."""
    edge = (1.0 - 1e-3) * 10.0
    found = _sums(np.array([[10.0]]), np.array([11.0, 9.995, edge, 9.98, 2.0]), np.arange(1.0, 6.0))
    np.testing.assert_allclose(found, [[4.0 * 499.0**2 + 5.0 * 0.25**2]], rtol=1e-9)
