"""Data as they are: 1 − q of `predict` against disjoint subsets of large sets of real images."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from convergen import theory
from convergen.theory.forecast.laws.beyond_gaussian import DataLaw, gaussian_odds
from convergen.theory.linear.elliptical.elliptical_data import elliptical_convergence
from convergen.theory.pilot.population import OtherSample
from convergen.theory.sources.table import load_source
from tests.monte_carlo import Stored

stored = Stored(__file__)
OPTIONS = {"digits": {}, "patches": {}, "large patches": {"size": 16}}


@cache
def rows(name):
    data = load_source(name.split()[-1], **OPTIONS[name]).data
    return np.asarray(data, np.float64).reshape(len(data), -1)


def root(data):
    values, vectors = np.linalg.eigh(data.T @ data / len(data))
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


@stored
def measured_gap(name, n, repeats):
    """1 − q of linear models of disjoint subsets about the mean of all, and its standard error."""
    data, rng = rows(name), np.random.default_rng(n)
    data = data - data.mean(axis=0)
    apart, size = np.empty((2, repeats))
    for r in range(repeats):
        order = rng.permutation(len(data))
        first, second = root(data[order[:n]]), root(data[order[n : 2 * n]])
        apart[r] = 0.5 * np.sum((first - second) ** 2)
        size[r] = 0.5 * (np.sum(first**2) + np.sum(second**2))
    gap = apart.mean() / size.mean()
    return gap, (apart - gap * size).std(ddof=1) / size.mean() / np.sqrt(repeats)


def predicted(data, sizes):
    found = theory.predict(theory.estimate_population(data), sizes, quantities=["convergence"])
    return 1.0 - found["convergence"].values, 1.0 - found["convergence_gaussian"].values


@pytest.mark.parametrize(
    ("name", "sizes", "repeats", "tolerance"),
    [
        ("digits", (64, 128, 256, 512), 200, 0.05),
        ("patches", (16, 32, 64, 128, 256, 512), 200, 0.1),
        pytest.param("large patches", (16, 32, 64, 128, 256, 512), 60, 0.1, marks=pytest.mark.slow),
    ],
)
def test_gap_of_real_data_is_that_of_disjoint_subsets(name, sizes, repeats, tolerance):
    found, gaussian = predicted(rows(name), np.array(sizes, np.float64))
    truth, error = np.transpose([measured_gap(name, n, repeats) for n in sizes])
    assert np.all(np.abs(found / truth - 1.0) < tolerance)
    assert np.all(error < 0.2 * tolerance * truth)
    if name != "digits":
        assert np.all(gaussian[-2:] < 0.6 * truth[-2:])


def test_a_pilot_of_500_patches_says_what_all_of_them_measure():
    """Beyond N/2 = 250 the fourth moments and the elliptical law go on."""
    data = rows("patches")
    logs = []
    for seed in range(2):
        pilot = data[np.random.default_rng(seed).permutation(len(data))[:500]]
        found, _ = predicted(pilot, [32.0, 128.0, 512.0])
        truth = [measured_gap("patches", n, 200)[0] for n in (32, 128, 512)]
        logs.append(np.log(found / truth))
    assert np.all(np.abs(np.mean(logs, axis=0)) < 0.06)
    assert np.sqrt(np.mean(np.square(logs))) < 0.08


def test_halves_are_met_whatever_the_spectrum_and_the_end_is_the_fourth_moments():
    pilot = theory.estimate_population(rows("patches")[::8])
    parts = pilot.halves
    n = np.concatenate([parts.freedom, [1e7]])
    law = DataLaw(pilot, n, 0.0)
    for spectrum in (pilot.spectrum, pilot.allowed[0], theory.Spectrum.power_law(64, 0.5)):
        odds = law.odds(spectrum)[0, :-1]
        np.testing.assert_allclose(odds, parts.gap / (1.0 - parts.gap), rtol=1e-9)
    far = law.odds(pilot.spectrum)[0, -1] / gaussian_odds(pilot.spectrum, n[-1:], 0.0)[0, 0]
    assert far == pytest.approx(pilot.far_end.ratio, rel=0.1)
    # Gaussian data in 64 dimensions disagree by ¼ of 9.5 more than in the limit.
    constant = n[-1] * gaussian_odds(pilot.spectrum, n[-1:], 0.0)[0, 0]
    assert law.excess[0] == pytest.approx(far / (1.0 + 0.25 / constant), rel=1e-3)
    assert law.excess[1] < pilot.far_end.ratio < law.excess[2]
    # Another spectrum is another sample: what its parts would show is not what these do.
    shown = law.odds_shown(OtherSample(theory.Spectrum.power_law(64, 0.5), 0.0))
    assert np.all(np.abs(np.log(shown[0, :-1] / parts.gap * (1.0 - parts.gap))) > 0.1)


def test_a_trend_goes_on_and_the_scatter_of_splits_is_none():
    pilot = theory.estimate_population(np.random.default_rng(1).standard_normal((200, 300)))
    parts = pilot.halves
    flat = DataLaw(pilot, parts.freedom)
    agreed = parts.gap / (1.0 - parts.gap) / flat.left  # the odds of the elliptical law
    own = np.full(parts.gap.size, 0.02)

    def error(larger):
        """Of log odds at N/2 and at infinity, where those at N/2 are larger than the law's."""
        odds = agreed * np.exp(np.where(np.arange(agreed.size) == 0, larger, 0.0))
        gap = odds / (1.0 + odds)
        pilot.__dict__["halves"] = replace(parts, gap=gap, error=own * (1.0 - gap))
        return DataLaw(pilot, np.array([parts.freedom[0], 1e9])).error

    near, far = error(0.026)  # less than √2 of 0.02
    assert near == pytest.approx(0.02, rel=0.05)
    assert far == pytest.approx(near, rel=0.05)
    near, far = error(0.3)
    assert near == pytest.approx(0.02, rel=0.05)
    assert far == pytest.approx(3.0 * np.sqrt(0.3**2 - 2.0 * 0.02**2), rel=0.02)


