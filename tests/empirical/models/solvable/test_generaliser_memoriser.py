"""A theory of networks is taken at the budget that is given."""

import numpy as np

from convergen.empirical.models.table import SOLVABLE, network_theories
from convergen.theory.networks.training_time.generaliser_memoriser import GeneraliserMemoriser
from tests.empirical.models.solvable.fits import POINTS, check_row, fitted, same


def test_it_is_taken_at_the_budget_that_is_given():
    assert SOLVABLE.find("generaliser-memoriser") in network_theories()
    theories = [GeneraliserMemoriser.fit(each, np.random.default_rng(3)) for each in POINTS]
    same(
        fitted("generaliser-memoriser", seed=3, memorised=5.0),
        [each.trained(5.0) for each in theories],
    )
    same(fitted("generaliser-memoriser", POINTS[:1], seed=3), [theories[0].trained(0.0)])


def test_the_row():
    options = {"memorised": (0.0, 0.0, None, 1e12)}
    check_row(
        "generaliser-memoriser", (0, (5, 1)), options, compared=False, theory=GeneraliserMemoriser
    )
