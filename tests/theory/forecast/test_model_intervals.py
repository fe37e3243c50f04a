"""Every number that predict prints of a pilot has an interval, which holds that of the law."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest

from convergen import theory
from convergen.theory.cli.reports.report import prediction_json, prediction_text
from convergen.theory.forecast import model_intervals
from convergen.theory.forecast.pilot import add_intervals
from convergen.theory.forecast.predict import Request, forecast, main_names
from convergen.theory.messages.text import about
from convergen.theory.pilot.interval import Interval
from convergen.theory.quantities.table import quantities

SPIKED = theory.Spectrum.spiked(80, [20.0, 5.0])
SAMPLES = [60.0, 130.0, 300.0, 900.0]


@pytest.fixture(scope="module")
def found():
    data = np.random.default_rng(3).standard_normal((90, 80))
    data[:, :2] *= np.sqrt([21.0, 6.0])
    pilot = theory.estimate_population(data)
    request = Request.of(pilot.spectrum, SAMPLES, factors=2)
    result = forecast(request, main_names())
    answer = add_intervals(result, pilot, request)
    return pilot, result, answer


def test_intervals_hold_what_the_law_gives(found):
    _, result, _ = found
    law = theory.memorisation_law(SPIKED, SAMPLES)
    truth = {
        "memorisation": law.value,
        "memorisation_baseline": law.baseline,
        "latent_recovery_finite_size": theory.latent_recovery(SPIKED, SAMPLES, 2, finite_size=True),
    }
    for key, values in truth.items():
        low, high = result[f"{key}_low"], result[f"{key}_high"]
        assert low.shape == result[key].shape
        assert np.all((low <= result[key]) & (result[key] <= high))
        assert np.mean((low <= values + 0.01) & (values - 0.01 <= high)) > 0.9
        assert np.max(high - low) < 0.7
    limit = result["latent_recovery"]
    assert np.all(result["latent_recovery_low"] <= limit)
    assert np.all(limit <= result["latent_recovery_high"])
    assert np.all(result["latent_recovery_low"] <= result["latent_recovery_finite_size_low"])


def test_every_column_of_the_text_has_its_interval(found):
    pilot, result, answer = found
    text = prediction_text(pilot.spectrum, result, answer)
    _, heading, first, second = text.split("\n\n")[:4]
    numbers = [row for row in quantities() if row.main and "factor" not in row.dims]
    for line in first.splitlines()[1:]:
        assert line.count("(") == line.count("–") == len(numbers)
        # No number has more digits than its interval, which would seem not to hold it.
        assert re.findall(r"0\.\d{4}", line) == []
    assert second.splitlines()[0].split() == ["n", "Q1", "Q2"]
    for line in second.splitlines()[1:]:
        assert line.count("(") == 2
    low, high = (result.attributes[f"participation_ratio_{end}"] for end in ("low", "high"))
    assert low < pilot.spectrum.participation_ratio < high
    assert heading.endswith(f"({low:.3g} to {high:.3g})")
    starts = answer.factors
    words = " ".join(text.split())
    ends = [about(each[1]) for each in (starts.low, starts.high)]
    # Known less well than within 30 %: a range.
    assert np.isnan(starts.value[1])
    assert f"an n between {ends[0]} and {ends[1]} on" in words
    assert "further ones are out of reach of these points" in words


def test_every_number_of_the_json_has_its_ends(found):
    pilot, result, _ = found
    printed = json.loads(json.dumps(prediction_json("mine", pilot.spectrum, result)))
    shown = [row.key for row in quantities() if row.main]
    for key in [*shown, "latent_recovery"]:
        low, value, high = (np.array(printed[f"{key}{end}"]) for end in ("_low", "", "_high"))
        assert np.all((low <= value) & (value <= high)), key
    limits = printed["thresholds"]
    for level, n in limits["convergence"].items():
        ends = limits["convergence_low"][level], limits["convergence_high"][level]
        assert ends[0] < n < ends[1]
    low, start, high = (limits[f"latent_recovery{end}"] for end in ("_low", "", "_high"))
    assert low[0] <= start[0] <= high[0]
    # The second is known as a range alone.
    assert start[1] is None
    assert 2.0 * low[1] < high[1] <= 4.0 * low[1]


def test_factors_that_do_not_show_have_no_interval():
    data = np.random.default_rng(0).standard_normal((40, 300))
    data[:, 0] *= 12.0
    pilot = theory.estimate_population(data)
    assert pilot.factors.thresholds.size == 1
    request = Request.of(pilot.spectrum, [20.0], factors=3)
    result = forecast(request, ["thresholds", "latent_recovery"])
    add_intervals(result, pilot, request)
    assert np.isfinite(result["recovery_threshold_high"][0])
    assert np.isnan(result["recovery_threshold_high"][1:]).all()


class Wide:
    """A pilot that is told how wide its intervals are; it notes what it was asked."""

    spectrum = theory.Spectrum.spiked(12, [9.0, 4.0])
    amplitudes = np.array([0.5, 1.5])

    def __init__(self, low=0.8, high=1.5):
        self.low, self.high, self.asked = low, high, []

    def interval(self, quantity, level, draws=None):
        value = np.asarray(quantity(self.spectrum))
        self.asked.append((level, draws, value.shape))
        return Interval(value, value * self.low, value * self.high, 0.0 * value, 0.0 * value)


def test_relative_widths_are_found_at_a_few_sizes_and_interpolated():
    n = np.array([10.0, 20.0, 40.0, 80.0, 300.0])
    low, high = np.array([[0.5, 0.9], [0.7, 0.6], [0.8, 0.7]]), np.array([[1.2, 1.1]] * 3)
    pilot, seen = Wide(low, high), []

    def law(spectrum, sizes):
        seen.append(sizes)
        return np.array([[0.3, 0.2]] * 3)

    values = {"one": np.linspace(0.6, 0.2, 5), "two": np.linspace(0.5, 0.1, 5)}
    errors = {"one_stderr": np.full(5, 0.01), "two_stderr": np.full(5, 0.03)}
    request = SimpleNamespace(samples=n)
    for given in (values, {**values, "one_stderr": errors["one_stderr"]}, values | errors):
        found = dict(model_intervals._ends(given, ("one", "two"), pilot, request, law, (6, 3)))
        assert pilot.asked.pop() == (0.9, 6, (3, 2))
        np.testing.assert_array_equal(seen.pop(), n[[0, 2, 4]])
        for k, name in enumerate(values):
            value, own = values[name], 1.6449 * given.get(f"{name}_stderr", np.zeros(5))
            own = own * (len(given) == 4)  # where one has no error, none is counted
            share = np.exp(np.interp(np.log(n), np.log(n[[0, 2, 4]]), np.log(low[:, k])))
            down, up = (1.0 - share) * (value + 1e-3), (high[0, k] - 1.0) * (value + 1e-3)
            np.testing.assert_allclose(found["low"][:, k], value - np.hypot(down, own))
            np.testing.assert_allclose(found["high"][:, k], value + np.hypot(up, own))


def test_ends_of_a_share_are_shares():
    values = {"one": np.array([[0.0002, 0.5], [0.9, 0.5]])}
    request = SimpleNamespace(samples=np.array([5.0, 9.0]))
    found = dict(model_intervals._ends(
        values, ("one",), Wide(0.5, 1.5), request, lambda _, n: np.array([[0.1, 0.2]] * n.size),
        (8, 5),
    ))  # fmt: skip
    np.testing.assert_allclose(found["low"], [[0.0, 0.2495], [0.4495, 0.2495]])
    np.testing.assert_allclose(found["high"], [[0.0008, 0.7505], [1.0, 0.7505]])


@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_what_is_asked_of_a_pilot(monkeypatch, ridge):
    """Eight other spectra at four sizes for memorisation, eight at five for recovery."""
    asked, pilot = [], Wide()

    def scale(spectrum, n, rho, *, amplitudes):
        asked.append((n.size, rho, amplitudes.tolist()))
        return np.tile([0.3, 0.2], (n.size, 1))

    starts = Interval(*(np.array([x]) for x in (7.0, 6.5, 8.0, 0.1, 0.0)))
    monkeypatch.setattr(model_intervals, "memorisation_scale", scale)
    monkeypatch.setattr(model_intervals, "factor_starts", lambda _, level: starts)
    n = np.array([10.0, 20.0, 40.0, 60.0, 80.0, 300.0])
    request = Request.of(pilot.spectrum, n, factors=2, ridge=ridge)
    result = forecast(
        request, ["latent_recovery", "thresholds"] if ridge == 0.0 else ["bures_wasserstein"]
    )
    result.add("memorisation", np.full(6, 0.3))
    result.add("memorisation_baseline", np.full(6, 0.2))
    limit = result["latent_recovery"] if ridge == 0.0 else None
    assert model_intervals.add_model_intervals(result, pilot, request).value == [7.0]
    recovery = [(0.9, 8, (5, 2))] * (ridge == 0.0)
    assert pilot.asked == [(0.9, None, ()), (0.9, 8, (4, 2)), *recovery]
    assert asked == [(4, ridge, [0.5, 1.5] if ridge == 0.0 else [1.0])]
    _, _, about = result.variables["memorisation_low"]
    assert about["long_name"].endswith(", low end of the 90 % interval")
    if ridge == 0.0:
        finite = result["latent_recovery_finite_size"]
        found = [result[f"latent_recovery_{end}"] for end in ("low", "high")]
        np.testing.assert_allclose(found[0], np.minimum(limit, finite - 0.2 * (finite + 1e-3)))
        high = np.minimum(finite + 0.5 * (finite + 1e-3), 1.0)
        np.testing.assert_allclose(found[1], np.maximum(limit, high))
        for end, start in (("", 7.0), ("_low", 6.5), ("_high", 8.0)):
            np.testing.assert_array_equal(result[f"recovery_threshold{end}"], [start, np.nan])
