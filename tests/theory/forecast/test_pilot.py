from types import SimpleNamespace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from convergen import theory
from convergen.theory.cli.reports import answer as pilot_words
from convergen.theory.common.machine.blas_threads import blas_threads
from convergen.theory.forecast import pilot as module
from convergen.theory.forecast.pilot import add_intervals
from convergen.theory.forecast.predict import Request, forecast
from convergen.theory.linear.elliptical.elliptical_data import elliptical_bures_wasserstein
from convergen.theory.pilot.interval import Interval

POWER = theory.Spectrum.power_law(200, 1.2)
LEVELS = (0.5, 0.9)


def draw(count, seed, amplitude=None):
    rng = np.random.default_rng(seed)
    data = rng.standard_normal((count, 200)) * np.sqrt(POWER.eigenvalues)
    if amplitude is not None:
        data *= np.sqrt(rng.gamma(amplitude, 1.0 / amplitude, (count, 1)))
    return data


def asked(pilot, samples, levels=LEVELS, **settings):
    request = Request.of(pilot.spectrum, samples, levels=levels, **settings)
    result = forecast(request, ["convergence", "distances", "thresholds"])
    return result, add_intervals(result, pilot, request)


def measured(samples, amplitude, repeats=24):
    """1 − q, 1 − q* and W₂²/Tr Σ of linear models fitted to disjoint draws of the law."""
    roots, distances = [], []
    for seed in range(2 * repeats):
        data = draw(samples, 1000 + seed, amplitude)
        _, values, vectors = np.linalg.svd(data / np.sqrt(samples), full_matrices=False)
        roots.append(((vectors.T * values) @ vectors).ravel())
        # The nuclear norm of X Σ^{1/2}/√n is the trace of (Σ^{1/2} Σ̂ Σ^{1/2})^{1/2}.
        mixed = np.linalg.svd(data * np.sqrt(POWER.eigenvalues / samples), compute_uv=False)
        distances.append(POWER.trace + np.sum(values**2) - 2.0 * mixed.sum())
    roots = np.array(roots)
    size = np.mean(np.sum(roots**2, axis=1))
    total = roots.sum(axis=0)
    overlap = (total @ total - np.sum(roots**2)) / (len(roots) * (len(roots) - 1))
    truth = np.diag(np.sqrt(POWER.eigenvalues)).ravel()
    return (
        1.0 - overlap / size,
        1.0 - np.mean(roots @ truth) / np.sqrt(size * POWER.trace),
        np.mean(distances) / POWER.trace,
    )


@pytest.mark.slow
@pytest.mark.parametrize("amplitude", [None, 1.5], ids=["gaussian", "elliptical"])
def test_convergence_is_that_of_the_data_as_they_are(amplitude):
    pilot = theory.estimate_population(draw(1500, 0, amplitude))
    result, answer = asked(pilot, [60.0, 300.0])
    for i, n in enumerate((60, 300)):
        gap, gap_to_truth, distance = measured(n, amplitude)
        assert result["bures_wasserstein"][i] == pytest.approx(distance, rel=0.06)
        assert 1.0 - result["convergence"][i] == pytest.approx(gap, rel=0.06)
        assert 1.0 - result["convergence_to_truth"][i] == pytest.approx(gap_to_truth, rel=0.06)
    if amplitude is None:
        assert answer.by_amplitudes == pytest.approx(1.0, rel=1e-8)
        # Half a percent is what is printed as none; the finite dimension alone would be 1.4 %.
        assert answer.excess[0] == pytest.approx(1.0, abs=0.005)
        assert 0.99 < answer.excess[1] < answer.excess[0] < answer.excess[2] < 1.01
        gaussian = 1.0 - result["convergence_gaussian"]
        np.testing.assert_allclose(1.0 - result["convergence"], gaussian, rtol=0.03)
    else:
        assert 1.4 < answer.excess[1] < 1.75 < answer.excess[2] < 2.0  # E τ² = 1 + 1/1.5
        assert np.all(result["convergence"] < result["convergence_gaussian"] - 0.02)
        assert np.all(result["bures_wasserstein"] > 1.15 * result["bures_wasserstein_gaussian"])


