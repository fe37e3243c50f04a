"""Sample eigenvalues and eigenvectors against the Marchenko–Pastur law, polynomial roots for κ, and
complex Wishart matrices (whose finite-size bias is of second order)."""

import itertools

import numpy as np
import pytest
from scipy.integrate import quad

from convergen import theory
from convergen.theory import Spectrum
from tests.refusals import assert_refused
from tests.simulation import wishart

MIXED = ([4.0, 1.0, 0.25, 0.0], [10, 20, 30, 15])
LEVELS = {
    "two": ([3.0, 1.0], [4, 6]),
    "far apart": ([100.0, 1.0, 0.01], [10, 20, 5]),
    "with zeros": ([2.0, 0.5, 0.0], [5, 10, 10]),
    "close": ([1.2, 1.0, 0.9], [1, 30, 4]),
}
LOADS = [0.1, 0.7, 1.3, 8.0]


def spectrum(case):
    return Spectrum.from_eigenvalues(*case)


def positive_part(s):
    keep = s.eigenvalues > 0
    return s.eigenvalues[keep], s.multiplicities[keep]


def others(values, skip=None):
    result = np.poly1d([1.0])
    for i, value in enumerate(values):
        if i != skip:
            result *= np.poly1d([1.0, value])
    return result


def naive_kappa(s, n, x):
    """κ at z = −x: the complex root of (κ + x) n Π(λ+κ) = κ Σ m λ Π'(λ+κ)."""
    values, counts = positive_part(s)
    polynomial = n * np.poly1d([1.0, x]) * others(values)
    for i, (value, count) in enumerate(zip(values, counts, strict=True)):
        polynomial -= np.poly1d([count * value, 0.0]) * others(values, i)
    return max(polynomial.roots, key=np.imag)


def naive_density(s, n, x):
    """(1/πd) Im Tr (Σ̂ − x)^{-1} for the positive part, with Tr (Σ̂ + z)^{-1} = κ/z Σ m/(λ+κ)."""
    kappa = naive_kappa(s, n, x)
    return np.sum(s.multiplicities * abs_im(kappa, x, s.eigenvalues)) / (np.pi * s.dim)


def abs_im(kappa, x, lam):
    return np.abs((kappa / x / (lam + kappa)).imag)


def bands(s, n):
    """Intervals of the support, from the real κ at which dz/dκ = 0 (Silverstein & Choi 1995)."""
    values, counts = positive_part(s)
    polynomial = n * others(values) ** 2
    for i, (value, count) in enumerate(zip(values, counts, strict=True)):
        polynomial -= count * value**2 * others(values, i) ** 2
    turning = [r.real for r in polynomial.roots if abs(r.imag) < 1e-7 * abs(r)]
    edges = sorted(-k * (1 - np.sum(counts * values / (values + k)) / n) for k in turning)
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def integrate(f, band, stop=None):
    """∫ f over a band of the support (up to stop), without its square-root edges."""
    low, high = band
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    end = np.pi if stop is None else np.arccos((middle - stop) / half)
    return quad(
        lambda t: f(middle - half * np.cos(t)) * half * np.sin(t), 0, end, epsrel=1e-11, limit=200
    )[0]


def density_of(s, n):
    return lambda x: theory.sample_spectrum(s, n, x).density[0]


def inside(band, count=9):
    angles = np.pi * (np.arange(count) + 0.5) / count
    return 0.5 * (band[0] + band[1]) - 0.5 * (band[1] - band[0]) * np.cos(angles)


def assert_mean(draws, expected, precision):
    draws = np.array(draws)
    stderr = draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
    assert np.all(stderr <= precision)
    assert np.all(np.abs(draws.mean(axis=0) - expected) < 4 * stderr)


# ------------------------------------------------------------------------------ Marchenko–Pastur


