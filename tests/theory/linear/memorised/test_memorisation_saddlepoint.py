"""The saddlepoint of the largest cosine: its terms against dense matrices, and against counting."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import betainc, erf, log_ndtr
from scipy.stats import chi2

from convergen.theory import Spectrum
from convergen.theory.linear.memorised import memorisation_saddlepoint
from convergen.theory.linear.memorised.memorisation_gram import gram_average
from convergen.theory.linear.memorised.memorisation_saddlepoint import (
    SaddlepointLaw,
    _Jet,
    _on_grid,
    _own_variance,
    _saddles,
    standard_error,
)
from convergen.theory.random_matrices.renormalised_noise import scaled

SAME = np.ones(1), np.ones(1)  # amplitudes and their weights
STEEP = scaled(Spectrum.power_law(300, 1.0))
# Three eigenvalues of a few directions each, and five directions without variance.
LAM, COUNTS, ZEROS, RHO = np.array([1.0, 0.4, 0.1]), np.array([2.0, 3.0, 4.0]), 5, 0.2
GROUPED = scaled(Spectrum.from_eigenvalues([*LAM, 0.0], [*COUNTS, ZEROS]))
LEVELS = np.array([[0.3, 0.9], [0.5, 0.2], [0.8, 0.6], [0.4, 0.7]])


def tabulated(rho=RHO, zeros=ZEROS):
    return SaddlepointLaw._of(GROUPED, zeros, rho, 1e3, SAME, LEVELS, 1, 400)


def directions(rho, zeros):
    """x̂ of each draw, one coordinate for every eigenvalue, the directions without variance last."""
    squares = chi2.ppf(LEVELS, np.r_[COUNTS, ZEROS][:, None])
    squares *= np.r_[LAM + rho, rho * (zeros > 0)][:, None]
    return np.sqrt(squares.T)


@pytest.mark.parametrize(("rho", "zeros"), [(RHO, ZEROS), (0.0, ZEROS), (RHO, 0)])
def test_every_term_is_that_of_the_matrices(rho, zeros):
    law, lam = tabulated(rho, zeros), np.r_[LAM, 0.0]
    assert law.tau.size == 400
    assert law.cubes == 1
    for draw, x in enumerate(directions(rho, zeros)):
        w, v = x / np.linalg.norm(x), lam / np.maximum(lam + rho, 1e-300) * x
        for k in (0, 100, 399):
            tau = law.tau[k]
            damp = np.diag(1.0 / (1.0 + tau * lam))
            e, f, g = w @ damp @ w, v @ damp @ w, v @ damp @ v
            assert law.e.value[draw, k] == pytest.approx(e, rel=1e-12)
            assert law.own.value[draw, k] == pytest.approx(tau * g, rel=1e-12)
            scale = tau * e * g
            assert law.both_own.value[draw, k] == pytest.approx(
                tau * (e * g - f**2), abs=1e-12 * scale
            )
            assert law.log_det.value[k] == pytest.approx(COUNTS @ np.log1p(tau * LAM), rel=1e-12)


def test_derivatives_are_those_of_the_values():
    law = tabulated()
    log_tau = np.log(law.tau)
    inner = slice(2, -2)
    for jet in (law.log_det, law.e, law.own, law.both_own):
        for below, above in ((jet.value, jet.first), (jet.first, jet.second)):
            # d/dτ = (1/τ) d/d log τ, on the even grid of log τ.
            slope = np.gradient(below, log_tau, axis=-1, edge_order=2) / law.tau
            scale = np.abs(above).max(axis=-1, keepdims=True) * 1e-3
            wrong = np.abs(slope - above) > 5e-3 * np.abs(above) + scale
            assert not wrong[..., inner].any()


def test_a_jet_times_tau_is_the_jet_of_the_product():
    tau = np.array([0.5, 2.0])
    cube = _Jet(tau**3, 3.0 * tau**2, 6.0 * tau).times(tau)
    np.testing.assert_allclose(cube, [tau**4, 4.0 * tau**3, 12.0 * tau**2])


def matrices(draw, own):
    """A root C of the covariance Σ + own v vᵀ of points, and x̂/|x̂|, one coordinate a direction."""
    lam, hat = np.r_[np.repeat(LAM, COUNTS.astype(int)), np.zeros(ZEROS)], np.zeros(14)
    # All that x̂ has of an eigenvalue lies in its first direction.
    hat[[0, 2, 5, 9]] = directions(RHO, ZEROS)[draw]
    pulled = lam / (lam + RHO) * hat
    values, axes = np.linalg.eigh(np.diag(lam) + own * np.outer(pulled, pulled))
    return axes * np.sqrt(np.maximum(values, 0.0)), hat / np.linalg.norm(hat)


@pytest.mark.parametrize("own", [0.0, 0.15])
@pytest.mark.parametrize("draw", [0, 1])
def test_the_probability_is_the_saddlepoint_of_a_quadratic_form(draw, own):
    """Whose saddle is found by bisection, from the eigenvalues of (uᵀŵ)² − c²|u|²."""
    law = tabulated()
    cosine, missed = law._missed(
        np.array([own]), np.ones(1), slice(draw, draw + 1), slice(None, None, 40)
    )
    root, hat = matrices(draw, own)
    for c, said in zip(cosine[0], missed[0], strict=True):
        mu = np.linalg.eigvalsh(root.T @ (np.outer(hat, hat) - c**2 * np.eye(14)) @ root)
        t = brentq(
            lambda s, mu=mu: np.sum(mu / (1.0 - 2.0 * s * mu)), 0.0, (0.5 - 1e-9) / mu[-1],
            xtol=1e-14, rtol=1e-14,
        )  # fmt: skip
        w = np.sqrt(np.sum(np.log1p(-2.0 * t * mu)))
        u = t * np.sqrt(np.sum(2.0 * (mu / (1.0 - 2.0 * t * mu)) ** 2))
        assert said == pytest.approx(log_ndtr(w + np.log(u / w) / w), rel=1e-6)


@pytest.mark.parametrize("dim", [12, 40])
def test_one_cosine_of_isotropic_points_is_beta_distributed(dim):
    """Up to the error of Stirling's formula at Γ(½), which the tail of one square tends to."""
    law = SaddlepointLaw._of(
        scaled(Spectrum.isotropic(dim)), 0, 0.0, 1e3, SAME, np.full((2, 1), 0.5), 1, 64
    )
    cosine, missed = law._missed(np.zeros(1), np.ones(1), slice(0, 1), slice(None))
    exceeds = 1.0 - betainc(0.5, 0.5 * (dim - 1.0), cosine[0] ** 2)
    inside = (exceeds < 0.5) & (exceeds > 1e-9)
    assert inside.sum() > 20
    np.testing.assert_allclose(
        -np.expm1(missed[0][inside]), exceeds[inside], rtol=np.sqrt(0.5 * np.e) - 1.0
    )


