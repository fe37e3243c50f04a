import numpy as np
import pytest

from convergen.theory import Spectrum
from convergen.theory.spectra import compression as module
from convergen.theory.spectra.compression import (
    NODES,
    REACH,
    STRIP,
    WIDTH,
    compress,
    merge_neighbours,
)
from tests.plain_kernels import uncompiled

EPS = np.finfo(np.float64).eps


def geometric(decades, count, seed=0):
    """Random descending spectrum from 1 down over so many decades, both ends included."""
    logs = np.random.default_rng(seed).uniform(-decades, 0.0, count)
    return np.unique(10.0 ** np.append(logs, [0.0, -decades]))[::-1].copy()


SPECTRA = {
    "flat power law": np.arange(1.0, 20001.0) ** -0.1,
    "power law": np.arange(1.0, 20001.0) ** -1.0,
    "steep power law": np.arange(1.0, 20001.0) ** -4.0,
    "one decade": geometric(1, 3000),
    "300 decades": geometric(300, 30000),
    "sparse": geometric(300, 200),
    "narrow": 1.0 + 1e-9 * np.arange(1000.0, 0.0, -1.0),
    "huge values": 1e250 * geometric(10, 3000),
    "just too many": geometric(2, 2 * NODES),
    "dense": geometric(3, 200_000),
    "dense beyond the range of reciprocals": geometric(3, 20_000) * 1e-300,
    "two dense clusters": np.concatenate([geometric(1e-4, 5000), 1e-6 * geometric(1e-12, 50)]),
}


@pytest.fixture(params=SPECTRA)
def values(request):
    return SPECTRA[request.param]


def smooth_functions(kappa):
    """f(λ, κ) of the kinds that the package sums, and max |f| on the strip |Im log λ| ≤ STRIP."""
    # On the edge λ = r e^{3i} the distance |λ + κ| is at least (λ + κ) sin(3)/2 and more.
    edge = 1.0 / np.sin(STRIP)
    return {
        "share": (lambda x: x / (x + kappa), edge),
        "share squared": (lambda x: (x / (x + kappa)) ** 2, edge**2),
        "rest": (lambda x: kappa / (x + kappa), edge),
        "mixed": (lambda x: (x / (x + kappa)) * (kappa / (x + kappa)), edge**2),
    }


@pytest.mark.parametrize("level", [-0.2, 0.3, 0.7, 1.0, 1.2])
def test_smooth_sums_are_reproduced_within_the_stated_bound(values, level):
    rng = np.random.default_rng(1)
    counts = rng.integers(1, 1000, values.size).astype(float)
    small = compress(values, counts)
    exponent = (1 - level) * np.log(values[0]) + level * np.log(values[-1])
    kappa = np.exp(np.clip(exponent, -690.0, 690.0))
    for f, peak in smooth_functions(kappa).values():
        exact, found = np.sum(counts * f(values)), small.weights @ f(small.nodes)
        rounding = 64 * EPS * np.sum(counts * np.abs(f(values)))
        assert abs(found - exact) <= small.error_bound * counts.sum() * peak + rounding


def test_positive_sums_keep_relative_precision(values):
    small = compress(values, np.ones(values.size))
    for f in (np.sqrt, lambda x: x, np.cbrt):
        scaled, nodes = values / values[0], small.nodes / values[0]
        assert small.weights @ f(nodes) == pytest.approx(np.sum(f(scaled)), rel=1e-13)
    kappa = values[0]
    assert small.weights @ np.log1p(small.nodes / kappa) == pytest.approx(
        np.sum(np.log1p(values / kappa)), rel=1e-13
    )


def test_result_is_a_positive_measure_on_the_same_interval(values):
    counts = np.random.default_rng(2).integers(1, 5, values.size).astype(float)
    small = compress(values, counts)
    assert np.all(small.weights > 0)
    assert small.weights.sum() == pytest.approx(counts.sum(), rel=1e-13)
    assert np.all(np.diff(small.nodes) <= 0)
    assert small.nodes[0] <= values[0] * (1 + 1e-12)
    assert small.nodes[-1] >= values[-1] * (1 - 1e-12)
    bins = np.ceil(np.log(values[0] / values[-1]) / WIDTH) + 1
    assert small.nodes.size <= 2 * NODES * bins
    assert small.nodes.size <= values.size


