import numpy as np
import pytest
from scipy.stats import norm, t

from convergen.theory.common.checks import InputError
from convergen.theory.networks.training_time.memorisation_time import MemorisationLaw, Onset, onset
from tests.options import unsaid

TIMES = np.geomspace(10.0, 10_000.0, 7)


def rising(at, runs=4, spread=0.0, seed=0):
    """Marks that are straight in log time and reach 0.1 at a time."""
    shifts = spread * np.random.default_rng(seed).standard_normal(runs)
    return 0.1 + 0.05 * (np.log(TIMES)[:, None] - np.log(at) - shifts)


def found(curves, **keywords):
    return onset(TIMES, curves, np.random.default_rng(1), **keywords)


def test_onset_of_a_straight_line_is_exact():
    one = found(rising(500.0))
    np.testing.assert_allclose(one.time, 500.0)
    # Runs agree, so that the distance of snapshots alone counts: 0.13 · 1.96 of log 10^{1/2}.
    np.testing.assert_allclose(one.high / one.time, 10 ** (0.5 * 0.13 * 1.96), rtol=1e-3)
    np.testing.assert_allclose(one.time / one.low, one.high / one.time)
    np.testing.assert_allclose(found(rising(500.0), level=0.1 + 0.05 * np.log(2.0)).time, 1000.0)


def test_intervals_cover_the_truth():
    # 95 % of 60 is 57; the distance of snapshots makes the intervals a little wider.
    for runs in (2, 6):
        ones = [found(rising(500.0, runs, spread=0.5, seed=seed)) for seed in range(60)]
        assert sum(one.low < 500.0 < one.high for one in ones) >= 54
    alone = found(rising(500.0, 1))
    assert alone.high / alone.time == pytest.approx(10 ** (0.5 * 0.13 * 1.96), rel=1e-3)


