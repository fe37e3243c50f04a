"""Memorisation of few points against integrals, and against points and samples drawn one by one."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import betainc

from convergen.theory import Spectrum
from convergen.theory.linear.memorised import memorisation_gram
from convergen.theory.linear.memorised.memorisation_gram import gram_average, gram_monte_carlo

SAME = np.ones(1), np.ones(1)
UNEQUAL = np.array([0.2, 3.4]), np.array([0.75, 0.25])


@pytest.fixture
def few_drawn(monkeypatch):
    """Fewer directions one by one, and fewer sets."""
    monkeypatch.setattr(memorisation_gram, "_LEADING", 40)
    monkeypatch.setattr(memorisation_gram, "_BUDGET", 240_000)


def fresh_isotropic(samples, dim):
    """E max |cos| of any direction with n isotropic points: cos² is beta distributed."""
    return quad(lambda c: 1.0 - betainc(0.5, 0.5 * (dim - 1.0), c * c) ** samples, 0.0, 1.0)[0]


@pytest.mark.parametrize("tau", [SAME, UNEQUAL], ids=["same", "unequal"])
@pytest.mark.parametrize("rho", [0.0, 0.7])
@pytest.mark.parametrize("dim", [6, 300])
def test_fresh_isotropic_points_have_the_cosines_of_any_direction(few_drawn, dim, rho, tau):
    """Whatever the ridge, the amplitudes and the part of the spectrum that is drawn one by one."""
    for n in (1, 4):
        found = gram_monte_carlo(Spectrum.isotropic(dim, 2.5), n, rho, 1, tau)
        assert abs(found[1] - fresh_isotropic(n, dim)) < 4.0 * found[3] < 0.02


def largest_cosines(lam, n, rho, tau, sets, seed):
    """Own and fresh cosines: sets of points, and of each one generated sample, in full."""
    rng = np.random.default_rng(seed)
    own, fresh = rng.standard_normal((2, sets, n, lam.size)) * np.sqrt(lam)
    scale = np.sqrt(rng.choice(tau[0], (2, sets, n, 1), p=tau[1]))
    own, fresh = own * scale[0], fresh * scale[1]
    made = np.einsum("rij,ri->rj", own, rng.standard_normal((sets, n))) / np.sqrt(n)
    made += np.sqrt(rho * lam.max()) * rng.standard_normal(made.shape)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return [
        np.max(np.abs(np.einsum("rij,rj->ri", x, made)) / np.linalg.norm(x, axis=2), axis=1)
        for x in (own, fresh)
    ]


CASES = {
    "all drawn": (Spectrum.from_eigenvalues([4.0, 1.0, 0.0], [2, 20, 3]), 3, 800),
    "long tail": (Spectrum.from_eigenvalues([4.0, 0.5], [12, 388]), 2, 500),
}


@pytest.mark.parametrize("tau", [SAME, UNEQUAL], ids=["same", "unequal"])
@pytest.mark.parametrize("rho", [0.0, 0.3])
@pytest.mark.parametrize("name", CASES)
def test_points_and_samples_drawn_one_by_one_have_these_cosines(few_drawn, name, rho, tau):
    spectrum, n, sets = CASES[name]
    lam = np.repeat(spectrum.eigenvalues, spectrum.multiplicities.astype(int))
    found = gram_monte_carlo(spectrum, n, rho, 5, tau)
    for k, drawn in enumerate(largest_cosines(lam, n, rho, tau, sets, 2)):
        error = np.hypot(drawn.std() / np.sqrt(sets), found[2 + k])
        assert abs(found[k] - drawn.mean()) < 3.5 * error < 0.07


def test_one_point_is_the_sample_itself_unless_there_is_a_ridge(few_drawn):
    for dim in (5, 300):
        found = gram_monte_carlo(Spectrum.power_law(dim, 0.3), 1, 0.0, 0, SAME)
        assert found[0] == pytest.approx(1.0, abs=1e-12)
        assert found[2] < 1e-12
        assert gram_monte_carlo(Spectrum.power_law(dim, 0.3), 1, 0.5, 0, SAME)[0] < 0.99


def test_so_many_sets_as_the_budget_allows(monkeypatch):
    """Of 2n points in `leading` coordinates, or of their Gram matrix if that is larger."""
    drawn = []
    monkeypatch.setattr(
        memorisation_gram, "standard_error", lambda values: drawn.append(values.size) or 0.0
    )
    for dim, n, sets in ((1000, 4, 732), (10, 25, 600), (5, 1, 4096), (256, 64, 64)):
        gram_monte_carlo(Spectrum.isotropic(dim), n, 0.0, 0, SAME)
        assert drawn[-1] == sets, (dim, n)
    gram_monte_carlo(Spectrum.isotropic(10), 25, 0.0, 0, SAME, 0.25)
    assert drawn[-2:] == [150, 150]


def test_errors_are_those_of_the_means_over_sets():
    spectrum = Spectrum.power_law(30, 1.0)
    found = np.array([gram_monte_carlo(spectrum, 20, 0.0, seed, SAME, 0.1) for seed in range(16)])
    scatter = found[:, :2].std(axis=0, ddof=1)
    np.testing.assert_allclose(found[:, 2:].mean(axis=0), scatter, rtol=0.6)


def test_between_whole_numbers_lies_a_line(few_drawn):
    spectrum = Spectrum.power_law(30, 1.0)
    low, middle, high = (gram_average(spectrum, n, 0.1, 3, SAME) for n in (6.0, 6.25, 7.0))
    np.testing.assert_array_equal(low, gram_monte_carlo(spectrum, 6, 0.1, 3, SAME))
    np.testing.assert_array_equal(high, gram_monte_carlo(spectrum, 7, 0.1, 3, SAME))
    np.testing.assert_allclose(middle, 0.75 * low + 0.25 * high, rtol=1e-12)


@pytest.mark.parametrize("tau", [SAME, UNEQUAL], ids=["same", "unequal"])
@pytest.mark.parametrize("rho", [0.0, 0.3])
def test_gram_matrices_give_the_cosines_of_the_vectors(rho, tau):
    """Of the points that are drawn, and sixteen samples x̂ of each set, in full."""
    spectrum, n = Spectrum.from_eigenvalues([4.0, 1.0, 0.0], [2, 5, 2]), 3
    lam, rng = np.repeat([1.0, 0.25, 0.0], [2, 5, 2]), np.random.default_rng([5, n])
    sets = 41  # a hundredth of 4096
    points = rng.standard_normal((sets, 2 * n, 9)) * np.sqrt(lam)
    if tau is UNEQUAL:
        points *= np.sqrt(rng.choice(tau[0], (sets, 2 * n, 1), p=tau[1]))
    made = points[:, :n].transpose(0, 2, 1) @ (rng.standard_normal((sets, n, 16)) / np.sqrt(n))
    if rho > 0.0:
        made += np.sqrt(rho) * rng.standard_normal((sets, 9, 16))
    lengths = np.linalg.norm(points, axis=2)[:, :, None] * np.linalg.norm(made, axis=1)[:, None]
    cosines = np.abs(points @ made) / lengths
    each = [part.max(axis=1).mean(axis=1) for part in (cosines[:, :n], cosines[:, n:])]
    expected = [*(one.mean() for one in each), *(one.std(ddof=1) / np.sqrt(sets) for one in each)]
    found = gram_monte_carlo(spectrum, n, rho, 5, tau, 0.01)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_directions_without_variance_beyond_those_drawn_change_nothing(few_drawn):
    """The tail of the sums is nought there, and rounding may not make it negative."""
    rng = np.random.default_rng(12)
    for _ in range(6):
        values = np.r_[rng.uniform(0.01, 3.0, 30), np.zeros(30)]
        found = gram_monte_carlo(Spectrum.from_eigenvalues(values), 2, 0.0, 0, SAME, 0.1)
        assert np.all(np.isfinite(found))
    found = gram_monte_carlo(Spectrum.from_eigenvalues([1.0, 0.0], [4, 300]), 2, 0.0, 0, SAME)
    assert abs(found[1] - fresh_isotropic(2, 4)) < 4.0 * found[3] < 0.02
