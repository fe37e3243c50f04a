"""Calibration on histories: a history made by the theory itself, a shipped pair, and bad input."""

import numpy as np
import pytest
import xarray as xr

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
    # What follows the theory shows nothing beyond it.
    known = found.residuals
    theory = known.theory(known.weighted / found.constant)[:, :2]
    np.testing.assert_allclose(known.measured[:, :2], theory, atol=0.02)
    assert len(known.weighted) == found.snapshots
    assert known.weighted[-1] == pytest.approx(end_of_training(run))


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


def test_a_pair_has_begun_to_memorise_before_the_last_of_its_snapshots(run, result, monkeypatch):
    class Calibrating(Exception):
        pass

    def begun(*_):
        raise Calibrating

    monkeypatch.setattr(module, "TheoryPair", begun)
    for before, error in ((2, Calibrating), (1, Calibrating), (0, InputError)):
        monkeypatch.setattr(module, "_least_error", lambda _, b=before: result.sizes["images"] - b)
        with pytest.raises(error):
            calibrate(run, result, BudgetedMixture)


def test_networks_that_do_not_see_the_noise_level_are_refused():
    run, result = shipped_run("digits-conv"), shipped_result("digits-conv")
    with pytest.raises(InputError, match="do not see the noise level"):
        calibrate(run, result, BudgetedMixture)


@pytest.mark.parametrize("best", [0.0, 3.0, 3.9, -3.9])
def test_the_interval_of_the_constant_is_that_of_a_parabola(best):
    """Loss 2 + a (x − b)², near the end of its grid, too: the standard deviation is √(s/a)."""
    log_c = np.arange(-4.0, 4.05, 0.1)
    place, spread = module._minimum(log_c, 2.0 + 5.0 * (log_c - best) ** 2, 9)
    assert place == pytest.approx(best)
    assert spread == pytest.approx(np.sqrt(2.0 / 17.0 / 5.0))


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_minimum_at_the_end_of_the_grid_is_taken_beside_it(side):
    """Where the loss falls to the end of its grid, its curvature is that beside the end."""
    log_c = np.arange(-4.0, 4.05, 0.1)
    loss = 2.0 + 5.0 * (log_c - 4.0 * side) ** 2
    place, spread = module._minimum(log_c, loss, 9)
    assert place == pytest.approx(3.9 * side)
    assert spread == pytest.approx(np.sqrt((2.0 + 5.0 * 0.1**2) / 17.0 / 5.0))


def calibration(**more):
    given = {
        "constant": 400.0, "low": 300.0, "high": 500.0, "samples": 16, "snapshots": 5,
        "misfit": 0.05, "orbit": module.Orbit(), "source": "a pair",
    }  # fmt: skip
    return module.Calibration(**given | more)


def test_a_tenth_is_memorised_where_the_share_of_the_theory_says():
    """exp(−(N/n)^p) = 0.9 at N = s/c."""
    found = calibration().tenth()
    ratio = np.array(found) / [400.0, 300.0, 500.0]
    np.testing.assert_allclose(np.exp(-(ratio**module.POWER)), 0.9, rtol=1e-9)


def test_the_exponent_is_said_where_the_history_gives_one():
    words = calibration().words(3200.0)
    assert "takes c = 400 (300 to 500) images of training" in words
    assert "calibrated on a pair. The training has 3,200 of them." in words
    assert "exponent" not in words
    free = calibration(exponent=(1.25, 1.0, 1.5), power=1.5).words(3200.0)
    assert "would be 1.25 (1.00 to 1.50) by this history alone; 1.5 is used." in free


@pytest.mark.parametrize(
    ("trained", "asked", "n"),
    [
        ((4, 16, 64), None, 16), ((4, 8, 64), None, 8), ((17, 32), None, 17), ((2, 32), None, 2),
        ((1, 64), 64, 64), ((4, 16), 4, 4), ((2, 4), 2, 2),
    ],
)  # fmt: skip
def test_the_pair_is_at_16_or_the_largest_below_or_the_smallest(trained, asked, n):
    assert module._chosen(trained, asked) == n


@pytest.mark.parametrize(("trained", "asked"), [((4, 16), 5), ((1, 4), 1), ((1,), None)])
def test_a_pair_that_was_not_trained_or_compares_nothing(trained, asked):
    with pytest.raises(InputError, match="of at least 2: choose from"):
        module._chosen(trained, asked)


def history():
    """Two snapshots and the end; two sides, two noise levels."""
    return xr.Dataset(
        {
            "history_test_error": (("images", "side", "sigma"), [[[4.0, 1.0], [6.0, 1.0]],
                                                                 [[2.0, 3.0], [2.0, 5.0]]]),
            "test_error": (("side", "sigma"), [[1.0, 8.0], [3.0, 8.0]]),
            "history_convergence": ("images", [0.25, 0.5]),
            "convergence": ((), 0.75),
        },
        {"images": [100, 300], "sigma": [0.5, 2.0]},
    )  # fmt: skip


def test_a_path_ends_with_the_training_and_is_the_mean_of_both_sides():
    np.testing.assert_array_equal(module._path(history(), "convergence"), [0.25, 0.5, 0.75])
    found = module._path(history(), "test_error")
    np.testing.assert_array_equal(found, [[5.0, 1.0], [2.0, 4.0], [2.0, 8.0]])


def test_the_least_error_weighs_levels_as_training_does():
    """Weights 1 + 1/σ² are 5 and 1.25: 26.25, 15 and 20."""
    assert module._least_error(history()) == 1
    later = history()
    later["test_error"] = later["test_error"] * 0.5
    assert module._least_error(later) == 2


def test_the_clock_is_of_weighted_images(run):
    training = run.experiment.training
    found = module._clock(run, history())
    expected = weighted_images([100.0, 300.0, training.images], training.images, training.schedule)
    np.testing.assert_allclose(found, expected)
    assert found[-1] == pytest.approx(end_of_training(run))


def test_where_the_loss_does_not_bend_nothing_is_known():
    log_c = np.linspace(-1.0, 1.0, 21)
    assert module._minimum(log_c, np.ones(21), 5)[1] == 1.0