def test_the_tail_of_one_cosine_is_that_of_counted_points():
    law = tabulated()
    cosine, missed = law._missed(np.array([0.15]), np.ones(1), slice(0, 1), slice(None))
    root, hat = matrices(0, 0.15)
    points = np.random.default_rng(0).standard_normal((50_000, 14)) @ root.T
    found = np.abs(points @ hat) / np.linalg.norm(points, axis=1)
    for wanted in (0.5, 0.2, 0.03):
        place = np.argmin(np.abs(-np.expm1(missed[0]) - wanted))
        exceeds = np.mean(found > cosine[0, place])
        assert -np.expm1(missed[0, place]) == pytest.approx(exceeds, rel=0.16)


def test_points_of_two_amplitudes_miss_as_their_shares_say():
    law, own, shares = tabulated(), np.array([0.02, 0.3]), np.array([0.75, 0.25])
    places = slice(0, 2), slice(None)
    cosine, missed = law._missed(own, shares, *places)
    alone = [law._missed(own[k : k + 1], np.ones(1), *places) for k in (0, 1)]
    np.testing.assert_allclose(cosine, alone[1][0], rtol=1e-13)
    for draw in (0, 1):
        few = np.interp(cosine[draw], alone[0][0][draw], alone[0][1][draw], right=0.0)
        np.testing.assert_allclose(missed[draw], 0.75 * few + 0.25 * alone[1][1][draw], rtol=1e-9)


def test_numbers_on_another_grid_row_by_row():
    own = np.array([[[0.1, 0.2, 0.4], [0.1, 0.3, 0.9]]])
    missed = np.array([[[-3.0, -2.0, -1.0], [-9.0, -6.0, -3.0]]])
    cosine = np.array([[0.0, 0.15, 0.5], [0.2, 0.6, 0.9]])
    expected = [[[-3.0, -2.5, 0.0], [-7.5, -4.5, -3.0]]]
    np.testing.assert_allclose(_on_grid(cosine, own, missed), expected, rtol=1e-12)


