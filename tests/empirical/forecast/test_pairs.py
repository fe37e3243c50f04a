"""A theory on one pair, at single budgets and between them."""

import numpy as np

from convergen.empirical.forecast.pairs import NODES, TheoryPair
from convergen.empirical.validate.shipped_results import shipped_run
from convergen.theory.networks.symmetry.orbits import NO_ORBIT
from convergen.theory.networks.training_time.budgeted_mixture import BudgetedMixture


def test_a_curve_passes_through_its_budgets_and_tells_of_each():
    told = []
    subjects = shipped_run("digits-unet").subjects(0, (4,))
    pair = TheoryPair(BudgetedMixture, subjects, NO_ORBIT, told.append)
    between = pair.along(4.0 * np.array([[0.35, 0.42], [0.5, 900.0]]))
    assert told == [1] * len(NODES)
    np.testing.assert_allclose(between[0, 0], pair.at(4.0 * 0.35), atol=1e-9)
    assert np.all(between[0, 0, :1] >= between[0, 1, :1])
    assert np.all(between[0, 1, :1] >= between[1, 0, :1])
    # Beyond the last budget nothing is left to memorise.
    np.testing.assert_allclose(between[1, 1], pair.at(4.0 * NODES[-1]), atol=1e-9)
