import numpy as np

from convergen import theory
from convergen.theory.forecast.laws.factor_starts import factor_starts, told_apart
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