@pytest.mark.parametrize("n", [3.0, 64.0, 1e6])
def test_the_variance_of_the_own_share_is_matched_at_the_median_of_the_largest(n):
    median = np.sqrt(n - 1.0 / _own_variance(n))
    assert erf(median / np.sqrt(2.0)) ** n == pytest.approx(0.5, rel=1e-7)


@pytest.mark.parametrize("samples", [100.0, 1e9])
@pytest.mark.parametrize("parts", [STEEP, GROUPED], ids=["steep", "grouped"])
def test_saddles_run_from_the_mean_to_a_tail_far_below_one_point(parts, samples):
    tau = _saddles(parts, samples, 31)
    assert tau.size == 31
    np.testing.assert_allclose(np.diff(np.log(tau)), np.log(tau[-1] / tau[0]) / 30)
    assert tau[0] == pytest.approx(0.01 / float(parts.weights @ parts.nodes))
    share = 0.5 * (1.0 - 1.0 / parts.rank)
    last, before = (
        share * float(parts.weights @ np.log1p(end * parts.nodes))
        for end in (tau[-1], tau[-1] * np.exp(-0.5))
    )
    assert before < np.log(samples) + 20.0 <= last


def test_saddles_of_nearly_one_direction_end_somewhere():
    almost = scaled(Spectrum.from_eigenvalues([1.0, 1e-300], [1.0, 1e-3]))
    assert 600.0 <= np.log(_saddles(almost, 100.0, 5)[-1]) < 600.5


def test_draws_are_latin_hypercubes_and_a_few_even_quantiles(monkeypatch):
    seen = {}
    monkeypatch.setattr(
        SaddlepointLaw, "_of",
        classmethod(lambda _, *given: seen.update(levels=given[5], rest=given[6:])),
    )  # fmt: skip
    SaddlepointLaw.draw(GROUPED, ZEROS, RHO, 100.0, 3, SAME)
    levels, (cubes, saddles) = seen["levels"], seen["rest"]
    assert levels.shape == (4, 256)
    assert (cubes, saddles) == (16, 128)
    for cube in levels.reshape(4, 16, 16).transpose(1, 0, 2):
        for row in cube:
            np.testing.assert_array_equal(np.sort(np.floor(16.0 * row)), np.arange(16))
    assert len(np.unique(levels)) == levels.size
    SaddlepointLaw.spread(GROUPED, ZEROS, RHO, 100.0, SAME)
    levels, (cubes, saddles) = seen["levels"], seen["rest"]
    assert (cubes, saddles) == (32, 48)
    for row in levels:
        np.testing.assert_allclose(np.sort(row), (np.arange(32) + 0.5) / 32)
    assert not np.array_equal(levels[0], levels[1])


def test_the_error_of_a_mean():
    assert standard_error(np.array([1.0, 2.0, 3.0, 6.0])) == pytest.approx(np.sqrt(14.0 / 3.0) / 2)


def test_own_and_fresh_points_are_averaged_with_their_errors():
    law = SaddlepointLaw.spread(STEEP, 0, 0.0, 500.0, (np.array([0.5, 1.5]), np.full(2, 0.5)))
    own = law.average(500.0, _own_variance(500.0) * np.array([0.5, 1.5]), np.full(2, 0.5))
    fresh = law.average(500.0, np.zeros(1), np.ones(1))
    expected = [own.mean(), fresh.mean(), standard_error(own), standard_error(fresh)]
    np.testing.assert_allclose(law.both(500.0), expected, rtol=1e-12)
    assert expected[0] > expected[1]


@pytest.mark.parametrize(
    "spectrum",
    [
        Spectrum.isotropic(300),
        Spectrum.spiked(300, [60.0, 20.0, 5.0]),
        Spectrum.power_law(300, 1.0),
    ],
    ids=repr,
)
def test_the_saddlepoint_is_within_one_and_a_half_per_cent_where_it_takes_over(spectrum):
    # Averaged over seeds to see more than their noise.
    parts = scaled(spectrum)
    exact, law = np.zeros(2), np.zeros(2)
    for seed in range(6):
        exact += gram_average(spectrum, 64.0, 0.0, seed, SAME)[:2]
        law += SaddlepointLaw.draw(parts, 0, 0.0, 64.0, seed, SAME).both(64.0)[:2]
    np.testing.assert_allclose(law, exact, rtol=0.015)


def test_draws_of_the_saddlepoint_are_averaged_one_by_one():
    """In blocks, and each as it would be alone."""
    law = SaddlepointLaw.draw(STEEP, 0, 0.0, 64.0, 0, SAME)
    together = law.average(64.0, np.zeros(1), np.ones(1))
    assert together.size == len(law.e.value) > 128
    alone = [law._average(64.0, np.zeros(1), np.ones(1), slice(i, i + 1))[0] for i in (0, 1, 130)]
    np.testing.assert_allclose(together[[0, 1, 130]], alone, rtol=1e-12)