@pytest.mark.parametrize("dim", [1, 100, 10**7])
@pytest.mark.parametrize("load", [0.01, 0.5, 0.999, 1.0, 1.001, 5.0, 1e6])
def test_isotropic_density(dim, load):
    n = max(1.0, dim * load)
    ratio = dim / n
    low, high = (1 - np.sqrt(ratio)) ** 2, (1 + np.sqrt(ratio)) ** 2
    x = inside((low, high), 25)
    x = x[x > 1e-3]
    outside = np.array([1.001 * high, 50 * high, 0.999 * low])
    outside = outside[outside > 1e-6]
    found = theory.sample_spectrum(Spectrum.isotropic(dim, 2.0), n, 2 * np.append(x, outside))
    expected = np.sqrt((high - x) * (x - low)) / (2 * np.pi * ratio * x)
    assert found.converged
    np.testing.assert_allclose(2 * found.density[: x.size], expected, rtol=1e-9)
    np.testing.assert_array_equal(found.density[x.size :], 0.0)
    assert found.atom == pytest.approx(max(0.0, 1 - n / dim), abs=1e-15)
    # All eigenvectors of Σ are alike: the overlaps cannot tell them apart.
    np.testing.assert_allclose(found.overlap[: x.size], 1.0, rtol=1e-9)
    assert np.isnan(found.overlap[x.size :]).all()
    if found.atom > 0:
        np.testing.assert_allclose(found.null_overlap, 1.0, rtol=1e-12)
    else:
        assert np.isnan(found.null_overlap).all()


@pytest.mark.parametrize("load", [0.3, 1.0, 2.5])
def test_isotropic_distribution_function(load):
    s, n, ratio = Spectrum.isotropic(40), 40 * load, 1 / load
    low, high = (1 - np.sqrt(ratio)) ** 2, (1 + np.sqrt(ratio)) ** 2

    def law(x):
        return np.sqrt(max(0.0, (high - x) * (x - low))) / (2 * np.pi * ratio * x)

    x = inside((low, high))
    x = x[x > 1e-4]
    found = theory.sample_spectrum(s, n, x)
    expected = [found.atom + integrate(law, (low, high), stop) for stop in x]
    np.testing.assert_allclose(found.below, expected, atol=1e-9)


@pytest.mark.parametrize("samples", [1e6, 1e9, 1e12])
def test_distribution_function_keeps_its_digits_at_large_n(samples):
    ratio = 100 / samples
    half = 2 * np.sqrt(ratio)
    angles = np.linspace(0.3, 2.8, 6)
    found = theory.sample_spectrum(
        Spectrum.isotropic(100), samples, 1 + ratio - half * np.cos(angles)
    )
    for below, end in zip(found.below, angles, strict=True):
        expected = quad(
            lambda t: (half * np.sin(t)) ** 2 / (1 + ratio - half * np.cos(t)), 0, end, epsrel=1e-12
        )[0] / (2 * np.pi * ratio)
        assert below == pytest.approx(expected, abs=1e-9)


# ------------------------------------------------------------------------------ several levels


@pytest.mark.parametrize("name", LEVELS)
@pytest.mark.parametrize("load", LOADS)
def test_density_and_overlap_are_imaginary_parts_of_the_resolvent(name, load):
    s = spectrum(LEVELS[name])
    n = max(1.0, load * s.rank)
    for band in bands(s, n):
        x = inside(band)
        found = theory.sample_spectrum(s, n, x)
        assert found.converged
        np.testing.assert_allclose(
            found.density, [naive_density(s, n, value) for value in x], rtol=1e-8
        )
        for value, density, overlap in zip(x, found.density, found.overlap, strict=True):
            weight = abs_im(naive_kappa(s, n, value), value, s.eigenvalues) / np.pi
            np.testing.assert_allclose(overlap * density, weight, rtol=1e-7, atol=1e-12)
        np.testing.assert_allclose(found.overlap @ s.multiplicities, s.dim, rtol=1e-10)


@pytest.mark.parametrize("name", LEVELS)
@pytest.mark.parametrize("load", LOADS)
def test_density_vanishes_exactly_where_there_is_no_support(name, load):
    s = spectrum(LEVELS[name])
    n = max(1.0, load * s.rank)
    support = bands(s, n)
    gaps = [0.5 * support[0][0], 1.1 * support[-1][1], 100 * support[-1][1]]
    gaps += [np.sqrt(a[1] * b[0]) for a, b in itertools.pairwise(support)]
    found = theory.sample_spectrum(s, n, gaps)
    np.testing.assert_array_equal(found.density, 0.0)
    assert np.isnan(found.overlap).all()
    # In a gap the number of eigenvalues below is a whole number of population eigenvalues.
    counts = s.dim * (1 - found.below)
    ends = np.append([0, min(n, s.rank)], np.cumsum(s.multiplicities))
    assert np.all(np.abs(counts[:, None] - ends).min(axis=1) < 1e-9 * s.dim)
    np.testing.assert_allclose(found.below[:3], [found.atom, 1.0, 1.0], atol=1e-13)


