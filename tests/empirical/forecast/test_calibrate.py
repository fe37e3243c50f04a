"""Calibration on histories: a history made by the theory itself, a shipped pair, and bad input."""

import numpy as np
import pytest

from convergen.empirical.forecast import calibrate as module
from convergen.empirical.forecast.calibrate import calibrate, end_of_training
from convergen.empirical.validate.shipped_results import shipped_result, shipped_run
from convergen.theory.common.checks import InputError
from convergen.theory.networks.training_time.budgeted_mixture import BudgetedMixture
from convergen.theory.networks.training_time.clock import weighted_images


@pytest.fixture(scope="module")
def run():
    return shipped_run("digits-unet")


@pytest.fixture(scope="module")
def result():
    return shipped_result("digits-unet")


def made(run, result, constant):
    """The result that a network would have that follows the theory."""
    pair = module.TheoryPair(BudgetedMixture, run.subjects(0, (16,)), module.Orbit())
    training = run.experiment.training
    images = np.append(result["images"].values, training.images).astype(float)
    seen = weighted_images(images, training.images, training.schedule)
    found = result.copy(deep=True)
    for count, place in zip(seen, range(len(seen)), strict=True):
        q, m, *_ = pair.at(count / constant)
        end = place == len(seen) - 1
        for name, value in (("convergence", q), ("memorisation", m)):
            target = found[name] if end else found[f"history_{name}"].isel(images=place)
            target.loc[{"samples": 16, "seed": 0}] = value
    return found


def test_the_constant_of_a_history_that_follows_the_theory_is_found(run, result):
    found = calibrate(run, made(run, result, 500.0), BudgetedMixture)
    assert found.constant == pytest.approx(500.0, rel=0.05)
    assert found.low < 500.0 < found.high
    assert found.misfit < 0.01
    _, low, high = found.exponent
    assert low <= 1.0 <= high
    assert high - low < 0.4
    assert "by this history alone; 1 is used" in found.words(32_000.0)
    assert found.samples == 16
    assert found.orbit.trivial


def test_no_other_pair_is_looked_at(run, result):
    """What is predicted may be anything: it does not change the calibration."""
    other = result.copy(deep=True)
    for name in other.data_vars:
        if "samples" in other[name].dims:
            mask = (other["samples"] == 16) & (other["seed"] == 0)
            if other[name].dtype.kind == "f" and "seed" in other[name].dims:
                other[name] = other[name].where(mask, 0.123)
    assert calibrate(run, other, BudgetedMixture) == calibrate(run, result, BudgetedMixture)


def test_half_the_budget_counts_for_a_cosine(run):
    assert end_of_training(run) == pytest.approx(32_000.0, rel=0.02)


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (lambda r: r.drop_dims("images"), {}, "snapshots"),
        (lambda r: r, {"samples": 5}, "choose from 4, 16"),
        (lambda r: r, {"seed": 9}, "seed 9"),
        (lambda r: r, {"samples": 768}, "has not begun to memorise"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(run, result, change, options, said):
    with pytest.raises(InputError, match=said):
        calibrate(run, change(result), BudgetedMixture, **options)


def test_networks_that_do_not_see_the_noise_level_are_refused():
    run, result = shipped_run("digits-conv"), shipped_result("digits-conv")
    with pytest.raises(InputError, match="do not see the noise level"):
        calibrate(run, result, BudgetedMixture)


@pytest.mark.parametrize("best", [0.0, 3.0, 3.9])
def test_the_interval_of_the_constant_is_that_of_a_parabola(best):
    """Loss 2 + a (x − b)², near the end of its grid, too: the standard deviation is √(s/a)."""
    log_c = np.arange(-4.0, 4.05, 0.1)
    place, spread = module._minimum(log_c, 2.0 + 5.0 * (log_c - best) ** 2, 9)
    assert place == pytest.approx(best)
    if best < 3.5:
        assert spread == pytest.approx(np.sqrt(2.0 / 17.0 / 5.0))
    assert 0.0 < spread <= 1.0