@pytest.mark.parametrize("samples", [70.0, 1000.0, 1e6])
def test_saddles_at_which_a_hit_is_certain_add_nothing(monkeypatch, samples):
    parts, amplitudes = STEEP, (np.array([0.6, 1.4]), np.full(2, 0.5))
    law = SaddlepointLaw.draw(parts, 0, 0.0, samples, 0, amplitudes)
    found = law.both(samples)
    monkeypatch.setattr(memorisation_saddlepoint, "_CERTAIN", -np.inf)
    np.testing.assert_allclose(found, law.both(samples), rtol=1e-13)


def test_errors_are_those_of_hypercubes():
    """Which scatter less than as many independent draws would."""
    parts = STEEP
    many = [SaddlepointLaw.draw(parts, 0, 0.0, 500.0, seed, SAME) for seed in range(24)]
    found = np.array([law.both(500.0) for law in many])
    scatter, said = found[:, :2].std(axis=0, ddof=1), found[:, 2:].mean(axis=0)
    np.testing.assert_allclose(scatter, said, rtol=0.5)
    draws = many[0].average(500.0, np.zeros(1), np.ones(1))
    assert said[1] < 0.6 * draws.std() / np.sqrt(draws.size)


def test_draws_are_averaged_in_blocks_that_fit_the_cache(monkeypatch):
    law = SaddlepointLaw.draw(GROUPED, ZEROS, RHO, 100.0, 0, SAME)
    blocks = []
    monkeypatch.setattr(
        SaddlepointLaw, "_average",
        lambda _, samples, own, shares, draws: blocks.append(draws) or np.zeros(1),
    )  # fmt: skip
    law.average(100.0, np.zeros(1), np.ones(1))
    assert blocks == [slice(0, 128), slice(128, 256)]
    blocks.clear()
    law.average(100.0, np.zeros(3), np.ones(3))
    assert blocks[:2] == [slice(0, 42), slice(42, 84)]
    law.average(100.0, np.zeros(129), np.ones(129))
    assert blocks[-1] == slice(255, 256)


@pytest.mark.parametrize("samples", [300.0, 1e5])
def test_saddles_are_left_out_up_to_two_steps_before_the_first_that_counts(monkeypatch, samples):
    """There exp(n log P) adds less than e^−38 to 1 in every draw, looked for in steps of eight."""
    law = SaddlepointLaw.draw(STEEP, 0, 0.0, samples, 0, SAME)
    given, draws = (np.zeros(1), np.ones(1)), slice(0, 60)
    _, missed = law._missed(*given, draws, slice(None))
    first = next(k for k in range(0, 128, 8) if np.any(missed[:, k] >= -38.0 / samples))
    asked, look = [], SaddlepointLaw._missed
    monkeypatch.setattr(
        SaddlepointLaw, "_missed", lambda *each: asked.append(each[-1]) or look(*each)
    )
    law._average(samples, *given, draws)
    assert asked == [slice(None, None, 8), slice(first - 16, None)]
    assert first > 16


@pytest.mark.parametrize("ratio", [1e-9, 1e-16, 1e-300])
def test_nearly_one_direction_gives_cosines_near_one(ratio):
    parts = scaled(Spectrum.from_eigenvalues([1.0, ratio], [1, 50]))
    law = SaddlepointLaw.draw(parts, 0, 0.0, 1e4, 0, SAME)
    for samples in (65.0, 1e4):
        found = law.both(samples)[:2]
        assert np.all((found > 1.0 - 80.0 * np.sqrt(ratio) - 1e-12) & (found <= 1.0))


def test_even_quantiles_are_the_same_whatever_the_spectrum(monkeypatch):
    seen = []
    monkeypatch.setattr(SaddlepointLaw, "_of", classmethod(lambda _, *given: seen.append(given[5])))
    for parts in (GROUPED, scaled(Spectrum.isotropic(4))):
        SaddlepointLaw.spread(parts, ZEROS, RHO, 100.0, SAME)
    assert [len(levels) for levels in seen] == [4, 2]
    np.testing.assert_array_equal(seen[0][:2], seen[1])
    even = np.tile((np.arange(32) + 0.5) / 32.0, (2, 1))
    np.testing.assert_array_equal(np.random.default_rng(0).permuted(even, axis=1), seen[1])