def test_points_are_read_as_a_sample():
    data = draw(60, 7)
    pilot = theory.estimate_population(data, seed=3)
    for given in (data, data.tolist()):
        one = theory.predict(given, [50.0], quantities=["convergence"], seed=3)
        two = theory.predict(pilot, [50.0], quantities=["convergence"], seed=3)
        for key in ("convergence", "convergence_low", "convergence_high"):
            np.testing.assert_array_equal(one[key], two[key])
        assert one.attrs["pilot_points"] == 60
    planned = theory.plan(data, wishes=["convergence=0.9"])
    assert planned.attrs["pilot_points"] == 60
    assert float(planned["wish_samples_low"][0]) < float(planned["wish_samples_high"][0])
    with pytest.raises(theory.InputError, match="each row is one sample"):
        theory.predict([3.0, 2.0, 1.0], [50.0])


def test_intervals_enclose_estimates_and_levels_are_met():
    pilot = theory.estimate_population(draw(140, 1, 1.5))
    samples = np.geomspace(5.0, 2e4, 9)
    result, answer = asked(pilot, samples, levels=(0.5, 0.9, 1.0))
    for key in ("convergence", "convergence_to_truth"):
        assert np.all(result[f"{key}_low"] < result[key])
        assert np.all(result[key] < result[f"{key}_high"])
        assert np.all(np.diff(result[key]) > 0.0)
    needed = result["convergence_samples"]
    again, _ = asked(pilot, needed[:2])
    np.testing.assert_allclose(again["convergence"], [0.5, 0.9], atol=2e-3)
    assert needed[2] == np.inf
    assert answer.points == 140
    one, _ = asked(pilot, [140.0])
    assert answer.today.value == pytest.approx(one["convergence"][0], rel=1e-9)
    assert answer.today.low == pytest.approx(one["convergence_low"][0], rel=1e-6)


def test_intervals_of_q_and_of_samples_are_one_and_rise_with_n():
    rng = np.random.default_rng(8)
    # Directions of one sign only: parts of the pilot depart from any elliptical law, and on and on.
    data = draw(60, 9) ** 3
    data[:, :5] *= rng.gamma(0.3, 1.0, (60, 5))
    pilot = theory.estimate_population(data)
    levels = (0.3, 0.5, 0.7, 0.9, 0.97, 0.99)
    result, answer = asked(pilot, np.geomspace(2.0, 1e4, 60), levels=levels)
    for key in ("convergence", "convergence_to_truth"):
        for end in ("_low", "_high"):
            assert np.all(np.diff(result[key + end]) > -0.01)
    for ends in (answer.needed.low, answer.needed.high):
        assert np.all(np.diff(ends) > 0.0)
    # Where the high end of q is a level, that level may be reached.
    for ends, key in ((answer.needed.low, "high"), (answer.needed.high, "low")):
        again, _ = asked(pilot, ends)
        np.testing.assert_allclose(again[f"convergence_{key}"], levels, atol=0.01)
    # What else was asked for changes nothing.
    one, _ = asked(pilot, [40.0, 700.0])
    two, _ = asked(pilot, [40.0, 300.0, 690.0, 700.0])
    for end in ("_low", "_high"):
        np.testing.assert_allclose(
            one["convergence" + end], two["convergence" + end][[0, 3]], rtol=1e-9
        )


def test_a_ridge_keeps_the_gaussian_law():
    pilot = theory.estimate_population(draw(140, 1, 1.5))
    result, answer = asked(pilot, [50.0], ridge=0.1)
    np.testing.assert_array_equal(answer.excess, 1.0)
    expected = theory.convergence(pilot.spectrum, [50.0], ridge=0.1)
    np.testing.assert_allclose(result["convergence"], expected)


