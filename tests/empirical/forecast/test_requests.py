"""Forecasts on points that a user gives: which points are trained on, and what is not known."""

from types import SimpleNamespace

import numpy as np
import pytest

from convergen.empirical.forecast import requests as module
from convergen.empirical.forecast.requests import forecast_on
from convergen.theory.common.checks import InputError
from convergen.theory.data.sets.digits import load_digits
from convergen.theory.sources.points import Points

DIGITS = load_digits()[np.random.default_rng(0).permutation(1797)]


def points(rows, shape=(1, 8, 8)):
    return Points("mine", rows, shape)


@pytest.fixture
def asked(monkeypatch):
    """What the theory is asked for."""
    kept = {}
    whole = module.forecast

    def forecast(data, *rest):
        kept.update(data=data, samples=rest[5], splits=rest[7])
        return whole(data, *rest)

    monkeypatch.setattr(module, "forecast", forecast)
    return kept


def test_two_networks_are_trained_on_the_points_that_were_given(asked, caplog):
    found = forecast_on(points(DIGITS[:12]), points(DIGITS[12:40]), "mlp", images=800)
    data, splits = asked["data"], asked["splits"]
    assert asked["samples"] == [12]
    assert (splits.seed, splits.samples) == (0, (12,))
    raw = data.points * data.scale + data.mean
    for rows, expected in ((splits.a, DIGITS[:12]), (splits.b, DIGITS[12:24])):
        np.testing.assert_allclose(raw[rows].reshape(12, -1), expected, atol=1e-4)
    assert 0.0 < float(found["convergence"][0]) < 1.0
    assert found.attrs["images"] == pytest.approx(800, rel=0.05)
    assert "have hardly begun to learn" in caplog.text


@pytest.mark.parametrize("unseen", [None, points(DIGITS[12:20])])
def test_without_a_second_training_set_nothing_is_said_of_q(asked, unseen):
    found = forecast_on(points(DIGITS[:12]), unseen, "mlp", images=800)
    assert np.isnan(found["convergence"]).all()
    assert np.isnan(found["convergence_high"]).all()
    assert 0.0 < float(found["memorisation"][0]) <= 1.0
    assert len(asked["data"]) == 12


@pytest.mark.parametrize(
    ("network", "shape", "said"),
    [("unett", (1, 8, 8), "nothing was measured"), ("unet", (64,), "images")],
)
def test_networks_that_do_not_suit_are_refused(network, shape, said):
    with pytest.raises(InputError, match=said):
        forecast_on(points(DIGITS[:12], shape), None, network)


def test_a_run_is_forecast_by_its_own_recipe(monkeypatch):
    """The result in its folder unless another is given; data and seed of the run."""
    asked = []
    recipe = SimpleNamespace(
        training="training", measure="measure", calibration="c", row="row", weighted=5.0
    )

    def recipe_of_run(*given):
        asked.append(given)
        return recipe

    monkeypatch.setattr(module, "recipe_of_run", recipe_of_run)
    monkeypatch.setattr(module, "forecast", lambda *given: given)
    run = SimpleNamespace(
        result=lambda: "its own", data="data", experiment=SimpleNamespace(seeds=(7, 8))
    )
    found = module.forecast_run(run, samples=[4], images=10, calibrate_at=2)
    assert asked[0] == (run, "its own", "data", 10, 2)
    assert found == ("data", "training", "measure", "c", "row", 5.0, [4], 7)
    module.forecast_run(run, "another")
    assert asked[1] == (run, "another", "data", None, None)


def test_a_network_is_forecast_on_data_by_its_name(monkeypatch):
    recipe = SimpleNamespace(training=1, measure=2, calibration=3, row=4, weighted=5)
    monkeypatch.setattr(module, "recipe_of_name", lambda *given: recipe)
    monkeypatch.setattr(module, "forecast", lambda *given: given)
    data = {"kind": "field", "size": 4, "count": 16}
    points, *rest = module.forecast_untrained(data, "mlp", samples=[4], seed=3)
    assert len(points) == 16
    assert rest == [1, 2, 3, 4, 5, [4], 3]
    assert module.forecast_untrained(data, "mlp")[-2:] == (None, 0)


def test_a_second_training_set_is_as_large_as_the_first(asked):
    """One unseen point too few, and there is none."""
    for count, pair in ((12, True), (11, False)):
        unseen = points(DIGITS[12 : 12 + count])
        found = forecast_on(points(DIGITS[:12]), unseen, "mlp", images=800, seed=4)
        assert np.isfinite(found["convergence"]).all() == pair
        assert len(asked["data"]) == (24 if pair else 12)
        splits = asked["splits"]
        assert splits.seed == 4
        assert splits.b.tolist() == list(range(12, 24) if pair else range(12))
        assert splits.held_out.size == 0