@pytest.mark.parametrize("name", LEVELS)
@pytest.mark.parametrize("load", LOADS)
def test_density_and_atom_have_total_weight_one(name, load):
    s = spectrum(LEVELS[name])
    n = max(1.0, load * s.rank)
    mass = sum(integrate(density_of(s, n), band) for band in bands(s, n))
    atom = theory.sample_spectrum(s, n, 1.0).atom
    assert atom == pytest.approx(1 - min(n, s.rank) / s.dim, abs=1e-15)
    assert mass == pytest.approx(1 - atom, abs=1e-9)


@pytest.mark.parametrize("load", LOADS)
def test_below_is_the_integral_of_the_density(load):
    s = spectrum(LEVELS["with zeros"])
    n = load * s.rank
    total = theory.sample_spectrum(s, n, 1.0).atom
    for band in bands(s, n):
        x = inside(band, 5)
        found = theory.sample_spectrum(s, n, x).below
        expected = [total + integrate(density_of(s, n), band, stop) for stop in x]
        np.testing.assert_allclose(found, expected, atol=1e-9)
        total += integrate(density_of(s, n), band)


@pytest.mark.parametrize("name", ["two", "with zeros", "close"])
@pytest.mark.parametrize("load", [0.7, 1.3])
def test_every_population_direction_is_fully_resolved(name, load):
    # Σ over sample eigenvectors of ⟨v̂, v_j⟩² is 1, the null space included.
    s = spectrum(LEVELS[name])
    n = load * s.rank
    for j in range(s.eigenvalues.size):

        def weight(x, j=j):
            found = theory.sample_spectrum(s, n, x)
            return found.density[0] * found.overlap[0, j]

        total = sum(integrate(weight, band) for band in bands(s, n))
        found = theory.sample_spectrum(s, n, 1.0)
        if found.atom > 0:
            total += found.atom * found.null_overlap[j]
        assert total == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize("name", LEVELS)
@pytest.mark.parametrize("load", [0.1, 0.7, 1.3])
def test_null_overlap_averages_to_one(name, load):
    s = spectrum(LEVELS[name])
    found = theory.sample_spectrum(s, max(1.0, load * s.rank), 1.0)
    if found.atom > 0:
        assert found.null_overlap @ s.multiplicities == pytest.approx(s.dim, rel=1e-12)
        if load > 1:  # only the null space of Σ itself is left
            np.testing.assert_array_equal(found.null_overlap[:-1], 0.0)
        else:  # small variances are missed more
            assert np.all(np.diff(found.null_overlap) > 0)
    else:
        assert np.isnan(found.null_overlap).all()


def test_mean_and_variance_of_the_sample_eigenvalues():
    # Tr E Σ̂ = Tr Σ and Tr E Σ̂² = Tr Σ² + (Tr Σ)²/n.
    s, n = spectrum(LEVELS["close"]), 20.0
    f = density_of(s, n)
    first, second = (
        s.dim * sum(integrate(lambda x, k=k: x**k * f(x), band) for band in bands(s, n))
        for k in (1, 2)
    )
    assert first == pytest.approx(s.trace, rel=1e-9)
    square = np.sum(s.multiplicities * s.eigenvalues**2)
    assert second == pytest.approx(square + s.trace**2 / n, rel=1e-9)


def test_a_power_law_agrees_with_the_trace_of_the_square_root():
    # Many distinct eigenvalues: Tr H from the κ-integral against the density.
    s, n = Spectrum.power_law(40, 0.5), 15.0
    low, high = bands_of_one_piece(s, n)
    f = density_of(s, n)
    trace = s.dim * integrate(lambda x: np.sqrt(x) * f(x), (low, high))
    assert trace == pytest.approx(np.sum(theory.expected_sqrt(s, n).values), rel=1e-8)


