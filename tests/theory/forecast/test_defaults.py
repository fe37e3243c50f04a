"""What forecasts hold where nothing is said: results of scripts depend on it."""

import pytest

from convergen import theory
from convergen.theory.forecast.predict import Request
from tests.options import unsaid

ASKED = {"factors": 3, "ridge": 0, "levels": (0.5, 0.9, 0.99), "seed": 0}


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (theory.predict, ASKED),
        (Request.of, ASKED),
        (theory.plan, {"cost_per_sample": 1.0, "factors": 10}),
        (theory.predict_collapse, {"draws": 1024, "seed": 0}),
    ],
)
def test_what_is_done_where_nothing_is_said(function, expected):
    assert unsaid(function) == expected
