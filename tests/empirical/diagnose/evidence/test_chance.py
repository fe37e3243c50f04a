"""What chance gives, from real points."""

import numpy as np
import pytest

from convergen.empirical.diagnose.evidence.chance import Chance


@pytest.mark.parametrize(("points", "tail"), [(8, 8), (20, 10), (50, 10), (100, 10), (300, 30)])
def test_the_tail_is_the_lowest_tenth_but_ten_points_at_least(points, tail):
    values = np.linspace(0.4, 0.9, points)
    assert Chance.of(values[::-1]).start == values[tail - 1]


def law(power, points, seed):
    """Ratios x with P(x) = x^power."""
    return np.random.default_rng(seed).random(points) ** (1.0 / power)


@pytest.mark.parametrize("power", [2.0, 10.0])
def test_the_chance_is_the_law_in_the_body_and_no_less_in_the_tail(power):
    chance = Chance.of(law(power, 4000, 0))
    seen = np.array([0.1, 0.3, 0.9]) ** (1.0 / power)
    np.testing.assert_allclose(chance.probability(seen), [0.1, 0.3, 0.9], atol=0.03)
    # 1.5 standard errors of 400 values are 7.5 %: the tail is taken to be so much heavier.
    assert chance.decay == pytest.approx(1.075 / power, rel=0.2)
    for deep in (0.03, 0.01):
        found = chance.probability(np.array([deep ** (1.0 / power)]))[0]
        assert 0.9 * deep < found < 1.6 * deep


def test_the_chance_of_few_points_is_never_nought():
    values = np.linspace(0.5, 1.0, 24)
    assert Chance.of(values).repeats == 0.0
    chance = Chance.of(values)
    assert chance.start == values[9]
    found = chance.probability(np.array([values[9], values[23], 2.0, 0.0, 0.25 * values[9]]))
    # (rank + 1)/(N + 1), and below the tenth point half a point more than its law.
    np.testing.assert_allclose(found[:3], [11 / 25, 1.0, 1.0])
    assert found[3] == 1e-9
    expected = 11 / 25 * 0.25 ** (1.0 / chance.decay) + 0.5 * 0.25 / 25
    assert found[4] == pytest.approx(expected)
    logs = np.log(values[9] / values[:10])
    mean = min(logs.mean(), 1.5 * np.median(logs) / np.log(2.0))
    assert chance.decay == pytest.approx(mean * (1.0 + 1.5 / np.sqrt(10)))


def test_equal_values_fall_off_as_fast_as_is_believed():
    chance = Chance.of(np.full(50, 0.8))
    assert (chance.start, chance.decay) == (0.8, 0.01)
    assert Chance.of(np.full(50, 3.0)).start == 1.0


def test_repeats_of_the_law_are_always_possible():
    values = law(4.0, 100, 1)
    seen = np.array([0.05, 0.2, 0.5, 0.9])
    plain, some = (Chance.of(values, share).probability(seen) for share in (0.0, 0.25))
    np.testing.assert_allclose(some, 0.25 + 0.75 * plain, rtol=1e-12)


def test_repeats_among_real_points_do_not_make_the_tail_heavier():
    values = law(12.0, 200, 2)
    clean = Chance.of(values)
    repeated = Chance.of(np.concatenate([values, [0.01, 0.02, 0.0]]))
    assert repeated.ratios.size == 200
    assert repeated.decay == clean.decay
    # What is no nearer than a third, or no rarer than one in twenty sets, is no repeat.
    assert Chance.of(np.concatenate([values, [0.34]])).ratios.size == 201
    steep = law(40.0, 200, 2)
    for value, size in ((0.33, 200), (0.34, 201)):
        assert Chance.of(np.concatenate([steep, [value]])).ratios.size == size
    wide = law(1.0, 200, 3)
    assert Chance.of(wide).ratios.size == 200