def bands_of_one_piece(s, n):
    """Edges by bisection on the density, for a support that is one interval."""
    grid = np.geomspace(1e-3 * s.eigenvalues[-1], 100 * s.largest, 4000)
    positive = np.flatnonzero(theory.sample_spectrum(s, n, grid).density > 0)
    assert np.all(np.diff(positive) == 1)
    edges = []
    for out, within in [(positive[0] - 1, positive[0]), (positive[-1] + 1, positive[-1])]:
        a, b = grid[out], grid[within]
        for _ in range(60):
            middle = 0.5 * (a + b)
            if theory.sample_spectrum(s, n, middle).density[0] > 0:
                b = middle
            else:
                a = middle
        edges.append(b)
    return edges


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_scale_invariance(scale):
    plain, s = spectrum(MIXED), Spectrum.from_eigenvalues(scale * np.array(MIXED[0]), MIXED[1])
    x = np.array([0.1, 1.0, 5.0])
    for n in (25.0, 60.0, 150.0):
        a, b = theory.sample_spectrum(plain, n, x), theory.sample_spectrum(s, n, scale * x)
        np.testing.assert_allclose(a.density, scale * b.density, rtol=1e-11)
        np.testing.assert_allclose(a.overlap, b.overlap, rtol=1e-11)
        np.testing.assert_allclose(a.below, b.below, rtol=0, atol=1e-13)


@pytest.mark.parametrize("ratio", [1e-50, 1e-150, 1e-290])
def test_levels_hundreds_of_decades_apart_are_solved_on_their_own(ratio):
    # The upper level takes 20 of the n directions from the lower one, whose law is otherwise that
    # of an isotropic spectrum.
    n, rest, x = 80.0, 60.0, np.array([0.3, 1.0, 2.0])
    both = theory.sample_spectrum(spectrum(([1.0, ratio], [20, 30])), n, x * ratio * rest / n)
    alone = theory.sample_spectrum(Spectrum.isotropic(30), rest, x)
    np.testing.assert_allclose(50 * both.density * ratio * rest / n, 30 * alone.density, rtol=1e-13)
    np.testing.assert_allclose(both.below, 0.6 * alone.below, rtol=1e-13)
    np.testing.assert_allclose(both.overlap[:, 1], 50 / 30, rtol=1e-13)


def test_ten_million_dimensions():
    s = Spectrum.from_eigenvalues([3.0, 1.0], [4 * 10**6, 6 * 10**6])
    small = Spectrum.from_eigenvalues([3.0, 1.0], [4, 6])
    x = np.array([0.1, 1.0, 3.0])
    big, exact = theory.sample_spectrum(s, 1.5e7, x), theory.sample_spectrum(small, 15.0, x)
    np.testing.assert_allclose(big.density, exact.density, rtol=1e-10)
    np.testing.assert_allclose(big.below, exact.below, atol=1e-12)


# ------------------------------------------------------------------------------ subspaces


@pytest.mark.parametrize("samples", [25, 150])
def test_subspace_overlap_matches_monte_carlo(samples):
    s, filled = spectrum(MIXED), min(samples, 60)
    edges = np.append(0, np.cumsum(s.multiplicities)).astype(int)
    draws = []
    for w in wishart(s, samples, 40, seed=1):
        overlap = np.abs(np.linalg.eigh(w)[1][:, ::-1]) ** 2
        # No vector of the null space is preferred: each rank there gets its share of the whole.
        overlap[:, filled:] = overlap[:, filled:].mean(axis=1, keepdims=True)
        draws.append([overlap[a:b, a:b].sum() / (b - a) for a, b in itertools.pairwise(edges)])
    draws = np.array(draws)
    expected = np.array([theory.subspace_overlap(s, samples, group) for group in range(4)])
    # The zeros of Σ lie in every null space, without fluctuations.
    np.testing.assert_allclose(draws[:, 3], 15 / (75 - filled), rtol=1e-9)
    assert expected[3] == pytest.approx(15 / (75 - filled), rel=1e-12)
    assert_mean(draws[:, :3], expected[:3], 0.01)


