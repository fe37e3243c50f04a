"""The mixture of a generaliser and the training set, by the budget."""

import numpy as np
import pytest

from convergen.theory.empirical_score.score import EmpiricalScore
from convergen.theory.networks.symmetry.orbits import Orbit
from convergen.theory.networks.training_time.budget import generalising_share
from convergen.theory.networks.training_time.generaliser_memoriser import GeneraliserMemoriser

IMAGES = np.random.default_rng(0).random((12, 1, 4, 4))
X = np.random.default_rng(1).standard_normal((3, 1, 4, 4))


@pytest.fixture(scope="module")
def machine():
    return GeneraliserMemoriser.fit(IMAGES, np.random.default_rng(2))


def test_a_budget_shares_between_the_two_ends(machine):
    assert machine.generaliser.samples == 12
    np.testing.assert_allclose(machine.memoriser(X, 0.3), EmpiricalScore(IMAGES)(X, 0.3))
    for memorised in (6.0, 12.0, 30.0):
        share = float(generalising_share(memorised, 12, GeneraliserMemoriser.power))
        expected = share * machine.generaliser(X, 0.3) + (1 - share) * machine.memoriser(X, 0.3)
        np.testing.assert_allclose(machine.trained(memorised)(X, 0.3), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("share", "kept"),
    [(0.9e-3, 0.0), (1.1e-3, 1.1e-3), (1 - 0.9e-6, 1.0), (1 - 1.1e-6, 1 - 1.1e-6)],
)
def test_a_part_that_weighs_next_to_nothing_is_not_asked(machine, monkeypatch, share, kept):
    where = "convergen.theory.networks.training_time.generaliser_memoriser.generalising_share"
    monkeypatch.setattr(where, lambda *arguments: share)
    assert machine.trained(1.0).share == kept


def test_copies_are_those_of_all_places_that_the_network_does_not_tell_apart():
    made = GeneraliserMemoriser.fit(IMAGES, np.random.default_rng(2), Orbit(2, mirrored=True))
    assert made.memoriser.samples == 12 * 4 * 2
    assert made.generaliser.samples == 12
