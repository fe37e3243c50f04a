"""The reference against exact results, then the library against the reference."""

from __future__ import annotations

import sys
from pathlib import Path

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf

from convergen import theory

# The reference is shared with benchmarks/accuracy.py and belongs to no installed package. The
# folder tests itself must stay off the path: its subfolder would be mistaken for theory.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests import reference
from tests.monte_carlo import Stored
from tests.reference import (
    Case,
    random_cases,
    reference_gaps,
    reference_order_parameters,
    reference_sqrt,
)

stored = Stored(__file__)
LIBRARY_TOLERANCE = 1e-10
# The last of every fifty cases is one with many distinct eigenvalues.
LIBRARY_CASES = dict(list(enumerate(random_cases(50, seed=2605)))[10:])
EXTREMES = [
    Case("one direction", (2.0,), (1,), 1.0),
    Case("one direction", (2.0,), (1,), 1e9),
    Case("isotropic", (1.0,), (10_000,), 1.0),
    Case("isotropic", (1.0,), (10_000,), 9_999.0),
    Case("isotropic", (1.0,), (10_000,), 10_000.0),
    Case("isotropic", (1.0,), (10_000,), 10_001.0),
    Case("24 decades", (1e12, 1.0, 1e-12), (3, 40, 57), 1.0),
    Case("24 decades", (1e12, 1.0, 1e-12), (3, 40, 57), 3.0),
    Case("24 decades", (1e12, 1.0, 1e-12), (3, 40, 57), 43.0),
    Case("24 decades", (1e12, 1.0, 1e-12), (3, 40, 57), 99.0),
    Case("24 decades", (1e12, 1.0, 1e-12), (3, 40, 57), 100.0),
    Case("24 decades", (1e12, 1.0, 1e-12), (3, 40, 57), 101.0),
    Case("24 decades", (1e12, 1.0, 1e-12), (3, 40, 57), 1e9),
]


@pytest.fixture(autouse=True)
def _precision():
    with mp.workdps(50):
        yield


def isotropic(load):
    """q(γ) in closed form (arXiv:2605.21402)."""
    half = mpf(1) / 2
    if load >= 1:
        return mpmath.hyp2f1(-half, half, 2, 1 / load) ** 2
    return load * mpmath.hyp2f1(-half, half, 2, load) ** 2


def relative(found, exact):
    return abs(mpf(found) / exact - 1)


# -------------------------------------------------------------------------- exact results


@pytest.mark.parametrize("samples", [1, 2, 5.5, 9, 9.999, 10, 10.001, 11, 20, 100, 1e6, 1e9])
def test_isotropic_closed_form(samples):
    dim = 10
    exact = isotropic(mpf(samples) / dim)
    q, q_true = reference_order_parameters([1.0], [dim], samples)
    assert relative(q, exact) < 1e-28
    assert relative(q_true, mp.sqrt(exact)) < 1e-28


def test_isotropic_at_load_one():
    q, _ = reference_order_parameters([3.0], [7], 7)
    assert relative(q, (8 / (3 * mp.pi)) ** 2) < 1e-28


def test_gaps_keep_their_digits():
    x = 1 / mpf(10**9)
    gap, gap_true = reference_gaps([1.0], [1], 1e9)
    assert relative(gap, x / 4 + x**2 / 64) < x**2
    assert relative(gap, 1 - isotropic(1 / x)) < 1e-28
    assert relative(gap_true, 1 - mp.sqrt(isotropic(1 / x))) < 1e-28


def test_zero_eigenvalues_and_order_do_not_matter():
    plain = reference_sqrt([4.0, 1.0, 0.5], [2, 3, 4], 5.0)
    mixed = reference_sqrt([0.5, 0.0, 4.0, 1.0], [4, 6, 2, 3], 5.0)
    assert mixed[1] == 0
    for found, exact in zip([mixed[2], mixed[3], mixed[0]], plain, strict=True):
        assert relative(found, exact) < 1e-30


