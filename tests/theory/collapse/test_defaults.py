"""Draws and seeds where nothing is said: results of scripts depend on them."""

import pytest

from convergen import theory
from convergen.theory.collapse import agreement, commitment, information
from convergen.theory.collapse.collapse_noise import own_weight
from tests.options import unsaid


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (agreement.measure_agreement, {"queries": 256, "repeats": 8, "seed": 0}),
        (agreement.predict_agreement, {"draws": 128, "seed": 0}),
        (agreement.agreement_threshold, {"draws": 128, "seed": 0}),
        (theory.collapse_noise, {"draws": 2048, "seed": 0}),
        (theory.collapse_width, {"draws": 2048, "seed": 0}),
        (theory.samples_to_generalise, {"draws": 2048, "seed": 0}),
        (own_weight, {"rule": "finite", "seed": 0}),
        (commitment.committed_fraction, {"draws": 512, "seed": 0}),
        (information.information, {"draws": 2048, "seed": 0}),
        (information.information_density, {"draws": 2048, "seed": 0}),
    ],
)
def test_what_is_done_where_nothing_is_said(function, expected):
    assert unsaid(function) == expected