def test_more_points_that_would_halve_the_interval_do():
    few = theory.estimate_population(draw(60, 2))
    _, answer = asked(few, [50.0], levels=(0.9,))
    assert answer.more in 60.0 * 2.0 ** np.arange(1, 11)
    many = theory.estimate_population(draw(int(answer.more), 3))
    _, after = asked(many, [50.0], levels=(0.9,))

    def width(found):
        return float(np.log(found.needed.high[0] / found.needed.low[0]))

    assert width(after) < 0.8 * width(answer)


def test_the_answer_says_what_was_read_needed_and_trusted():
    pilot = theory.estimate_population(draw(40, 4))
    _, answer = asked(pilot, [50.0], levels=(0.9, 1.0))
    assert pilot_words.verdict(answer).startswith("40 points like these are not quite enough:")
    text = pilot_words.needed(answer, (0.9, 1.0))
    assert "q = 1 is reached at no finite n" in text
    low, high = answer.needed.low[0], answer.needed.high[0]
    assert f"q = 0.9 takes {answer.needed.value[0]:.0f} ({low:.0f} to {high:.0f})" in text
    assert 0.5 < answer.today.value < 0.9
    text = pilot_words.trust(answer)
    assert text.startswith("The 40 points were read as a sample")
    assert "The widest interval comes from what 40 points cannot show" in text
    dataset = theory.predict(pilot, [50.0], quantities=["convergence"])
    assert dataset.attrs["pilot_points"] == 40
    assert float(dataset["convergence_low"][0]) < float(dataset["convergence"][0])


def test_repeated_points_are_counted_and_said():
    data = draw(20, 5)
    pilot = theory.estimate_population(np.concatenate([data, data[:7]]))
    assert pilot.repeated == 7
    _, answer = asked(pilot, [50.0])
    assert "7 of the points repeat an earlier one exactly" in pilot_words.trust(answer)
    assert theory.estimate_population(data).repeated == 0


def test_small_pilots_leave_no_second_thread_waiting(monkeypatch):
    seen = []
    monkeypatch.setattr(module, "estimate_population", lambda *_, **__: seen.append(blas_threads()))
    with threadpool_limits(2, user_api="blas"):
        all_threads = blas_threads()
        module.estimate(np.zeros((2**9, 2**9)), "data")
        module.estimate(np.zeros((2**9 + 1, 2**9)), "data")
    assert seen == [1, all_threads]


class Told:
    """A pilot of 100 points that knows every number to a factor of 1.2."""

    points, seed, repeated, nearly_repeated = 100, 5, 3, 4
    spectrum = theory.Spectrum.spiked(12, [9.0, 4.0])
    amplitudes = np.array([0.5, 1.5])
    factors = SimpleNamespace(eigenvalues=np.array([10.0, 5.0]))

    def interval(self, quantity, level, drawn):
        value = quantity(self.spectrum)
        assert level == 0.9
        np.testing.assert_array_equal(drawn(None)[:-3], 0.5 * value[:-3])
        sampling = np.full(value.size, 0.1)
        sampling[-3:] = [0.1, 0.5, 9.0]
        return Interval(value, value / 1.2, value * 1.2, sampling, np.full(value.size, 0.2))

    def points_to_halve(self, quantity, found):
        self.halved = float(quantity(self.spectrum)), float(found.value)
        return 777.0