def scatter(draw, pilots):
    """Log odds between parts over pilots, and what each pilot expects of that, by size."""
    logs, spread = [], []
    for seed in range(pilots):
        pilot = theory.estimate_population(draw(np.random.default_rng(seed)))
        parts = pilot.halves
        law = DataLaw(pilot, parts.freedom)
        logs.append(np.log(parts.gap / (1.0 - parts.gap)))
        shown = np.log([law.odds_shown(each)[0] for each in pilot.resampled])
        own = parts.error / (1.0 - parts.gap)
        spread.append(np.mean((shown - logs[-1]) ** 2, axis=0) + own**2)
    return np.std(logs, axis=0, ddof=1), np.sqrt(np.mean(spread, axis=0))


SPIKED = np.sqrt([20.0, 5.0] + [1.0] * 78)
STEEP = np.arange(1.0, 81.0) ** -0.75


@pytest.mark.parametrize(
    "law", ["spiked", pytest.param("steep", marks=pytest.mark.slow), "patches"]
)
def test_other_samples_would_show_other_agreement_of_parts_by_size(law):
    """A spike decides between few points, and hardly matters between many."""

    def draw(rng):
        if law == "patches":  # what amplitudes add counts most
            return rng.choice(rows("patches"), 200, replace=False)
        return rng.standard_normal((128, 80)) * (SPIKED if law == "spiked" else STEEP)

    found, expected = scatter(draw, 16)
    # Standard deviations of 16 are good to 18 %; a jackknife rather overestimates (Efron & Stein).
    ratio = np.log(expected / found)
    assert np.all(ratio[:3] > -np.log(1.4))
    assert np.all(ratio < np.log(2.0))
    assert -np.log(1.2) < np.mean(ratio[:3]) < np.log(1.6)
    if law == "spiked":
        assert found[0] < 0.4 * found[-1]
        assert expected[0] < 0.4 * expected[-1]


def test_parts_of_a_part_of_many_points_are_known_less_well(monkeypatch):
    """Of large pilots 4096 points are split: here 128 of 1024, so that seven eighths are unseen."""
    monkeypatch.setattr("convergen.theory.pilot.sample._LEAST_ROWS", 128)
    monkeypatch.setattr("convergen.theory.pilot.sample._ELEMENTS", 1)
    scale, scores, shares = np.arange(1.0, 21.0) ** -0.5, [], []
    for seed in range(16):
        data = np.random.default_rng(seed).standard_normal((1024, 20))
        pilot = theory.estimate_population(data * scale)
        parts = pilot.halves
        law = DataLaw(pilot, parts.freedom[:3])
        own = parts.error[:3] / (1.0 - parts.gap[:3])
        assert np.all(law.error > 1.5 * own)
        scores.append(np.log(law.left))
        shares.append(law.error)
    assert parts.share == 0.125
    ratio = np.std(scores, axis=0, ddof=1) / np.sqrt(np.mean(np.square(shares), axis=0))
    assert np.all((ratio > 0.6) & (ratio < 1.6))


def test_amplitudes_of_another_sample_change_the_odds_as_their_law_does():
    rng = np.random.default_rng(0)
    data = rng.standard_normal((200, 80)) * STEEP * np.sqrt(rng.gamma(2.0, 0.5, (200, 1)))
    pilot = theory.estimate_population(data)
    n = np.array([20.0, 90.0, 1000.0])
    law, tau = DataLaw(pilot, n), pilot.amplitudes
    same = law.odds_shown(OtherSample(pilot.spectrum, 0.0))
    np.testing.assert_allclose(same, law.odds(pilot.spectrum), rtol=1e-9)
    wide = tau**1.3
    ratio = np.mean(wide**2) / np.mean(wide) ** 2 / np.mean(tau**2)
    shown = law.odds_shown(OtherSample(pilot.spectrum, float(np.log(ratio))))
    before, after = (elliptical_convergence(pilot.spectrum, n, each) for each in (tau, wide))
    expected = (1.0 / after - 1.0) / (1.0 / before - 1.0)
    assert np.all(expected > 1.02)
    np.testing.assert_allclose(np.log(shown / same)[0], np.log(expected), rtol=0.15)
    # The part of the excess that amplitudes explain is that of q, at the last n.
    gaussian = 1.0 / theory.convergence(pilot.spectrum, n) - 1.0
    assert law.by_amplitudes == pytest.approx((1.0 / before - 1.0)[-1] / gaussian[-1], rel=1e-6)
    ridged = DataLaw(pilot, n, 0.1)
    assert ridged.by_amplitudes == 1.0
    assert ridged.excess.tolist() == ridged.left.tolist() == [1.0, 1.0, 1.0]
    assert ridged.error.tolist() == [0.0, 0.0, 0.0]
    given = gaussian_odds(pilot.spectrum, n, 0.1)
    np.testing.assert_array_equal(ridged.odds(pilot.spectrum), given)
    np.testing.assert_array_equal(ridged.odds_shown(OtherSample(pilot.spectrum, 1.0)), given)


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_simulations_give_what_is_stored(call):
    stored.derive_again(call)