def test_one_bin_integrates_polynomials_of_the_logarithm_exactly():
    values = geometric(1, 500)
    small = compress(values, np.ones(values.size))
    assert small.nodes.size == NODES
    x = 2.0 * np.log(values) / np.log(10.0) + 1.0  # from −1 to 1
    nodes = 2.0 * np.log(small.nodes) / np.log(10.0) + 1.0
    for degree in range(2 * NODES):
        exact = np.sum(np.polynomial.chebyshev.chebval(x, np.eye(2 * NODES)[degree]))
        found = small.weights @ np.polynomial.chebyshev.chebval(nodes, np.eye(2 * NODES)[degree])
        assert found == pytest.approx(exact, abs=1e-11)


def test_few_eigenvalues_are_kept_as_they_are():
    values, counts = geometric(5, 2 * NODES - 2), np.arange(1.0, 2 * NODES + 1)
    small = compress(values, counts)
    np.testing.assert_array_equal(small.nodes, values)
    np.testing.assert_array_equal(small.weights, counts)
    assert small.error_bound == 0.0


@pytest.mark.parametrize("count", [1, 17, 2 * NODES])
def test_few_eigenvalues_are_kept_however_close_they_are(count):
    values = 2.0 - 1e-4 * np.arange(count) / count
    kept = compress(values, np.ones(count))
    np.testing.assert_array_equal(kept.nodes, values)
    assert kept.error_bound == 0.0
    assert compress(2.0 - 1e-4 * np.arange(37) / 37, np.ones(37)).nodes.size < 37


def test_compressed_bins_have_a_bound_at_the_level_of_rounding():
    small = compress(SPECTRA["power law"], np.ones(20000))
    assert 0.0 < small.error_bound < 10 * EPS


def test_isolated_eigenvalues_beside_a_dense_bulk_are_kept():
    spikes = np.array([1e30, 1e20, 1e10])
    values = np.concatenate([spikes, geometric(1, 1000)])
    small = compress(values, np.ones(values.size))
    np.testing.assert_array_equal(small.nodes[:3], spikes)
    np.testing.assert_array_equal(small.weights[:3], 1.0)


def test_multiplicities_stand_for_repeated_eigenvalues():
    values = geometric(2, 300)
    counts = np.random.default_rng(3).integers(1, 4, values.size)
    small = compress(values, counts.astype(float))
    kappa = 0.03
    repeated = np.repeat(values, counts)
    assert small.weights @ (small.nodes / (small.nodes + kappa)) == pytest.approx(
        np.sum(repeated / (repeated + kappa)), rel=1e-14
    )


# ------------------------------------------------------------------------ merging of neighbours


def neighbours(count, seed=0):
    """Descending eigenvalues 1 … 1 − REACH, both ends included, with random multiplicities."""
    rng = np.random.default_rng(seed)
    inner = 1.0 - REACH * rng.uniform(0.0, 1.0, count - 2)
    values = np.concatenate([[1.0], np.sort(inner)[::-1], [1.0 - REACH]])
    return values, rng.integers(1, 100, count).astype(float)


@pytest.mark.parametrize("count", [2 * NODES + 1, 500, 100_000])
def test_neighbours_become_three_nodes_exact_to_degree_five(count):
    values, counts = neighbours(count)
    small = compress(values, counts)
    assert small.nodes.size == 3
    # Gauss rule of the same measure by Lanczos with whole vectors (Golub & Welsch).
    x = (values - values.mean()) / REACH
    basis = np.linalg.qr(np.vander(x, 3, increasing=True) * np.sqrt(counts)[:, None])[0]
    expected = np.linalg.eigvalsh(basis.T @ (x[:, None] * basis))[::-1]
    found = (small.nodes - values.mean()) / REACH
    np.testing.assert_allclose(found, expected, atol=1e-12)
    for degree in range(6):
        assert small.weights @ found**degree == pytest.approx(counts @ x**degree, abs=1e-12 * count)
    assert small.weights.sum() == pytest.approx(counts.sum(), rel=1e-15)


def test_merging_is_bounded_below_rounding():
    values, counts = neighbours(1000)
    small = compress(values, counts)
    assert 0.0 < small.error_bound < EPS
    # f of largest size 1 on the ellipse, singular just outside of it: a case near the bound's.
    pole = 0.05
    exact = np.sum(counts * (1.0 - pole) / (values - pole) * 0.05)
    found = small.weights @ ((1.0 - pole) / (small.nodes - pole) * 0.05)
    assert found == pytest.approx(exact, rel=4 * EPS)


def test_a_neighbourhood_of_two_values_is_kept_exactly():
    lower = 1.0 - 0.5 * REACH
    values = np.concatenate([np.ones(30), np.full(50, lower)])
    small = compress(values, np.ones(80))
    np.testing.assert_allclose(small.nodes, [1.0, lower], rtol=1e-15)
    np.testing.assert_allclose(small.weights, [30.0, 50.0], rtol=1e-12)


