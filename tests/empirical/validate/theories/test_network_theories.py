"""Theories that know the network in `validate`: where each is calibrated, and where shown."""

import logging
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from convergen.empirical.forecast.calibrate import Calibration
from convergen.empirical.models.table import SOLVABLE
from convergen.empirical.validate.shipped_results import shipped_result, shipped_run
from convergen.empirical.validate.theories import network_theories as module
from convergen.theory.common.checks import InputError
from convergen.theory.networks.symmetry.orbits import Orbit

ROW = SOLVABLE.find("budgeted-mixture")


@pytest.fixture
def found(monkeypatch):
    """One cheap theory; what it is asked is kept, and answered by the measurement."""
    run, result = shipped_run("digits-unet"), shipped_result("digits-unet")
    asked = {}

    def reference(run, name, part, options):
        asked.update(name=name, samples=part.samples, options=options)
        return result.sel(samples=list(part.samples))

    monkeypatch.setattr(module, "network_theories", lambda: [ROW])
    monkeypatch.setattr(module, "reference", reference)
    return module.calibrated(run, result), asked


def test_nothing_is_predicted_where_a_theory_was_calibrated(found):
    theories, asked = found
    q = theories["budgeted-mixture"]["convergence"].mean("seed")
    assert np.isnan(q.sel(samples=16))
    assert q.notnull().sum() == 4
    assert 16 not in asked["samples"]


def test_the_budget_memorises_as_many_points_as_the_constant_says(found):
    theories, asked = found
    constant = theories["budgeted-mixture"].attrs["constant"]
    assert asked["options"]["memorised"] == pytest.approx(32_000.0 / constant, rel=0.02)
    assert theories["budgeted-mixture"].attrs["calibrated_at"] == 16


def test_a_run_without_snapshots_is_shown_without_them_and_says_so(monkeypatch, caplog):
    run, result = shipped_run("digits-unet"), shipped_result("digits-unet")
    monkeypatch.setattr(module, "network_theories", lambda: [ROW])
    with caplog.at_level(logging.WARNING):
        assert module.calibrated(run, result.drop_dims("images")) == {}
    assert "snapshots" in caplog.text


def test_a_theory_is_left_out_where_it_has_seen_the_only_n(monkeypatch, caplog):
    run, result = shipped_run("digits-unet"), shipped_result("digits-unet")
    known = Calibration(400.0, 300.0, 500.0, 16, 5, 0.05, Orbit(), "the pair of n = 16")
    monkeypatch.setattr(module, "network_theories", lambda: [ROW])
    monkeypatch.setattr(module, "calibrate", lambda *_: known)
    part = replace(run.experiment, samples=(16,), seeds=(0,))
    with pytest.raises(InputError, match="calibrated at n = 16, which it has seen"):
        module.band_of(run, result, ROW.name, part)
    one = replace(run, plan=replace(run.plan, experiment={**run.plan.experiment, "samples": [16]}))
    with caplog.at_level(logging.WARNING):
        assert module.calibrated(one, result.sel(samples=[16])) == {}
    assert "budgeted-mixture is left out: it was calibrated at n = 16" in caplog.text


def test_solvable_models_have_no_theory_of_a_network():
    assert module.calibrated(shipped_run("digits-linear"), shipped_result("digits-linear")) == {}


def test_one_theory_on_part_of_a_run_is_calibrated_as_in_all_of_it(found):
    theories, asked = found
    run, result = shipped_run("digits-unet"), shipped_result("digits-unet")
    part = replace(run.experiment, samples=(16, 64), seeds=(0,))
    one, low, high = module.band_of(run, result, ROW.name, part)
    assert asked["samples"] == (64,)
    assert low.attrs["constant"] < one.attrs["constant"] < high.attrs["constant"]
    assert low.attrs["constant"] == high.attrs["constant_low"] == one.attrs["constant_low"]
    # A smaller constant memorises more points; the last that was asked for is the largest.
    assert asked["options"]["memorised"] == pytest.approx(
        32_000.0 / one.attrs["constant_high"], rel=0.02
    )
    assert one["samples"].values.tolist() == [16, 64]
    assert one.attrs["constant"] == theories[ROW.name].attrs["constant"]


def test_a_theory_is_asked_about_two_points_up_to_as_many_as_it_takes(monkeypatch):
    run, result = shipped_run("digits-unet"), shipped_result("digits-unet")
    orbit = Orbit()
    most = module.LARGEST // (orbit.order(run.data.shape) * run.data.dim)
    known = Calibration(400.0, 300.0, 500.0, 16, 5, 0.05, orbit, "the pair of n = 16")
    asked = []

    def reference(run, name, part, options):
        asked.extend(part.samples)
        return result.isel(samples=range(len(part.samples))).assign_coords(samples=[*part.samples])

    monkeypatch.setattr(module, "reference", reference)
    part = SimpleNamespace(samples=(1, 2, 16, most, most + 1))
    monkeypatch.setattr(module, "replace", lambda part, samples: SimpleNamespace(samples=samples))
    module._elsewhere(run, ROW, known, part)
    assert asked == [2, most]
