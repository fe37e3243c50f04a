"""The compiled kernels against their defining equations and against plain Python."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from convergen.theory.random_matrices import kappa_kernels as kernels
from tests.plain_kernels import brings_arrays, uncompiled

SAMPLES = [1.0, 9.5, 10.0, 30.0, 35.0, 40.0, 41.0, 1e5]


@pytest.mark.parametrize("n", SAMPLES)
def test_base_point_counts_the_samples(levels, n):
    lam, w, rank = levels
    base, converged = kernels.base_kappa(lam, w, rank, n)
    assert converged
    if n >= rank:
        assert base == 0.0
    else:
        assert np.sum(w * lam / (lam + base)) == pytest.approx(n, rel=1e-13)


@pytest.mark.parametrize("small", [1e-3, 1e-50, 1e-200])
@pytest.mark.parametrize(("above", "below"), [(1, 1), (5, 8), (8, 5), (1, 10**6), (10**6, 1)])
def test_base_point_inside_a_gap(above, below, small):
    # n = number of eigenvalues above the gap: p/(1+κ) + qε/(ε+κ) = p gives pκ² + ε(p−q)κ = qε.
    p, q = above, below
    lam, w = np.array([1.0, small]), np.array([p, q], dtype=float)
    base, converged = kernels.base_kappa(lam, w, float(p + q), float(p))
    half = 0.5 * small * (p - q) / p
    root = np.hypot(half, np.sqrt(q / p) * np.sqrt(small))
    # The root without cancellation.
    exact = root - half if half < 0 else (q / p) * small / (root + half)
    assert converged
    assert base == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("n", SAMPLES)
@pytest.mark.parametrize("z", [1e-12, 1e-3, 1.0, 1e6])
def test_solution_satisfies_the_equation_without_cancellation(levels, n, z):
    lam, w, rank = levels
    base, _ = kernels.base_kappa(lam, w, rank, n)
    kappa, slope, converged = kernels.solve_kappa(lam, w, rank, n, base, z)
    assert converged
    growth = max(0.0, 1 - rank / n) + kappa / n * np.sum(w * lam / (lam + kappa) / (lam + base))
    # κ − κ₀ cancels in this check, not in the kernel.
    assert (kappa - base) * growth == pytest.approx(z, rel=1e-11, abs=1e-15 * kappa)
    assert 1 / slope == pytest.approx(1 - np.sum(w * (lam / (lam + kappa)) ** 2) / n, abs=1e-11)


@pytest.mark.parametrize("n", [1.0, 10.0, 41.0])
@pytest.mark.parametrize("rho", [0.0, 0.1])
def test_compiled_code_equals_python(levels, n, rho):
    lam, w, rank = levels
    base, fine = kernels.base_kappa(lam, w, rank, n)
    plain = kernels.base_kappa.py_func(lam, w, rank, n)
    assert plain[0] == pytest.approx(base, rel=1e-14)
    assert plain[1] == fine
    if rho > 0:
        solved = kernels.solve_kappa(lam, w, rank, n, base, rho)
        np.testing.assert_allclose(
            solved, kernels.solve_kappa.py_func(lam, w, rank, n, base, rho), rtol=1e-13
        )
        base = solved[0]
    s = np.array([1.0, 0.2, 1e-3])
    compiled, python, room = np.empty((2, 3)), np.empty((2, 3)), np.empty_like(lam)
    kernels.expected_sqrt(lam, w, rank, n, base, rho, s, *compiled, room)
    kernels.expected_sqrt.py_func(lam, w, rank, n, base, rho, s, *python, room)
    np.testing.assert_allclose(compiled[0], python[0], rtol=1e-13)
    if rho == 0:  # the gap is defined without a ridge only
        np.testing.assert_allclose(compiled[1], python[1], rtol=1e-13)


@pytest.mark.parametrize("n", [1e6, 1e8])
def test_the_gap_of_many_samples_is_that_of_small_fluctuations(n):
    """Sample eigenvalues x of 10 directions: E x = 1, Var x = γ, so that 1 − E √x = γ/8 + O(γ²)."""
    lam, w, h, gap = np.ones(1), np.full(1, 10.0), np.empty((1, 1)), np.empty((1, 1))
    converged, room = np.zeros(1, np.bool_), np.empty(1)
    kernels.expected_sqrts(lam, w, 10.0, np.array([n]), 0.0, lam, h, gap, converged, room)
    assert converged.all()
    np.testing.assert_allclose(gap[0, 0], 10.0 / n / 8.0, rtol=10.0 * 10.0 / n)
    np.testing.assert_allclose(h[0, 0], 1.0 - gap[0, 0], rtol=1e-14)


def marchenko_pastur(gamma, function):
    """Mean of a function over the eigenvalues of Σ̂ of white noise, γ = n/d."""
    low, high = (1.0 - gamma**-0.5) ** 2, (1.0 + gamma**-0.5) ** 2

    def term(angle):
        x = 0.5 * (high + low) - 0.5 * (high - low) * np.cos(angle)
        return function(x) * gamma * (0.5 * (high - low) * np.sin(angle)) ** 2 / (2 * np.pi * x)

    spread = quad(term, 0.0, np.pi, epsabs=1e-14, epsrel=1e-12, limit=400)[0]
    return spread + max(0.0, 1.0 - gamma) * function(0.0)


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("rho", [0.0, 0.05, 3.0])
@pytest.mark.parametrize("gamma", [0.3, 1.0, 4.0])
def test_roots_of_white_noise_against_the_integral_over_its_eigenvalues(
    monkeypatch, gamma, rho, plain
):
    if plain:
        uncompiled(monkeypatch, kernels)
    lam, w, converged = np.ones(1), np.full(1, 20.0), np.zeros(1, np.bool_)
    h, gap, room = *np.empty((2, 1, 1)), np.empty(1)
    kernels.expected_sqrts(
        lam, w, 20.0, np.array([20.0 * gamma]), rho, lam, h, gap, converged, room
    )
    exact = marchenko_pastur(gamma, lambda x: np.sqrt(x + rho))
    assert converged.all()
    assert h[0, 0] == pytest.approx(exact, rel=1e-9)
    if rho == 0.0:
        assert gap[0, 0] == pytest.approx(1.0 - exact, rel=1e-8)


@pytest.mark.parametrize("rho", [0.0, 1e-3, 1.0, 1e6])
@pytest.mark.parametrize("t", [1e-9, 0.02, 5.0])
def test_weights_of_a_ridge_are_integrals(t, rho):
    # s = u²: ∫ 2u²/(u² + ρ) du over 0 < u < √t.
    exact = quad(lambda u: 2.0 * u**2 / (u**2 + rho), 0.0, np.sqrt(t), epsrel=1e-13)[0]
    assert kernels._ridge_weight.py_func(t, rho) == pytest.approx(exact, rel=1e-9, abs=0.0)


@pytest.mark.parametrize("plain", [False, True])
def test_pairs_of_samples_and_ridges(monkeypatch, levels, plain):
    """At z = 0 the slope is dκ/dz at κ₀, and for n ≥ rank n/(n − rank)."""
    if plain:
        uncompiled(monkeypatch, kernels)
    lam, w, rank = levels
    n = np.array([9.5, 0.7 * rank, rank + 5.0, 9.5, rank + 5.0])
    z = np.array([0.0, 0.0, 0.0, 0.3, 0.3])
    kappa, slope, converged = np.empty(5), np.empty(5), np.zeros(5, np.bool_)
    kernels.solve_kappas(lam, w, rank, n, z, kappa, slope, converged)
    assert converged.all()
    for i in range(5):
        df1, df2 = (np.sum(w * (lam / (lam + kappa[i])) ** p) for p in (1, 2))
        assert kappa[i] * (1.0 - df1 / n[i]) == pytest.approx(z[i], abs=1e-12)
        assert slope[i] == pytest.approx(1.0 / (1.0 - df2 / n[i]), rel=1e-9)
    assert kappa[2] == 0.0
    assert np.all(kappa[[0, 1]] > 0.0)


@pytest.mark.parametrize("n", [1.0, 9.5, 35.0, 41.0])
@pytest.mark.parametrize("z", [1e-6, 1.0])
def test_the_equations_are_solved_as_they_are_written(monkeypatch, levels, n, z):
    uncompiled(monkeypatch, kernels)
    lam, w, rank = levels
    base, fine = kernels.base_kappa(lam, w, rank, n)
    kappa, _, converged = kernels.solve_kappa(lam, w, rank, n, base, z)
    assert fine
    assert converged
    if n < rank:
        assert np.sum(w * lam / (lam + base)) == pytest.approx(n, rel=1e-12)
    assert kappa * (1.0 - np.sum(w * lam / (lam + kappa)) / n) == pytest.approx(z, rel=1e-6)
    assert kernels.limit_slope(rank, n) == pytest.approx(max(0.0, 1.0 - rank / n))


def test_a_solution_that_is_not_reached_says_so_and_is_as_near_as_it_came(monkeypatch, levels):
    uncompiled(monkeypatch, kernels)
    lam, w, rank = levels
    base, _ = kernels.base_kappa(lam, w, rank, 9.5)
    exact, slope, _ = kernels.solve_kappa(lam, w, rank, 9.5, base, 0.3)
    monkeypatch.setattr(kernels, "ITERATIONS", 1)
    assert not kernels.base_kappa(lam, w, rank, 9.5)[1]
    found = kernels.solve_kappa(lam, w, rank, 9.5, base, 0.3)
    assert found[0] == pytest.approx(exact, rel=0.1)
    assert found[1] == pytest.approx(slope, rel=0.2)
    assert not found[2]


@pytest.mark.parametrize("rho", [0.0, 0.2])
def test_base_points_that_were_not_reached_are_handed_on(monkeypatch, rho):
    uncompiled(monkeypatch, kernels)
    exact = kernels.base_kappa
    monkeypatch.setattr(kernels, "base_kappa", lambda *given: (exact(*given)[0], False))
    lam, w, n = np.ones(1), np.full(1, 20.0), np.array([5.0])
    kappa, slope, converged = np.empty(1), np.empty(1), np.ones(1, np.bool_)
    kernels.solve_kappas(lam, w, 20.0, n, np.array([rho]), kappa, slope, converged)
    assert not converged[0]
    converged, (h, gap), room = np.ones(1, np.bool_), np.empty((2, 1, 1)), np.empty(1)
    kernels.expected_sqrts(lam, w, 20.0, n, rho, lam, h, gap, converged, room)
    assert not converged[0]


@pytest.fixture
def looks(monkeypatch):
    """Logarithms at which plain kernels look, one after the other."""
    uncompiled(monkeypatch, kernels)
    found = []
    monkeypatch.setattr(kernels, "exp", lambda u: found.append(float(u)) or math.exp(u))
    return found


@pytest.mark.parametrize("n", [1.0, 9.5, 29.0])
def test_the_first_look_for_the_base_point_is_between_two_bounds(looks, levels, n):
    """λ_d (rank − n)/n ≤ κ₀ ≤ Tr Σ/n: each eigenvalue counts as the smallest, or as its tangent."""
    lam, w, rank = levels
    bounds = np.array([lam[-1] * (rank - n), lam @ w]) / n
    base, _ = kernels.base_kappa(lam, w, rank, n)
    assert bounds[0] * (1.0 - 1e-12) <= base <= bounds[1] * (1.0 + 1e-12)
    assert looks[0] == pytest.approx(np.log(bounds).mean(), rel=1e-14, abs=1e-13)


@pytest.mark.parametrize("z", [1e-3, 2.0])
def test_the_first_look_for_kappa_takes_every_eigenvalue_for_the_smallest(looks, levels, z):
    lam, w, rank = levels
    base, _ = kernels.base_kappa(lam, w, rank, 9.5)
    looks.clear()
    kernels.solve_kappa(lam, w, rank, 9.5, base, z)
    assert looks[0] == pytest.approx(np.log(z * (1.0 + lam @ w / 9.5 / (z + lam[-1]))), rel=1e-13)
    assert len(looks) <= 6


@pytest.mark.parametrize("n", [7.0, 26.0, 27.0, 1026.0])
def test_where_shares_leave_floats_kappa_is_between_z_and_its_bound(n):
    """Of λ = 1e-280 beside z = 1e100 nothing is left: κ is z + Tr Σ/n to rounding."""
    lam, w = np.array([1.0, 1e-100, 1e-220, 1e-280]), np.array([1.0, 5.0, 20.0, 1000.0])
    base, _ = kernels.base_kappa(lam, w, 1026.0, n)
    kappa, _, converged = kernels.solve_kappa(lam, w, 1026.0, n, base, 1e100)
    assert converged
    assert kappa == pytest.approx(1e100, rel=1e-13)


def test_just_below_the_rank_the_missing_samples_count():
    """κ₀ Σ w/λ = rank − n, here two units in the last place of a rank that sums do not give."""
    lam, w = np.linspace(1.0, 0.5, 30), np.full(30, 0.1)
    assert sum(w.tolist()) != 3.0
    n = 3.0 - 2.0 * np.spacing(3.0)
    base, converged = kernels.base_kappa(lam, w, 3.0, n)
    assert converged
    assert base == pytest.approx((3.0 - n) / np.sum(w / lam), rel=1e-6)


@pytest.mark.parametrize("x", [0.1, 0.099, 0.101, 1.0])
def test_weights_of_a_ridge_are_as_exact_as_floats_on_both_sides_of_the_series(x):
    mpmath = pytest.importorskip("mpmath")
    t, rho = x**2 * 0.3, 0.3
    with mpmath.workdps(30):
        root = mpmath.sqrt(mpmath.mpf(t) / rho)
        exact = 2 * mpmath.sqrt(mpmath.mpf(t)) * (1 - mpmath.atan(root) / root)
    rel = 1e-15 if x <= 0.1 else 1e-13
    assert kernels._ridge_weight.py_func(t, rho) == pytest.approx(float(exact), rel=rel, abs=0.0)


@pytest.mark.parametrize("points", [[3.0, 0.2, 1e-3], [0.2, 0.03]])
def test_nodes_reach_eleven_decades_below_all_scales_and_eight_above(looks, points):
    lam, w, s = np.array([1.0, 0.3]), np.array([5.0, 7.0]), np.array(points)
    base, (h, gap) = 0.7, np.empty((2, s.size))
    kernels.expected_sqrt(lam, w, 12.0, 4.0, base, 0.0, s, h, gap, np.empty(2))
    nodes, last = looks[:-1], looks[-1]
    assert nodes[0] == pytest.approx(np.log(1e-11 * (base + min(points))), rel=1e-14)
    np.testing.assert_allclose(np.diff(nodes), 0.48)
    # What lies beyond the last node is added in closed form from there.
    assert last == nodes[-1]
    end = np.log(1e8 * (max(1.0, *points) + base))
    assert nodes[-2] < end <= nodes[-1]


@pytest.mark.parametrize("rho", [0.0, 0.05, 3.0])
@pytest.mark.parametrize("gamma", [0.3, 1.0, 4.0])
def test_what_lies_beyond_the_last_node_is_known_to_two_orders(monkeypatch, gamma, rho):
    """With nodes to 10³ instead of 10⁸ the rest is 3 % of the whole, its second order 10⁻⁵."""
    uncompiled(monkeypatch, kernels)
    monkeypatch.setattr(kernels, "RIGHT", 1e3)
    lam, w, converged = np.ones(1), np.full(1, 20.0), np.zeros(1, np.bool_)
    (h, gap), room = np.empty((2, 1, 1)), np.empty(1)
    n = np.array([20.0 * gamma])
    kernels.expected_sqrts(lam, w, 20.0, n, rho, lam, h, gap, converged, room)
    exact = marchenko_pastur(gamma, lambda x: np.sqrt(x + rho))
    assert h[0, 0] == pytest.approx(exact, rel=1e-7)
    if rho == 0.0:
        assert gap[0, 0] == pytest.approx(1.0 - exact, abs=3e-9)


def test_kernels_without_arrays_do_not_load_what_manages_them():
    assert not brings_arrays(kernels)


@pytest.mark.parametrize("n", [1.0, 9.5, 30.0])
def test_newton_is_left_for_bisection_only_where_it_must_be(monkeypatch, levels, n):
    """Bisection alone takes some fifty steps to the last digit."""
    uncompiled(monkeypatch, kernels)
    monkeypatch.setattr(kernels, "ITERATIONS", 25)
    lam, w, rank = levels
    base, converged = kernels.base_kappa(lam, w, rank, n)
    assert converged
    assert kernels.solve_kappa(lam, w, rank, n, base, 1e-3)[2]