@pytest.mark.parametrize("count", [1e3, 1e9, 1e15])
def test_a_heavy_eigenvalue_among_light_neighbours(count):
    values, counts = neighbours(300)
    counts[:] = 1.0
    counts[120] = count
    small = compress(values, counts)
    assert np.all(small.weights > 0.0)
    assert values[-1] <= small.nodes[-1] <= small.nodes[0] <= values[0]
    assert small.weights.sum() == pytest.approx(counts.sum(), rel=1e-15)
    mean = np.sum(counts / counts.sum() * values)
    assert small.weights / small.weights.sum() @ small.nodes == pytest.approx(mean, rel=2 * EPS)


def test_few_neighbours_are_kept_as_they_are():
    for size, expected in ((16, 16), (17, 3)):
        group = 1.0 - 0.5 * REACH * np.arange(size) / size
        values = np.concatenate([group, 1e-10 * group, 1e-20 * group])
        small = compress(values, np.ones(values.size))
        assert small.nodes.size == 3 * expected
        if expected == 16:
            np.testing.assert_array_equal(small.nodes, values)
            assert small.error_bound == 0.0


@pytest.mark.parametrize("count", [2 * NODES + 1, 40, 400, 4000])
@pytest.mark.parametrize("scale", [1e-200, 1e-3, 1.0, 1e3, 1e200])
def test_eigenvalues_that_differ_only_by_rounding(scale, count):
    values = scale * (1.0 + EPS * np.arange(float(count), 0.0, -1.0))
    small = compress(values, np.ones(count))
    assert small.weights.sum() == pytest.approx(count, rel=1e-13)
    np.testing.assert_allclose(small.nodes, scale, rtol=1e-11)
    assert small.weights @ (small.nodes / (small.nodes + scale)) == pytest.approx(
        0.5 * count, rel=1e-12
    )


def test_eigenvalues_that_take_two_values_up_to_equal_logarithms():
    values = np.repeat([1.0, np.exp(-1.0)], 20)  # two points: the recurrence ends early
    small = compress(values, np.ones(40))
    np.testing.assert_allclose(small.nodes, [1.0, np.exp(-1.0)], rtol=1e-15)
    np.testing.assert_allclose(small.weights, [20.0, 20.0], rtol=1e-15)


def test_spectrum_compresses_its_positive_part_once():
    s = Spectrum.from_eigenvalues(np.append(SPECTRA["power law"], np.zeros(500)))
    assert s.compression is s.compression
    assert s.compression.nodes[-1] > 0
    assert s.compression.weights.sum() == pytest.approx(s.rank, rel=1e-14)


@pytest.mark.parametrize("points", [1, 2, 3, 8])
def test_three_nodes_have_six_moments(monkeypatch, points):
    uncompiled(monkeypatch, module)
    rng = np.random.default_rng(points)
    t, w = rng.uniform(-1.0, 1.0, points), rng.random(points)
    sums = module._power_sums(3.0 + 0.1 * t, w, 3.0, 10.0)
    exact = [w @ t**k / (w.sum() if k else 1.0) for k in range(6)]
    np.testing.assert_allclose(sums, exact, atol=1e-12)
    x, share = np.empty(3), np.empty(3)
    count = module._three_nodes(*sums[1:], x, share)
    assert count == min(points, 3)
    assert np.all(np.diff(x[:count]) < 0.0)
    moments = [share[:count] @ x[:count] ** k for k in range(6)]
    np.testing.assert_allclose(moments, [1.0, *exact[1:]], atol=1e-9)


def test_neighbourhoods_are_merged_one_after_the_other(monkeypatch):
    """Each reaches 0.5 % below its largest; the few are left alone."""
    uncompiled(monkeypatch, module)
    monkeypatch.setattr(module, "FEW", 3)
    dense = 2.0 * (1.0 - np.linspace(0.0, 0.004, 7))
    few = np.array([1.0, 0.999, 0.9951])
    lam = np.concatenate([dense, few, [0.9949, 0.5]])
    w = np.arange(1.0, 13.0)
    nodes, weights = np.empty(12), np.empty(12)
    count = module._merge(lam, w, nodes, weights)
    assert count == 3 + 3 + 2
    np.testing.assert_array_equal(nodes[3:count], lam[7:])
    np.testing.assert_array_equal(weights[3:count], w[7:])
    for k in range(6):
        expected = w[:7] @ (dense / 2.0) ** k
        assert weights[:3] @ (nodes[:3] / 2.0) ** k == pytest.approx(expected, rel=1e-13)
    assert module._total(w) == w.sum()