def test_split_multiplicities_do_not_matter():
    whole = reference_sqrt([4.0, 1.0], [2, 3], 4.0)
    split = reference_sqrt([4.0, 4.0, 1.0, 1.0], [1, 1, 1, 2], 4.0)
    assert relative(split[0], whole[0]) < 1e-30
    assert relative(split[3], whole[1]) < 1e-30


@pytest.mark.parametrize("case", EXTREMES, ids=str)
def test_more_digits_change_nothing(case):
    spectrum = case.eigenvalues, case.multiplicities, case.samples
    for coarse, fine in zip(
        reference_sqrt(*spectrum, digits=20), reference_sqrt(*spectrum, digits=36), strict=True
    ):
        assert relative(coarse, fine) < 1e-19


def test_numbers_of_mpmath_alone_give_the_same(monkeypatch):
    fast = reference_sqrt([5.0, 1.0, 0.1], [2, 3, 2], 4.5, digits=15)
    monkeypatch.setattr(reference, "gmpy2", None)
    for found, exact in zip(
        reference_sqrt([5.0, 1.0, 0.1], [2, 3, 2], 4.5, digits=15), fast, strict=True
    ):
        assert relative(found, exact) < 1e-18


# ------------------------------------------------------------------ two other formulas


def renormalised(values, counts, samples):
    """Functions z(κ) and dz/dκ, and κ₀ by bisection."""

    def noise(kappa):
        return kappa * (
            1 - sum(m * s / (s + kappa) for s, m in zip(values, counts, strict=True)) / samples
        )

    def slope(kappa):
        sums = sum(m * (s / (s + kappa)) ** 2 for s, m in zip(values, counts, strict=True))
        return 1 - sums / samples

    low, high = mpf(0), sum(counts) * max(values) / samples
    if samples >= sum(counts):
        return noise, slope, mpf(0)
    for _ in range(4 * mp.prec):
        middle = (low + high) / 2
        low, high = (middle, high) if noise(middle) < 0 else (low, middle)
    return noise, slope, high


@pytest.mark.parametrize(
    "samples",
    [2.5, pytest.param(6, marks=pytest.mark.slow), 9, pytest.param(40, marks=pytest.mark.slow)],
)
def test_against_the_integral_over_kappa(samples):
    values, counts = [mpf(9), mpf(2), mpf("0.125")], [2, 3, 4]
    noise, slope, edge = renormalised(values, counts, mpf(samples))
    roots = reference_sqrt([float(s) for s in values], counts, samples)
    for s, root in zip(values, roots, strict=True):

        def integrand(u, s=s):
            # κ = κ₀ + u² takes away the singularity z^{−1/2} at the lower end.
            kappa = edge + u**2
            return 2 * u * s / (s + kappa) * slope(kappa) / mp.sqrt(noise(kappa))

        # z cancels towards κ₀: the missing piece does not matter; the precision makes up for it.
        nodes = [mpf("1e-24"), 0.1, 1, 10, 100, mp.inf]
        with mp.workdps(72):
            exact = mp.quad(integrand, nodes) / mp.pi
        assert relative(root, exact) < 1e-20


