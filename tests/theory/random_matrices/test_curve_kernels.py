"""Kernels on the curve of sample eigenvalues: their equations, plain Python, multiprecision."""

import numpy as np
import pytest
from scipy.integrate import quad

from convergen.theory.random_matrices import curve_kernels as kernels
from convergen.theory.random_matrices.kappa_kernels import base_kappa
from tests.plain_kernels import brings_arrays, uncompiled

SAMPLES = [1.0, 9.5, 10.0, 30.0, 35.0, 40.0, 41.0, 1e5]


@pytest.mark.parametrize("n", SAMPLES)
def test_height_solves_its_equation_or_is_zero(levels, n):
    lam, w, _ = levels
    inside = 0
    for a in np.concatenate([np.linspace(-1.0, 3.0, 41), lam, lam * (1 + 1e-6)]):
        b = kernels.height(lam, w, n, a)
        if b > 0:
            inside += 1
            assert np.sum(w * lam**2 / ((lam - a) ** 2 + b**2)) / n == pytest.approx(1, rel=1e-12)
        else:
            assert np.sum(w * (lam / (lam - a)) ** 2) / n <= 1 + 1e-12
    assert inside > 0


@pytest.mark.parametrize(
    ("lam", "w", "n", "edge"),
    [
        ([0.5185713905447034, 0.2879458958733985, 0.011672695343339111], [1.0, 25.0, 6.0], 7.0,
         -0.274088804393653),
        ([0.3728819846339299, 0.11445224619652142], [15.0, 3.0], 26.0, 0.6568365823413271),
    ],
)  # fmt: skip
def test_height_is_nought_where_rounding_cannot_tell_it_from_an_edge(monkeypatch, lam, w, n, edge):
    uncompiled(monkeypatch, kernels)
    lam, w = np.array(lam), np.array(w)
    for step in range(-5, 6):
        a = edge + step * np.spacing(edge)
        assert 0.0 <= kernels.height(lam, w, n, a) < 1e-6


@pytest.mark.parametrize("level", [1.0, 1e-150, 1e-300])
@pytest.mark.parametrize("n", [21.0, 200.0, 1e12])
def test_height_near_one_of_two_levels_hundreds_of_decades_apart(level, n):
    # The other level is a constant there: 20 if it is above, 0 if it is below.
    lam, w = np.array([1.0, 1e-300 if level == 1.0 else level]), np.array([20.0, 10.0])
    count, taken = (20.0, 0.0) if level == 1.0 else (10.0, 20.0)
    width = np.sqrt(count / (n - taken))
    a = level * (1.0 - 0.5 * width)
    expected = level * width * np.sqrt(0.75)
    assert kernels.height(lam, w, n, a) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("n", SAMPLES)
def test_sample_points_lie_on_the_real_axis_and_increase(levels, n):
    lam, w, rank = levels
    base, _ = base_kappa(lam, w, rank, n)
    values = []
    for a in np.linspace(-base, 2.0, 60)[1:]:
        kappa, x = kernels.sample_point(lam, w, rank, n, base, a)
        assert kappa.real == -a
        z = kappa * (1 - np.sum(w * lam / (lam + kappa)) / n)
        scale = abs(kappa) * (1 + rank / n)
        assert -z.real == pytest.approx(x, abs=1e-12 * scale)
        assert abs(z.imag) < 1e-12 * scale
        values.append(x)
    assert np.all(np.diff(values) > 0)


@pytest.mark.parametrize("ratio", [1e-280, 1e-30, 1e-17, 1e-9, 0.05, 0.2, 1.0, 1.9])
def test_height_keeps_its_digits_where_n_equals_the_rank(ratio):
    # One level: (1 − r)² + b² = 1. Two levels and r → 0: b² = 2a Σ w/λ / Σ w/λ².
    single = kernels.height(np.array([1.0]), np.array([7.0]), 7.0, ratio)
    assert single == pytest.approx(np.sqrt(ratio * (2.0 - ratio)), rel=1e-12)
    if ratio < 1e-8:
        lam, w = np.array([1.0, 0.15]), np.array([4.0, 6.0])
        expected = np.sqrt(2.0 * ratio * np.sum(w / lam) / np.sum(w / lam**2))
        assert kernels.height(lam, w, 10.0, ratio) == pytest.approx(expected, rel=1e-7)


