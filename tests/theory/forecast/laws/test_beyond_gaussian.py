"""Data as they are: 1 − q of `predict` against disjoint subsets of large sets of real images."""

from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

from convergen import theory
from convergen.theory.forecast.laws.beyond_gaussian import DataLaw, gaussian_odds
from convergen.theory.linear.elliptical.elliptical_data import (
    elliptical_convergence,
    elliptical_overlaps,
)
from convergen.theory.pilot.amplitudes import by_width
from convergen.theory.pilot.halves import FarEnd
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


@pytest.mark.slow
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


@pytest.mark.slow
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


SMALL = theory.Spectrum.spiked(60, [9.0, 4.0])
TAU = np.array([0.4, 1.0, 1.6])
FREEDOM, GAP, ERROR = np.array([[32.0, 16.0, 8.0], [0.35, 0.5, 0.66], [0.02, 0.015, 0.01]])
SIZES = np.array([4.0, 8.0, 11.3, 32.0, 100.0, 1e6])
FAR = 60_000.0


def made(far_end=None, share=1.0, parts=3, resampled=(), amplitudes=TAU):
    """A pilot that says what it is told."""
    halves = SimpleNamespace(
        freedom=FREEDOM[:parts], gap=GAP[:parts], error=ERROR[:parts], share=share
    )
    return SimpleNamespace(
        spectrum=SMALL, amplitudes=amplitudes, halves=halves, far_end=far_end, resampled=resampled
    )


def elliptical(n, amplitudes=TAU):
    """Odds of data of some amplitudes; beyond a thousand points a dimension like Gaussian ones."""
    near = np.minimum(n, FAR)
    ratio = (1.0 / elliptical_convergence(SMALL, near, amplitudes) - 1.0) / gaussian_odds(
        SMALL, near, 0.0
    )[0]
    return ratio * gaussian_odds(SMALL, n, 0.0)[0]


def unexplained(parts=3):
    """Logarithm of what amplitudes leave between parts, its splitting error, its trend."""
    left = np.log(GAP / (1.0 - GAP) / elliptical(FREEDOM))
    own = ERROR / (1.0 - GAP)
    trend = np.sqrt((left[0] - left[1]) ** 2 - own[0] ** 2 - own[1] ** 2)
    return left[:parts], own[:parts], trend if parts > 1 else ERROR[0]


def end_of(far_end, parts=3):
    """Where the odds end, how far that is believed, and its error."""
    left, _, trend = unexplained(parts)
    if far_end is None:
        point = 1.0 / 32.0
        weight = point**2 / (point**2 + left[0] ** 2)
        return 0.0, weight, np.sqrt(9.0 * trend**2 + point**2 / 12.0)
    constant = FAR * theory.order_parameters(SMALL, FAR).gap
    moments = np.log(far_end.ratio * (constant + 0.25) / (FAR * elliptical(np.array([FAR]))[0]))
    weights = 1.0 / far_end.error**2, 1.0 / (ERROR[0] ** 2 + trend**2)
    return moments, weights[0] / sum(weights), 1.0 / np.sqrt(sum(weights))


BEYOND = np.array([0.0, 0.0, 0.0, 0.0, 1.0 - 0.32, 1.0 - 32e-6])
ENDS = [(None, 3), (None, 1), (FarEnd(2.5, 0.3), 3), (FarEnd(2.5, 0.3), 1)]


@pytest.mark.parametrize(("far_end", "parts"), ENDS)
def test_odds_between_parts_are_met_and_go_on_to_their_end(far_end, parts):
    left, own, _ = unexplained(parts)
    law = DataLaw(made(far_end, parts=parts), SIZES)
    moments, weight, error = end_of(far_end, parts)

    def between(values):
        return np.interp(np.log(SIZES), np.log(FREEDOM[:parts])[::-1], values[::-1])

    expected = between(left) + BEYOND * weight * (moments - left[0])
    np.testing.assert_allclose(np.log(law.left), expected, rtol=1e-9)
    odds = law.odds(SMALL)
    np.testing.assert_allclose(odds[0], elliptical(SIZES) * np.exp(expected), rtol=1e-9)
    _, truth = elliptical_overlaps(SMALL, SIZES[:5], TAU)
    np.testing.assert_allclose(odds[1, :5], (1.0 / truth - 1.0) * np.exp(expected[:5]), rtol=1e-9)
    squares = between(own) ** 2 + (BEYOND * error) ** 2 + 1.0 / (12.0 * SIZES**2)
    np.testing.assert_allclose(law.error, np.sqrt(squares), rtol=1e-9)


def test_parts_of_a_quarter_of_the_points_scatter_as_other_samples_do():
    others = [theory.Spectrum.spiked(60, [spike, 4.0]) for spike in (7.0, 9.0, 14.0)]
    pilot = made(share=0.25, resampled=[OtherSample(each, 0.0) for each in others])
    _, own, _ = unexplained()
    logs = np.log([gaussian_odds(each, FREEDOM, 0.0)[0] for each in others])
    squares = own**2 + (1.0 / 0.25 - 1.0) * logs.var(axis=0, ddof=1)
    law = DataLaw(pilot, FREEDOM)
    np.testing.assert_allclose(law.error, np.sqrt(squares + 1.0 / (12.0 * FREEDOM**2)), rtol=1e-9)


def test_the_excess_at_the_last_n_is_that_of_a_finite_number_of_dimensions():
    pilot = made(resampled=[OtherSample(SMALL, wider) for wider in (-0.1, 0.0, 0.3)])
    law = DataLaw(pilot, np.array([200.0, 50.0]))
    n = np.array([50.0])
    amplitude = elliptical(n) / gaussian_odds(SMALL, n, 0.0)[0]
    constant = FAR * theory.order_parameters(SMALL, FAR).gap
    value = amplitude[0] * law.left[1] / (1.0 + 0.25 / constant)
    assert law.by_amplitudes == pytest.approx(amplitude[0])
    assert law.excess[0] == pytest.approx(value)
    # Slopes with the width are found at eight sizes, evenly in log n, from the least to the most.
    few = np.geomspace(8.0, 200.0, 8)
    slopes = by_width(lambda tau: np.log(elliptical(few, tau)), TAU)
    slope = np.interp(np.log(50.0), np.log(few), slopes)
    wider = slope * np.std([-0.1, 0.0, 0.3])
    spread = 1.6449 * np.hypot(law.error[1], wider)
    np.testing.assert_allclose(law.excess[1:] / value, np.exp([-spread, spread]), rtol=1e-9)
    shown = law.odds_shown(OtherSample(SMALL, 0.3))[0, 1]
    assert shown == pytest.approx(law.odds(SMALL)[0, 1] * np.exp(0.3 * slope), rel=1e-9)


def test_odds_are_finite_where_overlaps_are_all_or_nothing():
    found = gaussian_odds(theory.Spectrum.isotropic(5), np.array([1.0, 1e12]), 1e6)
    assert np.all(found > 0.0)
    assert np.all(np.isfinite(found))


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_simulations_give_what_is_stored(call):
    stored.derive_again(call)