@pytest.mark.parametrize("samples", [3, 15, 80])
def test_trace_against_the_spectral_density(samples):
    # Σ m h(λ) = Tr E Σ̂^{1/2} is the integral of sqrt(x) over the density of Σ̂, which follows from
    # the complex root κ at t = −x: (1/π) Im Tr(Σ̂−x)^{−1}, with Tr(Σ̂+t)^{−1} = (κ/t) Σ m/(λ+κ).
    (a, b), (ma, mb) = (3.0, 1.0), (4, 6)

    def density(x):
        # (κ−t)(a+κ)(b+κ) n = κ (m_a a (b+κ) + m_b b (a+κ)) as a cubic in κ.
        cubic = np.poly1d([1.0, x]) * np.poly1d([1.0, a]) * np.poly1d([1.0, b]) * samples
        cubic -= np.poly1d([ma * a + mb * b, (ma + mb) * a * b, 0.0])
        kappa = max(cubic.roots, key=np.imag)
        return abs((kappa / x * (ma / (a + kappa) + mb / (b + kappa))).imag) / np.pi

    # The edges are where dx/dκ = 0 (Silverstein & Choi 1995).
    first, second = np.poly1d([1.0, a]) ** 2, np.poly1d([1.0, b]) ** 2
    turning = (samples * first * second - ma * a**2 * second - mb * b**2 * first).roots
    noise, _, _ = renormalised([a, b], [ma, mb], samples)
    edges = sorted(-noise(root.real) for root in turning if abs(root.imag) < 1e-9)
    assert len(edges) in (2, 4)
    mass = half = 0.0
    for left, right in zip(edges[::2], edges[1::2], strict=True):
        # The cosine takes away the square-root edges, so that the midpoint rule converges fast.
        angles = np.pi * (np.arange(200) + 0.5) / 200
        x = 0.5 * (left + right - (right - left) * np.cos(angles))
        weights = np.pi / 200 * 0.5 * (right - left) * np.sin(angles)
        terms = weights * np.array([density(value) for value in x])
        mass += terms.sum()
        half += terms @ np.sqrt(x)
    assert mass == pytest.approx(min(ma + mb, samples), rel=1e-9)
    roots = reference_sqrt([a, b], [ma, mb], samples)
    assert half == pytest.approx(float(ma * roots[0] + mb * roots[1]), rel=1e-9)


# ------------------------------------------------------------------ the random spectra


def test_random_cases_are_reproducible_and_span_the_stated_range():
    cases = list(random_cases(300, seed=7))
    assert cases[:20] == list(random_cases(20, seed=7))
    assert cases[0] != next(random_cases(1, seed=8))
    assert {case.kind for case in cases} == set(reference.KINDS)
    for case in cases:
        values = np.array(case.eigenvalues)
        assert np.all(np.diff(values) < 0)
        assert 0 < values[0] / values[-1] <= 1.0001e24
        assert len(case.multiplicities) == values.size
        assert min(case.multiplicities) >= 1
        assert 1 <= case.dim <= reference.LARGEST_DIM
        assert 1 <= case.samples <= reference.LARGEST_SAMPLES
    assert max(len(case.eigenvalues) for case in cases) > 1000
    assert sum(case.samples == case.dim for case in cases) > 10
    assert sum(case.samples == case.dim - 1 for case in cases) > 10
    assert sum(case.samples == case.dim + 1 for case in cases) > 10
    assert sum(case.samples % 1 > 0 for case in cases) > 50


# --------------------------------------------------------------------------- the library


@stored
def random_order_parameters(index):
    """Both order parameters of a random case, from the reference."""
    case = LIBRARY_CASES[index]
    return reference_order_parameters(case.eigenvalues, case.multiplicities, case.samples)


@stored
def extreme_order_parameters(index):
    """Both order parameters of an extreme case, from the reference."""
    case = EXTREMES[index]
    return reference_order_parameters(case.eigenvalues, case.multiplicities, case.samples)


def assert_library_agrees(case, exact):
    spectrum = theory.Spectrum.from_eigenvalues(case.eigenvalues, case.multiplicities)
    q = float(theory.convergence(spectrum, case.samples))
    q_true = float(theory.convergence_to_truth(spectrum, case.samples))
    np.testing.assert_allclose([q, q_true], exact, rtol=LIBRARY_TOLERANCE)


@pytest.mark.parametrize("index", LIBRARY_CASES)
def test_library_matches_reference(index):
    assert_library_agrees(LIBRARY_CASES[index], random_order_parameters(index))


@pytest.mark.parametrize("index", range(len(EXTREMES)))
def test_library_matches_reference_at_extremes(index):
    assert_library_agrees(EXTREMES[index], extreme_order_parameters(index))


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_the_reference_gives_what_is_stored(call):
    stored.derive_again(call)