def test_height_keeps_its_digits_where_n_counts_the_eigenvalues_above_a_gap():
    # The level below is nowhere near: the equation is that of the level above, n = rank.
    lam, w = np.array([1.0, 1e-60]), np.array([4.0, 6.0])
    assert kernels.height(lam, w, 4.0, 1e-25) == pytest.approx(np.sqrt(2e-25), rel=1e-12)


@pytest.mark.parametrize("n", [4.0, 9.0, 10.0, 1e6])
@pytest.mark.parametrize("size", [1e-100, 1e-33, 1e-10, 0.1, 0.5, 1.0, 3.0, 1e8])
def test_free_degrees_keep_their_digits_in_gaps(n, size):
    mpmath = pytest.importorskip("mpmath")
    lam, w = np.array([1.0, 0.5, 1e-60]), np.array([4.0, 5.0, 1.0])
    kappa = size * np.exp(1j * np.array([0.0, 0.3, 1.5, 2.5, 3.0]))
    first, second = np.empty_like(kappa), np.empty_like(kappa)
    kernels.free_degrees(lam, w, n, kappa, first, second)
    with mpmath.workdps(150):
        shares = [[mpmath.mpf(x) / (mpmath.mpf(x) + mpmath.mpc(k)) for x in lam] for k in kappa]
        for found, power in ((first, 1), (second, 2)):
            exact = [
                complex(n - mpmath.fsum(m * s**power for m, s in zip(w, row, strict=True)))
                for row in shares
            ]
            np.testing.assert_allclose(found, exact, rtol=1e-12)


@pytest.mark.parametrize("n", [12.0, 60.0, 1e9])
def test_eigenvalues_above_a_gap_are_counted(n):
    # Each gap has as many above it as the population has: 5, then 25; beyond the ends none and n.
    lam, w = np.array([1.0, 1e-9, 1e-20]), np.array([5.0, 20.0, 10.0])
    for a, count in ((30.0, 0.0), (1e-4, 5.0), (1e-14, 25.0)):
        if count < n:
            kappa, found = kernels.ranked_point(lam, w, n, a)
            assert kappa == -a
            assert found == pytest.approx(count, abs=1e-9)


@pytest.mark.parametrize("n", [9.5, 41.0, 1e5])
def test_counting_follows_the_phase_of_the_determinant(levels, n):
    mpmath = pytest.importorskip("mpmath")
    lam, w, rank = levels
    inside = 0
    for a in np.concatenate([np.linspace(0.01, 0.9, 6), lam[-1:] * 0.999]):
        kappa, found = kernels.ranked_point(lam, w, n, a)
        assert kappa.real == -a
        assert kappa.imag == kernels.height(lam, w, n, a)
        if kappa.imag == 0.0:
            continue
        inside += 1
        with mpmath.workdps(60):
            # log det(Σ̂ + z) = Σ w log(λ + κ) + (n − rank) log κ − df₁ + …, docs/derivation.md; each
            # eigenvalue above −z turns it by π less than all n do.
            k = mpmath.mpc(kappa)
            turned = (n - rank) * mpmath.arg(k)
            for x, m in zip(lam, w, strict=True):
                turned += m * (mpmath.arg(x + k) - mpmath.im(x / (x + k)))
            expected = float(n - turned / mpmath.pi)
        assert found == pytest.approx(expected, abs=1e-9)
    assert inside > 0


