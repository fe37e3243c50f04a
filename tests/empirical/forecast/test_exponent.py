import numpy as np
import pytest
from scipy.stats import chi2

from convergen.empirical.forecast.exponent import exponent

TIMES = np.array([0.1, 0.3, 0.6, 1.0, 1.6, 2.5])
# Constants that are tried.
RATIOS = TIMES / np.geomspace(0.2, 5.0, 81)[:, None]


def theory(ratio):
    """Order parameters of a theory whose own exponent is 1.2."""
    share = np.exp(-(ratio**1.2))
    return np.stack([share**2, 1.0 - 0.5 * share], axis=-1)


def history(power, noise, rng):
    exact = theory((TIMES / 1.3) ** (power / 1.2))
    return exact + noise * rng.standard_normal(exact.shape)


@pytest.mark.parametrize("power", [0.8, 1.2, 2.0])
def test_the_exponent_of_a_history_is_found(power):
    found, low, high = exponent(theory, RATIOS, history(power, 0.0, np.random.default_rng(0)), 1.2)
    assert found == pytest.approx(power, abs=0.05)
    assert low <= found <= high


def test_nine_of_ten_intervals_hold_it():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(100):
        _, low, high = exponent(theory, RATIOS, history(1.4, 0.03, rng), 1.2)
        held += low <= 1.4 + 0.025 and high >= 1.4 - 0.025
    assert 83 <= held <= 98


def test_what_a_history_does_not_say_is_left_open():
    rng = np.random.default_rng(2)
    assert np.isnan(exponent(theory, RATIOS[:, :3], history(1.2, 0.0, rng)[:3], 1.2)).all()
    # Nothing has been copied, but for noise.
    early = np.full((6, 2), 0.5) + 0.3 * rng.standard_normal((6, 2))
    assert np.isnan(exponent(theory, RATIOS, early, 1.2)).all()


def test_four_snapshots_give_an_exponent_and_three_none():
    target = history(1.2, 0.0, np.random.default_rng(0))
    found = exponent(theory, RATIOS[:, 1:5], target[1:5], 1.2)
    assert found[0] == pytest.approx(1.2, abs=0.05)
    assert np.isnan(exponent(theory, RATIOS[:, 1:4], target[1:4], 1.2)).all()


@pytest.mark.parametrize(("power", "inside"), [(0.3, 0.5), (3.2, 2.8)])
def test_an_interval_that_reaches_one_end_of_what_is_tried_is_none(power, inside):
    def found(p):
        return exponent(theory, RATIOS, history(p, 0.002, np.random.default_rng(3)), 1.2)

    assert np.isnan(found(power)).all()
    assert found(inside)[0] == pytest.approx(inside, abs=0.15)


def test_an_interval_from_the_least_exponent_to_one_within_is_none():
    """Of p = 0.5 and this noise 0.6 and all below it are as good."""
    target = history(0.5, 0.05, np.random.default_rng(25))
    assert np.isnan(exponent(theory, RATIOS, target, 1.2)).all()


def test_the_interval_is_where_the_misfit_rises_by_chi_squared():
    """Twelve numbers, two parameters; exponents from 0.4 to 3 in steps of 0.05."""
    powers = 0.4 + 0.05 * np.arange(53)
    for seed in range(5):
        target = history(1.4, 0.05, np.random.default_rng(seed))
        loss = np.array([
            min(np.sum((theory(row ** (p / 1.2)) - target) ** 2) for row in RATIOS) for p in powers
        ])  # fmt: skip
        allowed = powers[loss <= loss.min() * (1.0 + chi2.ppf(0.9, 1) / 10.0)]
        expected = powers[loss.argmin()], allowed[0], allowed[-1]
        assert exponent(theory, RATIOS, target, 1.2) == pytest.approx(expected)
        assert allowed[0] < allowed[-1]


def test_a_history_without_noise_leaves_one_exponent():
    assert exponent(theory, RATIOS, theory(RATIOS[40]), 1.2) == pytest.approx((1.2, 1.2, 1.2))
