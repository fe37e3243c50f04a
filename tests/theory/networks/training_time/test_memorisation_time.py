import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.networks.training_time.memorisation_time import MemorisationLaw, Onset, onset

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