@pytest.mark.parametrize("n", [1.0, 10.0, 41.0])
def test_compiled_code_equals_python(levels, n):
    lam, w, _ = levels
    for a in (-0.1, 0.005, 0.3, 0.95):
        plain = kernels.height.py_func(lam, w, n, a)
        assert kernels.height(lam, w, n, a) == pytest.approx(plain, rel=1e-12)
        plain = kernels.count_above.py_func(lam, w, n, complex(-a, plain))
        assert kernels.ranked_point(lam, w, n, a)[1] == pytest.approx(plain, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("n", [9.5, 41.0])
def test_sample_eigenvalues_are_found_on_the_curve(monkeypatch, levels, n, plain):
    if plain:
        uncompiled(monkeypatch, kernels)
    lam, w, rank = levels
    x = np.array([0.05, 0.7] if plain else [1e-3, 0.05, 0.7, 4.0])
    kappa = np.empty(x.size, complex)
    base, fine = kernels.sample_points(lam, w, rank, n, x, kappa)
    assert fine
    assert base == base_kappa(lam, w, rank, n)[0]
    shares = np.sum(w * lam / (lam + kappa[:, None]), axis=1)
    scale = np.abs(kappa) * (1.0 + np.abs(shares) / n)
    np.testing.assert_allclose((kappa * (1.0 - shares / n) + x) / scale, 0.0, atol=1e-12)
    assert np.all(kappa.imag >= 0.0)
    assert kappa.imag.max() > 0.0


@pytest.mark.parametrize("n", [9.5, 10.0, 1e5])
def test_the_curve_as_it_is_written(monkeypatch, levels, n):
    uncompiled(monkeypatch, kernels)
    lam, w, rank = levels
    base, _ = base_kappa(lam, w, rank, n)
    for a in (-0.5 * base, 0.004, 0.3, 0.97, 2.5):
        b = kernels.height(lam, w, n, a)
        total = np.sum(w * lam**2 / ((lam - a) ** 2 + b**2)) / n
        assert total == pytest.approx(1.0, rel=1e-12) if b > 0.0 else total <= 1.0 + 1e-12
        kappa, x = kernels.sample_point(lam, w, rank, n, base, a)
        assert kappa == complex(-a, b)
        z = kappa * (1.0 - np.sum(w * lam / (lam + kappa)) / n)
        assert -z.real == pytest.approx(x, abs=1e-12 * abs(kappa) * (1.0 + rank / n))
    kappa = np.array([0.3 + 0.4j, 2.0 - 0.1j, 1e-3j, 1e-200 + 0j])
    first, second = np.empty((2, 4), complex)
    kernels.free_degrees(lam, w, n, kappa, first, second)
    shares = lam / (lam + kappa[:, None])
    np.testing.assert_allclose(first, n - shares @ w, rtol=1e-11, atol=1e-11 * n)
    np.testing.assert_allclose(second, n - shares**2 @ w, rtol=1e-11, atol=1e-11 * n)


def test_counting_as_it_is_written(monkeypatch):
    """Beyond both ends of one level's bulk none of its eigenvalues lie above, or all."""
    uncompiled(monkeypatch, kernels)
    lam, w = np.ones(1), np.full(1, 5.0)
    kappa, found = kernels.ranked_point(lam, w, 20.0, 3.0)
    assert (kappa, found) == (-3.0, pytest.approx(0.0, abs=1e-12))
    kappa, found = kernels.ranked_point(lam, w, 20.0, 1e-3)
    assert (kappa, found) == (-1e-3, pytest.approx(5.0, abs=1e-9))
    middle = [kernels.ranked_point(lam, w, 20.0, a)[1] for a in np.linspace(0.6, 1.4, 9)]
    assert np.all(np.diff(middle) < 0.0)
    assert 0.0 < middle[-1] < middle[0] < 5.0


@pytest.mark.parametrize("a", [0.8, 1.0, 1.3])
def test_sample_eigenvalues_above_a_point_of_a_white_bulk_are_counted(monkeypatch, a):
    """Against the integral of the Marchenko–Pastur density above x = −z(κ)."""
    uncompiled(monkeypatch, kernels)
    lam, w, gamma = np.ones(1), np.full(1, 5.0), 4.0
    kappa, found = kernels.ranked_point(lam, w, 20.0, a)
    x = -(kappa * (1.0 - 5.0 / (1.0 + kappa) / 20.0)).real
    low, high = (1.0 - gamma**-0.5) ** 2, (1.0 + gamma**-0.5) ** 2

    def density(y):
        return gamma * np.sqrt((high - y) * (y - low)) / (2.0 * np.pi * y)

    assert found == pytest.approx(5.0 * quad(density, x, high)[0], rel=1e-6)


def test_kernels_without_arrays_do_not_load_what_manages_them():
    assert not brings_arrays(kernels)