@pytest.mark.parametrize("samples", [12.0, 25.0, 59.5, 150.0])
def test_subspace_overlap_is_the_integral_of_the_overlap(samples):
    s = spectrum(MIXED)
    support = bands(s, samples)

    def window(upper, lower, group):
        """(d/m) times the overlap density between two ranks, by brute force in the distribution."""
        total = 0.0
        for band in support:
            angles = np.pi * (np.arange(4000) + 0.5) / 4000
            middle, half = 0.5 * sum(band), 0.5 * (band[1] - band[0])
            x = middle - half * np.cos(angles)
            found = theory.sample_spectrum(s, samples, x)
            rank = s.dim * (1 - found.below)
            chosen = (rank > upper) & (rank < lower)
            weight = found.density * found.overlap[:, group] * half * np.sin(angles) * np.pi / 4000
            total += weight[chosen].sum()
        return total

    upper = 0.0
    for group, size in enumerate(s.multiplicities[:3]):
        lower = upper + size
        expected = s.multiplicities[group] * window(upper, lower, group) / size
        if lower > min(samples, 60.0):
            null = theory.sample_spectrum(s, samples, 1.0).null_overlap[group]
            expected += (
                (lower - max(samples, upper)) / s.dim * null * s.multiplicities[group] / size
            )
        assert theory.subspace_overlap(s, samples, group) == pytest.approx(expected, abs=3e-3)
        upper = lower


@pytest.mark.parametrize("dim", [1, 4, 100, 10**7])
@pytest.mark.parametrize("samples", [1.0, 50.0, 100.0, 101.0, 1e6, 1e9, 1e12])
def test_the_whole_space_is_always_recovered(dim, samples):
    assert theory.subspace_overlap(Spectrum.isotropic(dim), samples, 0) == pytest.approx(
        1.0, abs=1e-9
    )


@pytest.mark.parametrize("samples", [1e3, 1e6, 1e9, 1e12])
def test_subspace_overlap_at_large_n(samples):
    # Second-order perturbation theory: 1 − Q_k = (1/n) Σ_j m_j λ_k λ_j/(λ_k − λ_j)².
    s = spectrum(([4.0, 1.0, 0.25], [2, 3, 5]))
    x, m = s.eigenvalues, s.multiplicities
    for k in range(3):
        j = np.arange(3) != k
        lost = np.sum(m[j] * x[k] * x[j] / (x[k] - x[j]) ** 2) / samples
        found = 1 - theory.subspace_overlap(s, samples, k)
        assert found == pytest.approx(lost, rel=40 / samples, abs=1e-13)


@pytest.mark.parametrize("load", [0.02, 0.2, 3.0, 100.0])
@pytest.mark.parametrize("strength", [2.0, 10.0])
def test_a_double_spike_follows_the_transition_of_a_single_one(strength, load):
    # Two equal spikes 1 + θ in ten million dimensions (Paul 2007).
    d = 10**7
    s = Spectrum.from_eigenvalues([1 + strength, 1.0], [2, d - 2])
    signal = load * strength**2
    expected = (1 - 1 / signal) / (1 + 1 / (load * strength)) if signal > 1 else 0.0
    found = theory.subspace_overlap(s, load * d, 0)
    assert found == pytest.approx(expected, abs=1e-3 if 0.3 < signal < 3 else 1e-5)
    np.testing.assert_allclose(theory.latent_recovery(s, load * d, 2), found, rtol=1e-9)


def test_subspaces_of_the_null_space_are_recovered_with_enough_samples():
    s = spectrum(MIXED)
    assert theory.subspace_overlap(s, 60.0, 3) == pytest.approx(1.0, abs=1e-12)
    assert theory.subspace_overlap(s, 1e6, 3) == pytest.approx(1.0, abs=1e-12)


# ------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize("samples", [0, [5.0]], ids=repr)
def test_bad_samples_are_refused(samples):
    s = spectrum(MIXED)
    assert_refused(lambda: theory.sample_spectrum(s, samples, [1.0]), "samples")
    assert_refused(lambda: theory.subspace_overlap(s, samples, 0), "samples")


@pytest.mark.parametrize(
    "points", [0.0, [1.0, -1.0], np.nan, [np.inf], "x", [[1.0]], None], ids=repr
)
def test_bad_points_are_refused(points):
    assert_refused(lambda: theory.sample_spectrum(spectrum(MIXED), 5.0, points), "points")


@pytest.mark.parametrize("group", [-1, 4], ids=repr)
def test_bad_group_is_refused(group):
    assert_refused(lambda: theory.subspace_overlap(spectrum(MIXED), 5.0, group), "group")


def test_one_point_and_none_are_lists_too():
    s = spectrum(MIXED)
    assert theory.sample_spectrum(s, 5.0, 1.0).density.shape == (1,)
    empty = theory.sample_spectrum(s, 5.0, [])
    assert empty.density.shape == (0,)
    assert empty.overlap.shape == (0, 4)
