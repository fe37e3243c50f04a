"""Every number that predict prints of a pilot has an interval, which holds that of the law."""

import json
import re

import numpy as np
import pytest

from convergen import theory
from convergen.theory.cli.reports.report import prediction_json, prediction_text
from convergen.theory.forecast.pilot import add_intervals
from convergen.theory.forecast.predict import Request, forecast, main_names
from convergen.theory.messages.text import about
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