class Recorded:
    """A generator that remembers what was drawn."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def integers(self, high, size):
        self.drawn = self.rng.integers(high, size=size)
        return self.drawn


@pytest.mark.parametrize("runs", [2, 5])
def test_few_runs_have_the_interval_of_student_about_the_mean(runs):
    curves, rng = rising(500.0, runs, spread=0.4, seed=3), Recorded(1)
    one = onset(TIMES, curves, rng)
    assert rng.drawn.shape == (400, runs)

    def crossing(curve):
        return np.interp(0.1, curve, np.log(TIMES))

    middle = crossing(curves.mean(axis=1))
    spread = np.sort([crossing(curves[:, rows].mean(axis=1)) for rows in rng.drawn])
    low, high = spread[10], spread[389]  # 0.025 and 0.975 of 399 steps, to the nearest
    wider = t.ppf(0.975, runs - 1) / norm.ppf(0.975) * np.sqrt(runs / (runs - 1))
    gap = norm.ppf(0.975) * 0.13 * np.log(TIMES[1] / TIMES[0])
    assert one.time == pytest.approx(np.exp(middle), rel=1e-9)
    assert np.log(one.low) == pytest.approx(middle - np.hypot(wider * (middle - low), gap))
    assert np.log(one.high) == pytest.approx(middle + np.hypot(wider * (high - middle), gap))


def test_a_tenth_of_the_excess_where_nothing_is_said():
    assert unsaid(onset) == {"level": 0.1}


def test_ends_of_the_grid():
    never = found(rising(1e6))
    assert never.time == never.high == np.inf
    assert never.low == pytest.approx(10_000.0)
    early = found(rising(5.0))
    assert (early.time, early.low) == (pytest.approx(10.0), 0.0)
    # Some runs reach it, the mean does not: the interval begins inside.
    half = np.hstack([rising(3000.0, 3), rising(1e6, 3)])
    assert found(half).time == np.inf
    assert 3000.0 < found(half).low < 10_000.0


def onsets(times, factor=1.2):
    return [Onset(t, t / factor, t * factor) for t in times]


def test_law_of_exact_onsets():
    law = MemorisationLaw.fit([4, 16], onsets([400.0, 1600.0]))
    assert law.kappa == pytest.approx(100.0)
    assert law.exponent == pytest.approx(1.0)
    sigma = np.log(1.2) / 1.96
    width = 1.96 * np.sqrt(2.0) * sigma / np.log(4.0)
    assert law.exponent_high - law.exponent == pytest.approx(width, rel=1e-3)
    assert law.exponent - law.exponent_low == pytest.approx(width, rel=1e-3)
    assert law.centre == pytest.approx(8.0)
    np.testing.assert_allclose(law.time([64])[0], 6400.0)
    np.testing.assert_allclose(law.samples(6400.0)[0], 64.0)
    steep = MemorisationLaw.fit([4, 16, 64], onsets([40.0, 640.0, 10240.0]))
    assert steep.exponent == pytest.approx(2.0)


def test_intervals_of_the_law_grow_with_the_distance():
    law = MemorisationLaw.fit([4, 16], onsets([400.0, 1600.0]))
    middle, low, high = law.time([8, 64, 1024])
    np.testing.assert_allclose(high / middle, middle / low)
    assert np.all(np.diff(high / middle) > 0.0)
    np.testing.assert_allclose(high[0] / middle[0], law.kappa_high / law.kappa)
    np.testing.assert_allclose(law.kappa_high / law.kappa, law.kappa / law.kappa_low)
    # Half of a factor of two in the exponent's error shows at eight times the centre.
    far = np.hypot(np.log(law.kappa_high / law.kappa), 1.96 * 0.2 * np.log(8.0))
    np.testing.assert_allclose(np.log(high[1] / middle[1]), far, rtol=1e-3)
    low_n, high_n = law.samples(float(middle[1]))[1:]
    assert low_n < 64 < high_n


def test_only_onsets_inside_the_run_count():
    law = MemorisationLaw.fit(
        [1, 4, 16, 64],
        [
            Onset(50.0, 0.0, 60.0),
            *onsets([400.0]),
            Onset(1600.0, 1200.0, np.inf),
            Onset(np.inf, 9e3, np.inf),
        ],
    )
    assert law.kappa == pytest.approx(100.0)
    assert np.isfinite(law.kappa_high)
    alone = MemorisationLaw.fit([4], onsets([400.0]))
    assert alone.kappa == pytest.approx(100.0)
    assert np.isnan(alone.exponent)
    with pytest.raises(InputError, match="train with fewer samples"):
        MemorisationLaw.fit([64], [Onset(np.inf, 9e3, np.inf)])


def test_the_law_is_a_mean_with_the_spread_of_exponents_and_the_free_one_least_squares():
    """Three onsets with unequal ends, against the formulas written out and numpy's fit."""
    sizes, times = np.array([2.0, 10.0, 30.0]), np.array([90.0, 1100.0, 2500.0])
    lows, highs = times / [1.5, 1.2, 1.1], times * [1.3, 1.6, 1.2]
    law = MemorisationLaw.fit(sizes, [Onset(*row) for row in zip(times, lows, highs, strict=True)])
    deviate, x, y = norm.ppf(0.975), np.log(sizes), np.log(times)
    errors = np.log(highs / lows) / 2.0 / deviate
    assert law.kappa == pytest.approx(np.exp(np.mean(y - x)), rel=1e-12)
    spread = 0.2 * (x - x.mean())
    error = np.sqrt(np.sum(errors**2) + np.sum(spread**2)) / 3.0
    assert np.log(law.kappa_high / law.kappa) == pytest.approx(deviate * error, rel=1e-9)
    assert np.log(law.kappa / law.kappa_low) == pytest.approx(deviate * error, rel=1e-9)
    fit, covariance = np.polyfit(x, y, 1, w=1.0 / errors, cov="unscaled")
    assert law.exponent == pytest.approx(fit[0], rel=1e-9)
    reach = deviate * np.sqrt(covariance[0, 0])
    assert law.exponent_high - law.exponent == pytest.approx(reach, rel=1e-9)
    assert law.exponent - law.exponent_low == pytest.approx(reach, rel=1e-9)
    assert law.centre == pytest.approx(np.exp(x.mean()), rel=1e-12)


def test_samples_of_a_time_have_the_interval_of_the_law():
    law = MemorisationLaw.fit([4, 16], onsets([400.0, 1600.0]))
    own, far = np.log(law.kappa_high / law.kappa), 1.959964 * 0.2 * np.log(64.0 / 8.0)
    expected = 64.0 * np.exp(np.array([0.0, -1.0, 1.0]) * np.hypot(own, far))
    np.testing.assert_allclose(law.samples(6400.0), expected, rtol=1e-6)


def test_an_onset_without_an_interval_is_right_to_a_thousandth():
    law = MemorisationLaw.fit([4], [Onset(0.5, 0.5, 0.5)])
    assert np.log(law.kappa_high / law.kappa) == pytest.approx(1.96e-3, rel=1e-4)


def test_two_onsets_at_one_size_show_no_exponent():
    law = MemorisationLaw.fit([4, 4], onsets([400.0, 500.0]))
    assert law.kappa == pytest.approx(np.sqrt(100.0 * 125.0))
    assert np.isnan([law.exponent, law.exponent_low, law.exponent_high]).all()
