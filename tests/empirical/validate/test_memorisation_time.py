import json

import numpy as np
import pytest
import xarray as xr

from convergen.empirical.experiment.run import Run
from convergen.empirical.validate import memorisation_time as module
from convergen.empirical.validate.memorisation_report import (
    memorisation_json,
    memorisation_text,
    onsets,
    onsets_json,
    onsets_text,
)
from convergen.empirical.validate.memorisation_time import memorisation_time
from convergen.empirical.validate.shipped_results import shipped_result
from convergen.theory.common.checks import InputError
from convergen.theory.networks.training_time.clock import weighted_images


def shipped(name):
    result = shipped_result(name)
    return Run.behind(result, name), result


# (law from n = 4 and 16) over (measured) at n = 64. The mark was chosen on the digits.
@pytest.mark.parametrize(
    "name", ["digits-unet", "digits-mlp", "field8-mlp", "field16-mlp", "patches-mlp"]
)
def test_small_n_predict_the_onset_of_a_larger_one(name):
    found = memorisation_time(*shipped(name), [4, 16]).sel(samples=64)
    ratio = float(found["law_time"] / found["memorisation_time"])
    assert 1 / 1.5 < ratio < 1.5
    assert found["law_time_low"] < found["memorisation_time"] < found["law_time_high"]
    assert found.attrs["calibrated_at"] == [4, 16]


def made(kappa, budget=64_000, factors=(0.9, 1.1)):
    """A result whose excess passes a tenth at κ n weighted images; sides differ by factors."""
    run, result = shipped("digits-unet")
    images = result["images"].values.astype(float)
    samples = result["samples"].values
    times = weighted_images([*images, budget], budget)[:, None, None, None]
    at = kappa * samples[None, None, :, None] * np.array(factors)
    excess = np.clip(0.1 + 0.2 * np.log(times / at), 0.0, 1.0)
    excess = np.broadcast_to(excess, (len(times), 3, len(samples), 2))
    dims = ("images", "seed", "samples", "side")
    parts = {"memorisation": 0.3 + 0.7 * excess, "memorisation_baseline": 0.3 + 0.0 * excess}
    data = {f"history_{key}": (dims, values[:-1]) for key, values in parts.items()}
    data |= {key: (dims[1:], values[-1]) for key, values in parts.items()}
    coordinates = {"images": result["images"], "samples": samples}
    return run, xr.Dataset(data, coordinates)


def test_a_made_history():
    found = memorisation_time(*made(200.0))
    times = found["memorisation_time"].values
    np.testing.assert_allclose(times[:3], 200.0 * np.array([4, 16, 64]), rtol=0.06)
    assert np.isinf(times[3:]).all()
    assert found["memorisation_time_low"].values[3:] == pytest.approx(32_000, rel=1e-6)
    np.testing.assert_allclose(found.attrs["kappa"], 200.0, rtol=0.04)
    np.testing.assert_allclose(found.attrs["exponent"], 1.0, atol=0.05)
    np.testing.assert_allclose(found.attrs["copied_below"], 160.0, rtol=0.04)
    # A cosine makes half the budget count; and s is the images seen where the rate is largest.
    np.testing.assert_allclose(found["law_budget"], 2.0 * found["law_time"])
    seen = found["memorisation_images"].values
    np.testing.assert_allclose(weighted_images(seen[:3], 64_000), times[:3])


def test_trainings_that_were_stopped_end_with_their_snapshots():
    run, result = made(200.0)
    early = result.where(result["images"] < 12_000)
    early["trained_images"] = ("samples", np.full(5, 5088))
    found = memorisation_time(run, early)
    assert np.isfinite(found["memorisation_time"].values[:2]).all()
    # Its end does not count as a measurement after the whole budget.
    assert found["memorisation_time_low"].values[-1] == pytest.approx(11_483, rel=1e-3)


def test_what_is_said():
    found = memorisation_time(*made(200.0))
    text = memorisation_text(found)
    assert "begin to memorise below n = 16" in text
    assert "not reached" in text
    assert "free fit gives n^1.0" in text
    numbers = json.loads(json.dumps(memorisation_json(found), allow_nan=False))
    assert numbers["memorisation_time"][-1] is None
    assert numbers["samples"] == [4, 16, 64, 256, 768]
    assert numbers["kappa"] == found.attrs["kappa"]


def test_runs_that_say_nothing():
    run, result = made(200.0)
    plain = result[["memorisation", "memorisation_baseline"]]
    with pytest.raises(InputError, match=r"training.snapshots=8"):
        memorisation_time(run, plain)
    assert onsets(run, plain) == (None, "")
    assert onsets_text(None, "") == ""
    assert onsets_json(None) == {"memorisation_time": None}
    run, late = made(1e6)
    assert "no network began to memorise" in onsets_text(*onsets(run, late))
    with pytest.raises(InputError, match="with more snapshots"):
        memorisation_time(run, late)


def test_intervals_are_drawn_from_the_first_seed(monkeypatch):
    class Drawn(Exception):
        pass

    def onset(run, part, rng):
        raise Drawn(rng.random())

    monkeypatch.setattr(module, "_onset", onset)
    run, result = made(200.0)
    first, *_ = run.experiment.seeds
    with pytest.raises(Drawn, match=str(np.random.default_rng(first).random())):
        memorisation_time(run, result)
