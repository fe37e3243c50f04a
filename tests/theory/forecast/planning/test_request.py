"""What is asked of a plan: the sizes that it compares, and arguments that make no plan."""

import numpy as np
import pytest

from convergen import theory
from convergen.theory import InputError

SPIKED = theory.Spectrum.spiked(120, [20.0, 5.0])


def test_the_budget_ends_the_table():
    found = theory.plan(SPIKED, have=40, budget=1000.0, cost_per_sample=3.0)
    np.testing.assert_array_equal(found["samples"], [40, 80, 160, 373])
    assert found.attrs["affordable"] == 333.0
    far = theory.plan(SPIKED, have=40, budget=5e3)
    np.testing.assert_array_equal(far["samples"], [40, 80, 160, 400, 800, 1600, 4000, 5040])
    few = theory.plan(SPIKED, have=40, budget=5)
    np.testing.assert_array_equal(few["samples"], [40, 45])


@pytest.mark.parametrize(("options", "words"), [
    ({}, "give have"), ({"have": 0.5}, "at least 1"), ({"have": 9, "budget": 0}, "positive"),
    ({"have": 9, "budget": 3, "cost_per_sample": 4}, "does not pay for one sample"),
    ({"have": 9, "sigma": -1.0}, "sigma"), ({"have": 9, "factors": 0}, "factors"),
])  # fmt: skip
def test_bad_arguments(options, words):
    with pytest.raises(InputError, match=words):
        theory.plan(SPIKED, **options)


def test_what_is_at_hand_is_at_least_one_sample():
    with pytest.raises(InputError, match="samples at hand, at least 1, not 0"):
        theory.plan(theory.Spectrum.isotropic(20), have=0)
