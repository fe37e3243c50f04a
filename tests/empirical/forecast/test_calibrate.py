"""Calibration on histories: a history made by the theory itself, a shipped pair, and bad input."""

from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
import xarray as xr

from convergen.empirical.forecast import calibrate as module
from convergen.empirical.forecast.calibrate import calibrate, end_of_training
from convergen.empirical.training.settings import TrainingSettings
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


def test_curvature_is_that_over_a_third_on_each_side():
    """Loss 1 + x⁴: its second difference over ±h is 2 h², so that the deviation is √(s/h²)."""
    for step, h in ((0.04, 0.28), (0.5, 0.5)):
        log_c = step * np.arange(-50.0, 51.0)
        _, spread = module._minimum(log_c, 1.0 + log_c**4, 4)
        assert spread == pytest.approx(np.sqrt(1.0 / 7.0) / h)


def test_a_loss_that_bends_down_tells_nothing():
    log_c = np.linspace(0.0, 2.0, 41)
    assert module._minimum(log_c, 9.0 - log_c**2, 5)[1] == 1.0


class Fitted:
    """A theory whose order parameters are functions of N/n alone."""

    asked: ClassVar = []

    def __init__(self, theory, subjects, orbit, done):
        self.asked.append((theory, subjects, orbit))
        self.samples = subjects[1][0]

    def along(self, memorised):
        share = np.exp(-memorised / self.samples)
        return np.stack([share, 1.0 - share**2, 0.9 - share, 1.0 + share], axis=-1)


def test_the_constant_is_that_of_least_misfit_on_a_grid(monkeypatch):
    """Snapshots from the least test error on, of a history that is 0.02 above the theory in q."""
    training = TrainingSettings(images=64_000, schedule="constant")
    experiment = SimpleNamespace(
        model="net", samples=(4, 16), seeds=(3, 7), training=training
    )  # fmt: skip
    run = SimpleNamespace(
        experiment=experiment, data=SimpleNamespace(shape=(2,)),
        subjects=lambda seed, samples: (seed, samples),
    )  # fmt: skip
    seen = np.array([1000.0, 2000.0, 8000.0, 64_000.0])
    grid = np.log(seen[-1] / 16) + np.linspace(-np.log(200.0), np.log(200.0), 801)
    constant = np.exp(grid[333])
    path = Fitted(None, (0, (16,)), None, None).along(seen / constant)
    path[:, 0] += 0.02
    names = ("convergence", "memorisation", "fraction_memorised")
    sizes = {"images": seen[:3].astype(int), "samples": [4, 16], "seed": [3, 7]}
    result = xr.Dataset(coords=sizes | {"sigma": [1.0]})
    here = {"samples": 16, "seed": 7}
    errors = np.array([5.0, 2.0, 3.0, 4.0])[:, None]
    for name, values in [*zip(names, path.T, strict=False), ("test_error", errors)]:
        dims = ("samples", "seed", "sigma")[: 2 + (name == "test_error")]
        shape = tuple(result.sizes[dim] for dim in dims)
        result[name] = dims, np.full(shape, np.nan)
        result[f"history_{name}"] = ("images", *dims), np.full((3, *shape), np.nan)
        result[name].loc[here] = values[-1]
        result[f"history_{name}"].loc[here] = values[:-1]
    said = []

    def free(along, ratios, target, power):
        said.append((along(np.array([0.5])), ratios, target, power))
        return 1.0, 0.5, 2.0

    monkeypatch.setattr(module, "is_blind", lambda model: model != "net")
    monkeypatch.setattr(module, "orbit_of", lambda model, shape: module.Orbit(shape[0]))
    monkeypatch.setattr(module, "TheoryPair", Fitted)
    monkeypatch.setattr(module, "exponent", free)
    theory = SimpleNamespace(power=1.5)
    found = calibrate(run, result, theory, seed=7)
    assert Fitted.asked[-1] == (theory, (7, (16,)), module.Orbit(2))
    assert (found.samples, found.snapshots, found.source) == (16, 3, "the pair of n = 16, seed 7")
    assert (found.exponent, found.power, found.orbit) == ((1.0, 0.5, 2.0), 1.5, module.Orbit(2))

    pair = Fitted(None, (0, (16,)), None, None)
    target = path[1:, :2]
    loss = [np.sum((pair.along(seen[1:] / c)[:, :2] - target) ** 2) for c in np.exp(grid)]
    best, spread = module._minimum(grid, np.array(loss), 3)
    assert abs(best - np.log(constant)) < 0.1
    reach = 1.645 * np.hypot(spread, 0.1)
    assert found.constant == pytest.approx(np.exp(best))
    assert [found.low, found.high] == pytest.approx(np.exp([best - reach, best + reach]))
    assert found.misfit == pytest.approx(np.sqrt(min(loss) / 6.0))

    ((along, ratios, wanted, power),) = said
    np.testing.assert_allclose(along, pair.along(np.array([8.0]))[:, :2])
    np.testing.assert_allclose(ratios, seen[1:] / (16.0 * np.exp(grid[::4]))[:, None])
    np.testing.assert_allclose(wanted, target)
    assert power == 1.5
    known = found.residuals
    assert known.samples == 16
    np.testing.assert_allclose(known.weighted, seen[1:])
    np.testing.assert_allclose(known.measured, path[1:, :3])
    # Two snapshots are enough, one is not; the first seed is taken unless another is asked for.
    few = result.isel(images=[1, 2])
    assert calibrate(run, few, theory, seed=7).constant == pytest.approx(found.constant)
    with pytest.raises(InputError, match=r"no snapshots on the way.*--set training\.snapshots=8"):
        calibrate(run, result.isel(images=[1]), theory, seed=7)
    swapped = result.assign_coords(seed=[7, 3])
    assert calibrate(run, swapped, theory).constant == pytest.approx(found.constant)