def test_of_few_points_all_are_the_tail():
    """Values x of the law P(X < x) = x²: the mean of log(start/x) of all but the last is 1/2."""
    values = np.array([0.3, 0.5, 0.7, 0.8, 0.9])
    found = Chance.of(values)
    assert found.start == 0.9
    logs = np.log(0.9 / values)
    mean = min(logs.mean(), 1.5 * np.median(logs) / np.log(2.0))
    assert found.decay == pytest.approx(mean * (1.0 + 1.5 / np.sqrt(5)))
    # Between real points the share of those below, of one point more than there are.
    assert found.probability(np.array([0.95]))[0] == pytest.approx(1.0)
    assert found.probability(np.array([0.9]))[0] == pytest.approx(6.0 / 6.0)


def test_below_the_tail_chance_falls_like_a_power():
    """Start s and decay d: share·(x/s)^(1/d), and half a point of N + 1 in proportion."""
    values = np.linspace(0.2, 1.0, 40)
    found = Chance.of(values)
    assert found.start == pytest.approx(np.sort(values)[9])  # a tenth, at least ten
    x = np.array([0.5, 0.25]) * found.start
    expected = 11.0 / 41.0 * np.array([0.5, 0.25]) ** (1.0 / found.decay)
    expected += 0.5 * np.array([0.5, 0.25]) / 41.0
    np.testing.assert_allclose(found.probability(x), expected)
    above = np.array([0.5 * (values[19] + values[20])])
    assert found.probability(above)[0] == pytest.approx(21.0 / 41.0)
    assert found.probability(np.array([0.0]))[0] == 1e-9


def tail(values):
    """Start and decay as they are defined, of sorted values."""
    count = max(round(0.1 * len(values)), min(10, len(values)))
    logs = np.log(values[count - 1] / values[:count])
    mean = min(logs.mean(), 1.5 * np.median(logs) / np.log(2.0))
    return values[count - 1], mean * (1.0 + 1.5 / np.sqrt(count))


@pytest.mark.parametrize(("size", "among"), [(5, 5), (50, 10), (300, 30)])
def test_a_repeat_is_rarer_than_one_in_twenty_sets(size, among):
    """Of its tail of n points n·(x/start)^(1/decay) are expected below x: 0.05 is the limit."""
    others = (np.arange(1, size) / size) ** 0.4
    kept = []
    for low in np.geomspace(1e-6, 0.33, 100):
        values = np.sort(np.r_[low, others])
        start, decay = tail(values)
        expected = among * np.minimum(values / start, 1.0) ** (1.0 / decay)
        kept.append(np.sum((expected > 0.05) | (values > 1.0 / 3.0)))
        if kept[-1] >= size - 1:
            assert Chance.of(values).ratios.size == kept[-1]
    assert {size - 1, size} <= set(kept)


def test_a_third_itself_is_a_repeat_if_it_is_as_rare():
    steep = law(40.0, 200, 2)
    assert Chance.of(np.r_[steep, 1.0 / 3.0]).ratios.size == 200


def test_repeats_are_left_out_twice():
    """Without its first repeats the tail shows more of them, and then even more, which stay."""
    rng = np.random.default_rng(0)
    thrice = 0
    for _ in range(300):
        values = np.sort(rng.random(30) ** 0.2)
        values[:4] = 0.4 * rng.random(4) ** 2
        left = [np.sort(values)]
        for _ in range(3):
            start, decay = tail(left[-1])
            part = np.minimum(left[-1] / start, 1.0)
            expected = len(part) / 3.0 * part ** (1.0 / decay)
            left.append(left[-1][(expected > 0.05) | (left[-1] > 1.0 / 3.0)])
        if len({*map(len, left)}) == 4:
            thrice += 1
            np.testing.assert_array_equal(Chance.of(values).ratios, left[2])
    assert thrice


def test_chance_is_no_more_than_one():
    """Just below the last of few points: all of them, and half a point more."""
    found = Chance.of(np.array([0.3, 0.5, 0.7, 0.8, 0.9]))
    assert found.probability(np.array([0.9 - 1e-9]))[0] == 1.0
