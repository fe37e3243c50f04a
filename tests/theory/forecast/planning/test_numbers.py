"""Numbers behind a plan: curves made by hand, and a pilot that answers as it is told."""

from types import SimpleNamespace

import numpy as np
import pytest

from convergen import theory
from convergen.theory.forecast.laws.beyond_gaussian import gaussian_odds
from convergen.theory.forecast.laws.crossings import sample_grid
from convergen.theory.forecast.laws.denoiser_law import gaussian_excess
from convergen.theory.forecast.planning import numbers as module
from convergen.theory.forecast.planning.numbers import Numbers, as_intervals
from convergen.theory.forecast.planning.wishes import parse_wishes
from convergen.theory.pilot.interval import Interval

SPECTRUM = theory.Spectrum.spiked(30, [9.0, 4.0])
SAMPLES = np.array([20.0, 50.0, 200.0])
WISHES = tuple(parse_wishes(["convergence=0.9", "test-error=1.1", "convergence-to-truth=0.5"]))


def known(factors=2, wishes=WISHES):
    return Numbers(SPECTRUM, SAMPLES, 0.7, factors, wishes, None)


def interval(value, low=None, high=None, sampling=0.1, unseen=0.2):
    value = np.asarray(value, float)
    return Interval(
        value, value if low is None else np.asarray(low, float),
        value if high is None else np.asarray(high, float),
        np.broadcast_to(np.asarray(sampling, float), value.shape),
        np.broadcast_to(np.asarray(unseen, float), value.shape),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("points", "dim", "largest", "size"),
    [(None, 30, 200, 200), (7, 300, 200, 300), (400, 30, 9, 400)],
)  # fmt: skip
def test_curves_are_inverted_up_to_the_largest_of_points_dimension_and_samples(
    points, dim, largest, size
):
    pilot = None if points is None else SimpleNamespace(points=points)
    samples = np.array([5.0, 6.0, largest])
    found = Numbers(theory.Spectrum.isotropic(dim), samples, 1.0, 0, (), pilot).sizes
    np.testing.assert_array_equal(found, np.r_[samples, sample_grid(size)])


def test_a_known_law_is_gaussian():
    numbers = known()
    assert numbers.law is None
    found = numbers.of(SPECTRUM)
    odds = gaussian_odds(SPECTRUM, numbers.sizes, 0.0)
    np.testing.assert_array_equal([found["odds"], found["truth_odds"]], odds)
    np.testing.assert_array_equal(found["excess"], gaussian_excess(SPECTRUM, SAMPLES, 0.7))
    recovered = numbers.recovery(SPECTRUM)
    total = theory.latent_recovery(SPECTRUM, SAMPLES, 2, finite_size=True).sum(axis=1)
    np.testing.assert_array_equal(recovered["recovered"], total)
    np.testing.assert_allclose(recovered["recovered_gain"], [1e-12, *(total[1:] - total[0])])
    assert known(factors=0).recovery(SPECTRUM) == {}


def test_what_follows_from_odds_and_errors_that_fall_like_one_over_n():
    numbers = known()
    n = numbers.sizes
    found = numbers._from(SPECTRUM, np.array([10.0 / n, 4.0 / n]), 5.0 / n)
    gap, truth = 10.0 / (10.0 + SAMPLES), 4.0 / (4.0 + SAMPLES)
    np.testing.assert_allclose(found["convergence_gain"], [1e-12, *(gap[0] - gap[1:])])
    np.testing.assert_allclose(found["truth_gain"], [1e-12, *(truth[0] - truth[1:])])
    np.testing.assert_allclose(found["excess"], 5.0 / SAMPLES)
    np.testing.assert_allclose(found["error_left"], SAMPLES[0] / SAMPLES)
    # Odds of ⅑ at n = 90, an excess of 0.1 at 50, odds of 1 at 4.
    np.testing.assert_allclose(found["wishes"], [90.0, 50.0, 4.0], rtol=1e-9)
    # Half of the gain of all samples over the first.
    middle = 0.5 * (gap[0] + gap[-1])
    np.testing.assert_allclose(found["halfway"], [10.0 / middle - 10.0], rtol=1e-9)
    assert found["odds"].size == found["truth_odds"].size == n.size


