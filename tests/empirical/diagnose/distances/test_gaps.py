"""Shares of gaps: Rényi's law of distances, and what adds the same to all of them."""

import numpy as np
import pytest
from scipy.special import digamma
from scipy.stats import kstest

from convergen.empirical.diagnose.distances.gaps import GapLaw, _gaps

COMPANIONS = 8


def distances(dimensions, rng):
    """To points of a homogeneous law: r^k is a Poisson process."""
    arrivals = np.cumsum(rng.exponential(size=(len(dimensions), COMPANIONS + 1)), axis=1)
    return (arrivals * 1e-3) ** (1.0 / dimensions[:, None])


def test_shares_of_innocent_points_obey_their_power_law():
    rng = np.random.default_rng(0)
    dimensions = rng.gamma(4.0, 5.0, size=4000)
    found = distances(dimensions, rng)
    law = GapLaw.of(found)
    assert law.shape == pytest.approx(4.0, rel=0.15)
    # E log of the mean gap 1/k, for k of shape a and scale 5.
    assert law.log_scale == pytest.approx(-(digamma(4.0) + np.log(5.0)), abs=4.0 * law.stderr)
    assert law.stderr < 0.02
    power = law.shape + COMPANIONS - 1
    assert kstest(law.shares(found) ** power, "uniform").pvalue > 1e-3
    same = GapLaw.of(distances(np.full(4000, 12.0), rng))
    assert same.shape > 30.0


def test_noise_hides_ratios_but_no_gaps():
    rng = np.random.default_rng(1)
    real = distances(np.full(400, 12.0), rng)
    law = GapLaw.of(real)
    samples = distances(np.full(200, 12.0), rng)
    samples[:50, 0] *= 0.1  # copies
    noisy = np.sqrt(samples**2 + 4.0 * samples[:, 1:].mean() ** 2)
    rows = np.arange(200)
    assert np.min(noisy[:, 0] / noisy[:, 1]) > 0.8
    seen = law.seen_by(noisy, rows)
    assert seen.log_scale < law.log_scale - 1.0
    assert seen.shape == law.shape
    shares = seen.shares(noisy)
    # Under the law of real points few innocent ones lie as low as half of the copies.
    power = law.shape + COMPANIONS - 1
    assert np.median(shares[:50]) ** power < 1e-2
    assert np.mean(shares[50:] ** power < 0.05) < 0.12
    assert law.seen_by(distances(np.full(200, 12.0), rng), rows) is law
    assert law.seen_by(noisy, rows % 3) is law  # three points say too little


def test_shares_at_the_ends():
    law = GapLaw(4.0, 0.0, 0.0)
    exact = np.array([[0.0, 1.0, 2.0, 3.0]])
    assert law.shares(exact)[0] == 0.0
    other = np.array([[1.0, 0.5, 2.0, 3.0]])
    assert law.shares(other)[0] > 1.0
    # S = 2 ln 2 and the first gap ln 2, beside what the law expects, e^ψ(4).
    known = np.array([[1.0, 2.0, 4.0, np.inf]])
    expected = 2.0 * np.log(2.0) + np.exp(digamma(4.0))
    assert law.shares(known)[0] == pytest.approx(expected / (expected + np.log(2.0)))
    lone = np.array([[1.0, np.inf, np.inf]])
    assert law.shares(lone)[0] == 1.0
    assert GapLaw.of(lone) == GapLaw(1.0, 0.0, 0.0)


def test_shares_go_on_beyond_one_where_a_point_of_the_other_set_is_nearer():
    """With the first gap −ln 2 the share is 2 less that of ln 2; both are 1 where it vanishes."""
    law = GapLaw(4.0, 0.0, 0.0)
    other = 2.0 * np.log(2.0) + np.exp(digamma(4.0))
    known = other / (other + np.log(2.0))
    found = law.shares(np.array([[1.0, 2.0, 4.0], [2.0, 1.0, 2.0], [1.0, 1.0, 2.0]]))
    np.testing.assert_allclose(found, [known, 2.0 - known, 1.0])


def test_gaps_count_by_their_number():
    """2 log(r₃/r₂) + 3 log(r₄/r₃); of equal points and of none nothing is known."""
    rows = np.array([[1.0, 2.0, 4.0, 12.0], [1.0, 2.0, 4.0, np.inf], [1.0, 3.0, np.inf, np.inf],
                     [0.0, 0.0, 0.0, 0.0]])  # fmt: skip
    first, rest, count = _gaps(rows)
    np.testing.assert_allclose(first, np.log([2.0, 2.0, 3.0, 1.0]))
    np.testing.assert_allclose(rest, [2 * np.log(2) + 3 * np.log(3), 2 * np.log(2), 0.0, 0.0])
    assert count[:3].tolist() == [2, 1, 0]


def test_the_scale_is_the_mean_logarithm_of_a_gap():
    """E log S = ψ(ν) − log k: of one gap each ψ(1), of two ψ(2)."""
    rows = np.array([[1.0, 2.0, 2.0 * np.e, np.inf], [1.0, 2.0, 2.0 * np.e, 2.0 * np.e**2]] * 40)
    found = GapLaw.of(rows)
    logs = np.array([np.log(2.0) - digamma(1.0), np.log(5.0) - digamma(2.0)])
    assert found.log_scale == pytest.approx(logs.mean())
    assert found.stderr == pytest.approx(np.std(np.tile(logs, 40)) / np.sqrt(80))


@pytest.mark.parametrize(("factor", "moves"), [(1.0, False), (1.02, False), (2.0, True)])
def test_samples_have_a_scale_of_their_own_if_it_surely_differs(factor, moves):
    rng = np.random.default_rng(5)
    law = GapLaw.of(distances(np.full(300, 12.0), rng))
    samples = distances(np.full(200, 12.0 / factor), rng)
    seen = law.seen_by(samples, np.arange(200))
    assert (seen is not law) == moves
    if moves:
        assert seen.log_scale - law.log_scale == pytest.approx(np.log(factor), abs=0.15)
        # Samples of one point are one: repeated tenfold they say the same.
        tenfold = law.seen_by(np.repeat(samples, 10, axis=0), np.repeat(np.arange(200), 10))
        assert tenfold.log_scale == pytest.approx(seen.log_scale)
