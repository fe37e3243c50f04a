"""Forecasts on points that a user gives: which points are trained on, and what is not known."""

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