def test_errors_of_the_law_of_data_move_the_odds_in_the_logarithm(monkeypatch):
    error = 0.1 * np.ones(131)
    law = SimpleNamespace(
        odds=lambda spectrum: spectrum.dim / np.array([sizes, 2.0 * sizes]), error=error,
        odds_shown=lambda other: 7.0 * other.spectrum.dim / np.array([sizes, sizes]),
    )  # fmt: skip
    denoiser = SimpleNamespace(
        excess=lambda spectrum: 1.0 / sizes, excess_shown=lambda other: 2.0 / sizes
    )
    numbers = known()
    sizes = numbers.sizes
    monkeypatch.setattr(Numbers, "law", law)
    monkeypatch.setattr(Numbers, "denoiser", denoiser)
    here, moved = numbers.of(SPECTRUM), numbers.of(SPECTRUM, 2.0)
    np.testing.assert_allclose(here["odds"], 30.0 / sizes)
    np.testing.assert_allclose(moved["odds"], 30.0 / sizes * np.exp(0.2))
    np.testing.assert_allclose(moved["excess"], here["excess"])
    shown = numbers.shown(SimpleNamespace(spectrum=SPECTRUM))
    np.testing.assert_allclose(shown["truth_odds"], 210.0 / sizes)
    np.testing.assert_allclose(shown["excess"], 2.0 / SAMPLES)


def test_a_known_law_has_intervals_of_no_width():
    numbers = known(factors=1)
    found = as_intervals(numbers, None, 0.9)
    for each in found.values():
        for part in (each.low, each.high):
            np.testing.assert_array_equal(part, each.value)
        assert not np.any(each.sampling)
        assert not np.any(each.unseen)
    plain = numbers.of(SPECTRUM)
    np.testing.assert_allclose(found["convergence"].value, 1.0 / (1.0 + plain["odds"][:3]))
    np.testing.assert_allclose(found["truth"].value, 1.0 / (1.0 + plain["truth_odds"][:3]))
    np.testing.assert_allclose(found["error"].value, 1.0 + plain["excess"])
    assert found["halfway"].value == plain["halfway"][0]
    assert found["together"].value == plain["wishes"].max()
    for name in ("convergence_gain", "truth_gain", "recovered_gain"):
        assert found[name].value[0] == 0.0
        assert np.all(found[name].value[1:] > 0.0)
    # Two factors may be recovered better than one is followed.
    capped = module._mapped(interval([0.5, 1.5]), lambda total: np.minimum(total, 1))
    np.testing.assert_array_equal(capped.value, [0.5, 1.0])
    assert np.all(found["recovered"].value <= 1.0)


class Pilot:
    """Says that every number is uncertain by a factor of 1.2, and counts its draws."""

    spectrum = SPECTRUM

    def __init__(self):
        self.asked = []

    def interval(self, quantity, level, draws, drawn):
        value = quantity(self.spectrum)
        shown = drawn(SimpleNamespace(spectrum=self.spectrum))
        self.asked.append((level, draws, shown.size == value.size))
        return interval(value, value / 1.2, value * 1.2)


class Made:
    """Numbers of 10/n and 4/n with an error of the law of 10 %."""

    spectrum, samples, wishes, factors = SPECTRUM, SAMPLES, WISHES, 3
    sizes = known().sizes

    def of(self, spectrum, shift=0.0):
        odds = 10.0 / self.sizes * np.exp(0.1 * shift)
        return {
            "odds": odds, "truth_odds": 0.4 * odds, "excess": 5.0 / self.samples,
            "wishes": np.array([90.0, 50.0, 4.0]), "halfway": np.array([33.0]),
        }  # fmt: skip

    def shown(self, other):
        return self.of(other.spectrum)

    def recovery(self, spectrum):
        return {"recovered": np.array([1.0, 2.0, 2.9])} if self.factors else {}


