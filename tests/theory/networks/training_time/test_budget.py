"""Budgets: the share of the generaliser, and its inverse."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.networks.training_time.budget import (
    SharedDenoiser,
    generalising_share,
    memorised_points,
)
from tests.options import unsaid


def test_the_share_falls_from_one_and_its_inverse_gives_the_points():
    assert generalising_share(0.0, 10.0) == 1.0
    assert generalising_share(10.0, 10.0) == pytest.approx(np.exp(-1.0))
    share = generalising_share([3.0, 9.0], 7.0, 1.5)
    np.testing.assert_allclose(memorised_points(share, 7.0, 1.5), [3.0, 9.0])


def test_the_usual_power_where_none_is_given():
    assert unsaid(generalising_share) == unsaid(memorised_points) == {"power": 1.2}


def test_a_shared_denoiser_mixes_its_ends():
    shared = SharedDenoiser(lambda x, s: x * 2.0, lambda x, s: x * 0.0, 0.25)
    np.testing.assert_allclose(shared(np.ones((2, 3)), 1.0), 0.5)


@pytest.mark.parametrize(("share", "asked"), [(0.0, "memoriser"), (1.0, "generaliser")])
def test_at_an_end_only_that_denoiser_is_asked(share, asked):
    def refuse(x, sigma):
        raise AssertionError

    ends = {"generaliser": refuse, "memoriser": refuse, asked: lambda x, sigma: x}
    np.testing.assert_array_equal(SharedDenoiser(**ends, share=share)(np.ones((1, 2)), 1.0), 1.0)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: SharedDenoiser(None, None, 1.5), "between 0 and 1, not at 1.5"),
        (lambda: SharedDenoiser(None, None, -0.5), "between 0 and 1, not at -0.5"),
        (lambda: memorised_points(0.0, 5.0), "share"),
    ],
)
def test_what_makes_no_sense_is_refused(call, said):
    with pytest.raises(InputError, match=said):
        call()