def test_recurrence_of_legendre_polynomials(monkeypatch):
    """Under a rule of ten Gauss nodes the first coefficients are k²/(4k² − 1)."""
    uncompiled(monkeypatch, module)
    x, w = np.polynomial.legendre.leggauss(10)
    alpha, beta = np.empty(8), np.empty(8)
    assert module._stieltjes(x, w, alpha, beta) == 8
    k = np.arange(1.0, 8.0)
    np.testing.assert_allclose(beta, [2.0, *(k**2 / (4.0 * k**2 - 1.0))], rtol=1e-12)
    np.testing.assert_allclose(alpha, 0.0, atol=1e-14)
    shifted = np.empty(3)
    module._stieltjes(x + 5.0, w, shifted, np.empty(3))
    np.testing.assert_allclose(shifted, 5.0, rtol=1e-13)
    # Two points have two polynomials.
    assert module._stieltjes(np.array([1.0, -1.0]), np.ones(2), alpha, beta) == 2


def test_gauss_rules_err_by_less_than_the_ellipse_says():
    """f = 1/(a − x) is bounded by 1/(a − b) on the ellipse that ends at b < a."""
    for nodes in (2, 5):
        x, w = np.polynomial.legendre.leggauss(nodes)
        for ratio in (2.0, 4.0):
            end = 0.5 * (ratio + 1.0 / ratio)
            pole = 1.001 * end
            error = abs(0.5 * w @ (1.0 / (pole - x)) - 0.5 * np.log((pole + 1.0) / (pole - 1.0)))
            bound = module._bernstein(ratio, nodes) / (pole - end)
            assert 0.0 < error < bound
    assert module._bernstein(3.0, 4) == pytest.approx(2.0 * 3.0**-7)


def ellipse_bound(half_axis, other, nodes):
    """Error of a Gauss rule for functions that are analytic in an ellipse (Trefethen 2008)."""
    total = half_axis + other
    return 4.0 * total ** (1 - 2 * nodes) / (total - 1.0)


def test_so_many_nodes_as_double_precision_needs():
    """In a bin of full width, with functions that are analytic up to 3i beside it."""
    ratio = 2.0 * 3.0 / 4.7
    bounds = [ellipse_bound(ratio, np.hypot(ratio, 1.0), nodes) for nodes in (NODES, NODES - 1)]
    assert bounds[0] < EPS < bounds[1]
    assert module._bernstein(ratio + np.hypot(ratio, 1.0), NODES) == pytest.approx(
        bounds[0], abs=0.0
    )
    assert (NODES, WIDTH, STRIP, REACH) == (18, 4.7, 3.0, 0.005)


def test_the_stated_bound_is_the_sum_of_both_steps():
    # Neighbours within 0.5 % of λ, on an ellipse that leaves a tenth of the way to 0.
    half = 0.9 * (1.0 - 0.5 * REACH) / (0.5 * REACH)
    merged = ellipse_bound(half, np.sqrt(half**2 - 1.0), 3)
    assert compress(*neighbours(500)).error_bound == pytest.approx(merged, rel=1e-9, abs=0.0)
    for width in (0.46, 2.0, 4.6, 9.0):
        values = np.exp(-np.linspace(0.0, width, 80))
        small = compress(values, np.ones(80))
        assert small.error_bound == pytest.approx(bin_bound(values), rel=1e-9, abs=0.0)
        assert small.nodes.size == (18 if width < 4.7 else 36)
        dense = np.concatenate([np.linspace(1.0, 0.999, 40), values[1:]])
        left = module.merge_neighbours(dense, np.ones(119))[0]
        assert left.size < 119
        both = compress(dense, np.ones(119)).error_bound
        assert both == pytest.approx(bin_bound(left) + merged, rel=1e-9, abs=0.0)


def bin_bound(values):
    """That of bins of at most 4.7 in log λ, whose functions are analytic up to 3i beside them."""
    width = np.log(values[0] / values[-1])
    ratio = 3.0 / (0.5 * width / np.ceil(width / 4.7))
    return ellipse_bound(ratio, np.hypot(ratio, 1.0), 18)