def test_intervals_of_a_pilot_know_its_spectrum_and_the_law_of_its_data(monkeypatch):
    pilot, numbers = Pilot(), Made()
    monkeypatch.setattr(module, "factor_starts", lambda pilot, level: interval([]))
    found = module._of_pilot(numbers, pilot, 0.8)
    # Recovery takes longest and is asked of a dozen draws.
    assert pilot.asked == [(0.8, None, True), (0.8, 12, True)]
    wide = np.exp(np.hypot(np.log(1.2), 1.6449 * 0.1))
    odds = 10.0 / numbers.sizes
    np.testing.assert_allclose(found["odds"].value, odds)
    # At every size of the grid: nothing falls below what is sure at a larger one.
    grid = slice(SAMPLES.size, None)
    np.testing.assert_allclose(found["odds"].high[grid], odds[grid] * wide)
    np.testing.assert_allclose(found["truth_odds"].low[grid], 0.4 * odds[grid] / wide)
    # Other numbers have no error of the law.
    np.testing.assert_allclose(found["excess"].high, 1.2 * 5.0 / SAMPLES)
    np.testing.assert_allclose(found["halfway"].high, [1.2 * 33.0])
    # Overlaps are reached where their own intervals hold them, an error where its samples say.
    np.testing.assert_allclose(
        found["wishes"].low, [90.0 / wide, 50.0 / 1.2, 4.0 / wide], rtol=1e-6
    )
    np.testing.assert_allclose(
        found["wishes"].high, [90.0 * wide, 50.0 * 1.2, 4.0 * wide], rtol=1e-6
    )
    np.testing.assert_array_equal(found["recovered"].value, [1.0, 2.0, 2.9])
    monkeypatch.setattr(Made, "factors", 0)
    assert "recovered" not in module._of_pilot(numbers, Pilot(), 0.8)


def test_arrays_of_one_call_keep_their_names():
    parts = {
        "one": np.array([1.0]),
        "three": np.array([2.0, 3.0, 4.0]),
        "two": np.array([5.0, 6.0]),
    }
    found = module._by_name(Pilot(), lambda _: parts, lambda _: parts, 0.9)
    assert list(found) == list(parts)
    for name, part in parts.items():
        np.testing.assert_array_equal(found[name].value, part)
        np.testing.assert_allclose(found[name].high, 1.2 * part)


def test_factors_start_as_the_pilot_shows_them(monkeypatch):
    starts = interval([30.0, 70.0], [20.0, 60.0], [40.0, 90.0], [0.3, 0.4], [0.0, 0.0])
    monkeypatch.setattr(module, "factor_starts", lambda pilot, level: starts)
    wishes = tuple(parse_wishes(["factor=2", "convergence=0.9", "factor=3"]))
    found = module._factors_as_shown(interval([1.0, 2.0, 3.0]), wishes, None, 0.9)
    np.testing.assert_array_equal(found.value, [70.0, 2.0, np.nan])
    np.testing.assert_array_equal(found.low, [60.0, 2.0, np.nan])
    np.testing.assert_array_equal(found.high, [90.0, 2.0, np.nan])
    np.testing.assert_array_equal(found.sampling, [0.4, 0.1, np.nan])
    np.testing.assert_array_equal(found.unseen, [0.0, 0.2, np.nan])


def test_all_wishes_take_as_many_samples_as_the_largest():
    wishes = interval([3.0, 8.0, 5.0], [2.0, 4.0, 4.5], [9.0, 8.5, 6.0], [0.1, 0.2, 0.3], 0.0)
    found = module._largest(wishes)
    assert (found.value, found.low, found.high, found.sampling) == (8.0, 4.5, 9.0, 0.2)
    # What cannot be seen cannot be promised.
    unseen = module._largest(interval([3.0, np.nan, 5.0], sampling=[0.1, 0.2, 0.3]))
    assert np.isnan([unseen.value, unseen.low, unseen.high]).all()
    assert unseen.sampling == 0.2
    none = interval(np.empty(0))
    assert module._largest(none) is none


def test_the_first_row_gains_nothing():
    found = module._from_nothing(interval([3.0, 4.0], [2.0, 3.0], [5.0, 6.0]))
    np.testing.assert_array_equal([found.value, found.low, found.high], [[0, 4], [0, 3], [0, 6]])
