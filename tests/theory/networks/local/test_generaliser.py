"""Generalisers: weights that help what is left out, the symmetry of the orbit, and bad input."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.data.sets.digits import load_digits
from convergen.theory.networks.local import generaliser as module
from convergen.theory.networks.local.generaliser import THRESHOLDS, Generaliser, _not_negative
from convergen.theory.networks.local.shrunk_linear import ShrunkLinear
from convergen.theory.networks.local.window_denoiser import WindowDenoiser
from convergen.theory.networks.symmetry.orbits import Orbit

DIGITS = load_digits().reshape(-1, 1, 8, 8)
DIGITS = ((DIGITS - DIGITS.mean(axis=0)) / DIGITS.std()).astype(np.float32)
SEEN, UNSEEN = DIGITS[:40], DIGITS[1000:1200]


@pytest.fixture(scope="module")
def fitted():
    return Generaliser.fit(SEEN, np.random.default_rng(0))


def error(denoiser, sigma):
    noise = np.random.default_rng(1).standard_normal(UNSEEN.shape).astype(np.float32)
    return float(np.mean((denoiser(UNSEEN + np.float32(sigma) * noise, sigma) - UNSEEN) ** 2))


@pytest.mark.parametrize("sigma", [0.3, 1.0])
def test_unseen_points_are_denoised_better_than_by_either_part(fitted, sigma):
    choice = min(fitted.choices, key=lambda entry: abs(np.log(entry.sigma / sigma)))
    parts = [WindowDenoiser(SEEN, windows) for windows in choice.windows]
    best = min(error(part, sigma) for part in [*parts, ShrunkLinear(SEEN)])
    assert error(fitted, sigma) < 0.97 * best


def test_it_is_the_weighted_sum_of_its_parts(fitted):
    noisy = UNSEEN[:9] + 1.0
    levels = np.resize([choice.sigma * 1.01 for choice in fitted.choices], 9)
    found = fitted(noisy, levels)
    for i, sigma in enumerate(levels):
        choice = fitted.choices[i % len(fitted.choices)]
        expected = choice.linear * ShrunkLinear(SEEN)(noisy[i : i + 1], sigma)
        for weight, windows in zip(choice.weights, choice.windows, strict=True):
            expected += weight * WindowDenoiser(SEEN, windows)(noisy[i : i + 1], sigma)
        np.testing.assert_allclose(found[i], expected[0], atol=2e-4)


def test_weights_are_least_squares_on_what_is_left_out(fitted):
    """The error of a choice grows in every direction that the weights may take."""
    rng = np.random.default_rng(0)
    own = np.resize(rng.permutation(40), 256)
    noise = rng.standard_normal((256, 1, 8, 8)).astype(np.float32)
    choice = fitted.choices[5]
    noisy = SEEN[own] + np.float32(choice.sigma) * noise
    answers = [
        WindowDenoiser(SEEN, windows).leave_one_out(noisy, choice.sigma, own)
        for windows in choice.windows
    ]
    answers.append(ShrunkLinear(SEEN).leave_one_out(noisy, choice.sigma, own))
    weights = [*choice.weights, choice.linear]

    def left(weights):
        return np.mean((sum(w * a for w, a in zip(weights, answers, strict=True)) - SEEN[own]) ** 2)

    assert left(weights) == pytest.approx(choice.error, rel=1e-3)
    for k in range(len(weights)):
        for step in (0.03, -0.03):
            moved = [w + step * (j == k) for j, w in enumerate(weights)]
            assert left(moved) > choice.error or min(moved) < 0.0
    assert min(weights) >= 0.0


def test_fitted_to_an_orbit_it_commutes_with_the_group():
    fitted = Generaliser.fit(SEEN[:10].astype(np.float64), np.random.default_rng(0), Orbit(4))
    noisy = UNSEEN[:3].astype(np.float64) + 0.5
    moved = fitted(np.roll(noisy, (4, 4), axis=(2, 3)), 0.7)
    np.testing.assert_allclose(moved, np.roll(fitted(noisy, 0.7), (4, 4), axis=(2, 3)), atol=1e-8)


def test_single_precision_is_kept(fitted):
    assert fitted(UNSEEN[:2], 0.5).dtype == np.float32
    assert fitted(UNSEEN[:2].astype(np.float64), 0.5).dtype == np.float64


def test_one_point_is_refused():
    with pytest.raises(InputError, match="two or more"):
        Generaliser.fit(SEEN[:1], np.random.default_rng(0))


def test_thresholds_rise_and_levels_are_even_about_the_spread_of_the_data(fitted):
    assert np.all(np.diff([0.0, *THRESHOLDS, 1.0]) > 0.0)
    unit = np.sqrt(np.mean(SEEN.astype(np.float64) ** 2))
    found = [choice.sigma for choice in fitted.choices]
    np.testing.assert_allclose(found, unit * np.geomspace(0.03, 20.0, 12), rtol=1e-6)


def test_parts_of_small_weight_are_left_out_and_the_others_fitted_again():
    columns = np.linalg.qr(np.random.default_rng(3).standard_normal((9, 4))).Q
    target = columns @ [0.5, 0.019, 0.021, -0.4]
    found = _not_negative(columns, target)
    np.testing.assert_allclose(found, [0.5, 0.0, 0.021, 0.0], rtol=1e-6)
    # What two columns share goes to the one that stays.
    columns[:, 1] = columns[:, 0] + 1e-3 * columns[:, 1]
    np.testing.assert_allclose(
        _not_negative(columns[:, :2], 0.7 * columns[:, 0]), [0.7, 0.0], atol=1e-4
    )
    np.testing.assert_array_equal(_not_negative(columns, -columns.sum(axis=1)), 0.0)
    # However small, in whatever unit, the guard of the solution is smaller.
    np.testing.assert_allclose(_not_negative(1e3 * columns[:, 2:], 1e3 * target), [0.021, 0.0])


def test_errors_are_those_of_256_points(fitted, monkeypatch):
    drawn = []
    original = module.draw_queries
    monkeypatch.setattr(
        module, "draw_queries", lambda *given: drawn.append(given[2]) or original(*given)
    )
    monkeypatch.setattr(module, "_choice", lambda *given: fitted.choices[0])
    Generaliser.fit(SEEN[:2], np.random.default_rng(0))
    assert drawn == [256]