def test_bins_divide_the_logarithm_evenly_and_few_in_one_are_kept():
    near, far = np.exp(-np.linspace(0.0, 2.0, 36)), np.exp(-np.linspace(12.0, 14.0, 37))
    small = compress(np.concatenate([near, far]), np.arange(1.0, 74.0))
    assert small.nodes.size == 36 + 18
    np.testing.assert_array_equal(small.nodes[:36], near)
    assert small.weights[36:].sum() == pytest.approx(np.arange(37.0, 74.0).sum())
    # Two bins of 100 each, and the moments of the logarithm in either.
    values = np.exp(-np.linspace(0.0, 9.0, 200))
    small = compress(values, np.ones(200))
    assert small.nodes.size == 36
    for some, nodes in zip(np.split(values, 2), np.split(np.arange(36), 2), strict=True):
        for power in (0, 1, 7):
            exact = np.sum(np.log(some) ** power)
            assert small.weights[nodes] @ np.log(small.nodes[nodes]) ** power == pytest.approx(
                exact
            )


def test_what_has_no_reciprocal_is_not_merged(monkeypatch):
    """Nor are equal logarithms a width of nothing."""
    values = 1e-300 * (1.0 + EPS * np.arange(40.0, 0.0, -1.0))
    assert merge_neighbours(values, np.ones(40))[0] is values
    small = compress(values, np.ones(40))
    assert 0.0 < small.error_bound < 1e-100
    assert small.weights.sum() == pytest.approx(40.0)
    values, counts = neighbours(100)
    for limit, size in ((values[-1], 3), (np.nextafter(values[-1], 1.0), 100)):
        monkeypatch.setattr(module, "_SMALLEST", limit)
        assert merge_neighbours(values, counts)[0].size == size
    assert merge_neighbours(values[:16], counts[:16])[0].base is values


def test_every_length_of_a_neighbourhood_is_found_in_few_looks(monkeypatch):
    uncompiled(monkeypatch, module)
    monkeypatch.setattr(module, "FEW", 1)

    class Watched:
        """Eigenvalues that count how often one of them is looked at."""

        def __init__(self, values):
            self.values, self.size, self.looks = values, values.size, 0

        def __getitem__(self, place):
            self.looks += not isinstance(place, slice)
            return self.values[place]

    for size in (*range(4, 45), 1000):
        dense = 1.0 - 0.004 * np.linspace(0.0, 1.0, size) ** 2
        for tail in ([], [0.5], [0.5, 0.499]):
            lam, w = Watched(np.append(dense, tail)), np.ones(size + len(tail))
            nodes, weights = np.empty(lam.size), np.empty(lam.size)
            count = module._merge(lam, w, nodes, weights)
            assert count == 3 + len(tail)
            assert weights[:3].sum() == pytest.approx(size)
            assert weights[3:count].sum() == pytest.approx(len(tail))
            assert lam.looks < 40


def test_moments_at_which_a_measure_has_fewer_points(monkeypatch):
    """A variance of 1e-13, and a third orthogonal polynomial of norm 1e-11, still count."""
    uncompiled(monkeypatch, module)
    x, share = np.empty(3), np.empty(3)
    for variance, count in ((1e-13, 2), (np.nextafter(1e-13, 0.0), 1)):
        assert module._three_nodes(0.0, variance, 0.0, 0.0, 0.0, x, share) == count
    square = 2.0**-40  # with its own square a sum that floats hold exactly
    for norm, count in ((1e-11, 3), (np.nextafter(1e-11, 0.0), 2)):
        fourth = norm + square * square
        assert fourth - square * square == norm
        assert module._three_nodes(0.0, square, 0.0, fourth, 0.0, x, share) == count


def test_points_that_nearly_coincide_give_nodes_between_the_ends(monkeypatch):
    """Rounding there asks for nodes beyond the ends."""
    uncompiled(monkeypatch, module)
    rng = np.random.default_rng(0)
    for _ in range(300):
        close = 10.0 ** rng.uniform(-6.0, -3.0)
        t = rng.choice([-1.0, 1.0]) * np.array([1.0, 1.0 - close, -1.0])
        w = rng.dirichlet(np.ones(3))
        x, share = np.empty(3), np.empty(3)
        count = module._three_nodes(*(w @ t**k for k in range(1, 6)), x, share)
        assert np.all(np.abs(x[:count]) <= 1.0)
        assert share[:count] @ x[:count] == pytest.approx(w @ t, abs=1e-3)


def test_kernels_without_arrays_do_not_compile_what_manages_them():
    """Which would take as long as loading them."""
    for name in ("_power_sums", "_three_nodes", "_merge", "_total"):
        assert getattr(module, name).targetoptions["_nrt"] is False
    assert module._stieltjes.targetoptions["_nrt"] is True