@pytest.mark.parametrize(("samples", "dim", "largest", "ridge"), [
    ([20.0, 50.0], 12, 100, 0.0), ([20.0, 400.0], 12, 400, 0.0), ([20.0], 300, 300, 0.1),
])  # fmt: skip
def test_what_is_made_of_odds_and_their_errors(monkeypatch, samples, dim, largest, ridge):
    """Odds of 30/n and 12/n that are known to 10 % beside the spectrum."""
    made = []

    def law(population, every, rho):
        odds = np.array([30.0 / every, 12.0 / every])
        needed = SimpleNamespace(
            error=np.full(every.size, 0.1), odds=lambda _: odds.copy(),
            odds_shown=lambda _: 0.5 * odds, excess=np.array([1.5, 1.4, 1.6]), by_amplitudes=1.2,
            left=np.linspace(1.0, 2.0, every.size),
        )  # fmt: skip
        made.append((every, rho, needed.left))
        return needed

    monkeypatch.setattr(module, "DataLaw", law)
    monkeypatch.setattr(module, "add_elliptical_models", lambda *_: None)
    monkeypatch.setattr(module, "add_model_intervals", lambda *_: "starts")
    pilot = Told()
    pilot.spectrum = theory.Spectrum.spiked(dim, [9.0, 4.0])
    request = Request.of(pilot.spectrum, samples, levels=(*LEVELS, 1.0), ridge=ridge)
    result = forecast(request, ["convergence", "thresholds", "bures_wasserstein"])
    gaussian = result["bures_wasserstein"]
    answer = add_intervals(result, pilot, request)
    ((every, rho, left),) = made
    grid = np.geomspace(1.0, 1e4 * largest, 64)
    np.testing.assert_allclose(every, np.r_[samples, 100.0, grid], rtol=1e-12)
    assert rho == ridge
    n, wide = np.array(samples), np.exp(np.hypot(np.log(1.2), 1.6449 * 0.1))
    for key, scale in (("convergence", 30.0), ("convergence_to_truth", 12.0)):
        np.testing.assert_allclose(result[key], n / (n + scale))
        # A low end is that of the next n on the grid, where it is nearer.
        assert np.all(result[f"{key}_low"] <= n / (n + scale * wide) * 1.1)
        assert np.all(result[f"{key}_high"] >= n / (n + scale / wide) * 0.9)
    for ending in ("low", "high"):
        about = {"long_name": f"convergence, {ending} end of the 90 % interval", "units": "1"}
        assert result.variables[f"convergence_{ending}"][2] == about
    needed = [30.0, 270.0, np.inf]
    np.testing.assert_allclose(answer.needed.value, needed)
    np.testing.assert_allclose(answer.needed.low[:2], np.array(needed[:2]) / wide, rtol=1e-6)
    np.testing.assert_allclose(answer.needed.high[:2], np.array(needed[:2]) * wide, rtol=1e-6)
    # The level that is known least, of those that are reached.
    assert pilot.halved == pytest.approx((270.0, 270.0))
    today = answer.today
    assert today.value == pytest.approx(1.0 / 1.3)
    assert today.low == pytest.approx(1.0 / (1.0 + 0.3 * wide), rel=0.1)
    assert (answer.points, answer.more, answer.repeated, answer.nearly_repeated) == (100, 777, 3, 4)
    assert (answer.factors, answer.by_amplitudes) == ("starts", 1.2)
    names = (
        "pilot_points", "pilot_seed", "interval_level", "visible_factors", "gap_over_gaussian"
    )  # fmt: skip
    assert [result.attributes[name] for name in names] == [100, 5, 0.9, 2, 1.5]
    assert result.attributes["amplitude_second_moment"] == 1.25
    if ridge:
        np.testing.assert_array_equal(result["bures_wasserstein"], gaussian)
    else:
        distance = elliptical_bures_wasserstein(pilot.spectrum, n, pilot.amplitudes)
        np.testing.assert_allclose(result["bures_wasserstein"], distance * left[: n.size])


def test_as_many_factors_are_shown_as_there_are_and_at_least_one():
    shown = [module.shown_factors(Told(), wanted) for wanted in (1, 2, 3)]
    assert shown == [1, 2, 2]
    none = SimpleNamespace(factors=SimpleNamespace(eigenvalues=np.empty(0)))
    assert module.shown_factors(none, 3) == 1


def test_points_are_resampled_with_seed_zero_unless_it_is_said(monkeypatch):
    seeds = []
    monkeypatch.setattr(
        module, "estimate_population", lambda data, seed, **_: seeds.append((data.shape, seed))
    )
    module.estimate(np.zeros((3, 2)), "data")
    for given in ([[1.0, 2.0]], ((1.0, 2.0),), np.zeros((1, 2))):
        module.pilot_of(given)
    module.pilot_of([[1.0, 2.0]], 7)
    assert seeds == [((3, 2), 0), *[((1, 2), 0)] * 3, ((1, 2), 7)]
    assert module.pilot_of(POWER) is None
