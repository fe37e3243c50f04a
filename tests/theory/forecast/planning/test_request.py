"""What is asked of a plan: the sizes that it compares, and arguments that make no plan."""

import numpy as np
import pytest

from convergen import theory
from convergen.theory import InputError
from convergen.theory.forecast.planning.request import PlanRequest

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


def test_without_a_budget_sizes_go_up_to_ten_times_what_is_there():
    request = PlanRequest.of(SPIKED, have=40)
    np.testing.assert_array_equal(request.samples, [40, 80, 160, 400])
    assert request.affordable is None
    assert not request.priced
    assert PlanRequest.of(SPIKED, have=40, budget=9).priced
    assert PlanRequest.of(SPIKED, have=40, cost_per_sample=2.0).priced
    # One sample may be bought with just its price, and what is there need be no whole number.
    bought = PlanRequest.of(SPIKED, have=2.5, budget=3.0, cost_per_sample=3.0)
    np.testing.assert_array_equal(bought.samples, [2.5, 3.5])


def test_ten_factors_are_followed_and_one_sample_is_enough_to_start_from():
    request = PlanRequest.of(theory.Spectrum.power_law(30, 1.0), have=1)
    assert (request.have, request.factors, request.cost) == (1.0, 10, 1.0)
    np.testing.assert_array_equal(request.samples, [1, 2, 4, 10])
    assert theory.plan(SPIKED, have=20).attrs["cost_per_sample"] == 1.0
    with pytest.raises(InputError, match="samples at hand, at least 1, not nan"):
        PlanRequest.of(SPIKED, have=np.nan)


@pytest.mark.parametrize(
    ("budget", "sizes"),
    [
        (1, [40, 41]), (40, [40, 80]), (360, [40, 80, 160, 400]), (361, [40, 80, 160, 400, 401]),
        (359, [40, 80, 160, 399]), (3960, [40, 80, 160, 400, 800, 1600, 4000]),
    ],
)  # fmt: skip
def test_sizes_end_with_the_budget_just_below_at_and_above_a_multiple(budget, sizes):
    np.testing.assert_array_equal(PlanRequest.of(SPIKED, have=40, budget=budget).samples, sizes)


@pytest.mark.parametrize("have", [1e16, 1e300])
def test_one_more_sample_may_be_lost_in_rounding(have):
    np.testing.assert_array_equal(PlanRequest.of(SPIKED, have=have, budget=1).samples, [have])


def test_the_noise_is_the_size_of_a_coordinate_unless_it_is_said():
    assert PlanRequest.of(SPIKED, have=9).sigma == pytest.approx(np.sqrt((25.0 + 118.0) / 120.0))
    assert PlanRequest.of(SPIKED, have=9, sigma=0.3).sigma == 0.3


@pytest.mark.parametrize(
    ("eigenvalues", "counts", "wanted", "followed"),
    [
        ([9.0, 4.0, 1.0], [1, 1, 10], 10, 2), ([9.0, 4.0, 1.0], [1, 1, 10], 1, 1),
        # An eigenspace of less than half of all directions is followed, one of half is not.
        ([9.0, 4.0, 1.0], [5, 1, 6], 10, 6), ([9.0, 1.0], [4, 4], 10, 0), ([2.0], [3], 10, 0),
        ([3.0, 2.0, 1.0], [1, 1, 1], 10, 3),
    ],
)  # fmt: skip
def test_factors_are_followed_as_far_as_they_are_told_apart(eigenvalues, counts, wanted, followed):
    spectrum = theory.Spectrum.from_eigenvalues(eigenvalues, counts)
    assert PlanRequest.of(spectrum, have=9, factors=wanted).factors == followed


def test_a_pilot_starts_from_its_points_and_shows_so_many_factors():
    rng = np.random.default_rng(0)
    data = rng.standard_normal((40, 12)) * np.sqrt([30.0, *np.ones(11)])
    request = PlanRequest.of(data)
    assert request.pilot is request.law
    assert request.spectrum is request.pilot.spectrum
    assert request.have == request.samples[0] == 40.0
    assert request.factors <= request.pilot.factors.eigenvalues.size
    known = PlanRequest.of(SPIKED, have=9)
    assert known.pilot is None
    assert known.spectrum is SPIKED
