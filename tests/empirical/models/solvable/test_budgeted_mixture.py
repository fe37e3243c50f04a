"""A theory of networks is taken at the budget that is given."""

import numpy as np

from convergen.empirical.models.table import SOLVABLE, network_theories
from convergen.theory.networks.training_time.budgeted_mixture import BudgetedMixture
from tests.empirical.models.solvable.fits import POINTS, check_row, fitted, same


def test_it_is_taken_at_the_budget_that_is_given():
    assert SOLVABLE.find("budgeted-mixture") in network_theories()
    theories = [BudgetedMixture.fit(each, np.random.default_rng(3)) for each in POINTS]
    same(
        fitted("budgeted-mixture", seed=3, memorised=5.0), [each.trained(5.0) for each in theories]
    )
    same(fitted("budgeted-mixture", POINTS[:1], seed=3), [theories[0].trained(0.0)])


def test_the_row():
    options = {"memorised": (0.0, 0.0, None, 1e12)}
    check_row(
        "budgeted-mixture", (0, (7, 2, 3, 2)), options, compared=False, theory=BudgetedMixture
    )
