"""A theory on one pair, at single budgets and between them."""

from types import SimpleNamespace

import numpy as np
from scipy.interpolate import PchipInterpolator

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


def test_each_side_is_fitted_to_its_own_set_with_noise_of_its_own():
    made = []

    def fit(points, rng, orbit):
        made.append((points, rng.integers(10**9), orbit))

    sets = {0: "a", 1: "b"}
    subjects = SimpleNamespace(
        samples=(8,), splits=SimpleNamespace(seed=5), training_set=sets.__getitem__
    )
    TheoryPair(SimpleNamespace(fit=fit), subjects, "orbit")
    first, second = np.random.default_rng(5).spawn(2)
    assert made == [("a", first.integers(10**9), "orbit"), ("b", second.integers(10**9), "orbit")]


def test_between_budgets_a_curve_is_smooth_in_the_share_that_is_memorised(monkeypatch):
    """Order parameters 1 − e^{−N/n}, …: the nodes lie so close that 0.2 % is the most it misses."""
    pair = object.__new__(TheoryPair)
    pair.samples = 8
    share = lambda ratio: np.stack([np.exp(-ratio), 1.0 - np.exp(-ratio)], axis=-1)  # noqa: E731
    monkeypatch.setattr(TheoryPair, "at", lambda self, memorised: share(memorised / 8.0))
    ratio = np.concatenate([[0.0], np.geomspace(1e-3, 7.0, 200)])
    np.testing.assert_allclose(pair.along(8.0 * ratio), share(ratio), atol=0.002)
    np.testing.assert_allclose(pair.along(np.array([1e6])), share(np.array([NODES[-1]])), rtol=1e-9)
    assert (NODES[0], NODES[-1]) == (0.0, 7.0)
    # Between nodes cubics in the inverse hyperbolic sine of twenty times N/n, which never turn.
    ratio = np.array([0.01, 0.06, 0.9, 5.0])
    curve = PchipInterpolator(np.arcsinh(20.0 * NODES), share(NODES))
    np.testing.assert_allclose(pair.along(8.0 * ratio), curve(np.arcsinh(20.0 * ratio)), rtol=1e-9)
    assert np.all(np.diff(NODES) > 0.0)
