"""The compiled kernels against their defining equations and against plain Python."""

import numpy as np
import pytest

from convergen.theory.random_matrices import kappa_kernels as kernels

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
    compiled, python = np.empty((2, 3)), np.empty((2, 3))
    kernels.expected_sqrt(lam, w, rank, n, base, rho, s, *compiled)
    kernels.expected_sqrt.py_func(lam, w, rank, n, base, rho, s, *python)
    np.testing.assert_allclose(compiled[0], python[0], rtol=1e-13)
    if rho == 0:  # the gap is defined without a ridge only
        np.testing.assert_allclose(compiled[1], python[1], rtol=1e-13)


@pytest.mark.parametrize("n", [1e6, 1e8])
def test_the_gap_of_many_samples_is_that_of_small_fluctuations(n):
    """Sample eigenvalues x of 10 directions: E x = 1, Var x = γ, so that 1 − E √x = γ/8 + O(γ²)."""
    lam, w, h, gap = np.ones(1), np.full(1, 10.0), np.empty((1, 1)), np.empty((1, 1))
    converged = np.zeros(1, np.bool_)
    kernels.expected_sqrts(lam, w, 10.0, np.array([n]), 0.0, lam, h, gap, converged)
    assert converged.all()
    np.testing.assert_allclose(gap[0, 0], 10.0 / n / 8.0, rtol=10.0 * 10.0 / n)
    np.testing.assert_allclose(h[0, 0], 1.0 - gap[0, 0], rtol=1e-14)
