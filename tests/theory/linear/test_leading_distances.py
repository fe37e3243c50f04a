import functools

import numpy as np
import pytest
from scipy.optimize import brentq, minimize

from convergen import theory
from convergen.theory import InputError, Spectrum
from convergen.theory.linear import leading_distances as module
from convergen.theory.linear.leading_distances import sliced_maximum, split_grid
from tests.monte_carlo import Stored
from tests.options import unsaid
from tests.simulation import expanded

stored = Stored(__file__)
EXACT = {
    "isotropic": Spectrum.isotropic(40, 3.0),
    "spiked": Spectrum.spiked(40, [25.0, 6.0]),
    "power law 0.5": Spectrum.power_law(40, 0.5),
    "power law 1.5": Spectrum.power_law(50, 1.5),
    "zeros": Spectrum.from_eigenvalues([2.0, 1.0, 0.0], [1, 20, 60]),
    "one dimension": Spectrum.isotropic(1),
}
LEADING = {
    "long spiked": Spectrum.spiked(150, [25.0, 6.0]),
    "power law 1": Spectrum.power_law(150, 1.0),
    "power law 2": Spectrum.power_law(150, 2.0),
    "two levels": Spectrum.from_eigenvalues([1.0, 0.05], [10, 140]),
}
EDGE = {
    "edge, isotropic": Spectrum.isotropic(150),
    "edge, two levels": Spectrum.from_eigenvalues([1.0, 0.5], [75, 75]),
}
SPECTRA = EXACT | LEADING | EDGE


def covariances(lam, samples, reps, seed):
    rng = np.random.default_rng(seed)
    for _ in range(reps):
        x = rng.standard_normal((samples, lam.size)) * np.sqrt(lam)
        yield x.T @ x / samples


def mean_and_error(values):
    return np.mean(values), np.std(values, ddof=1) / np.sqrt(len(values))


@stored
def naive_norm(name, samples, reps, seed=1):
    lam = expanded(SPECTRA[name])
    norms = [
        np.abs(np.linalg.eigvalsh(c - np.diag(lam))).max()
        for c in covariances(lam, samples, reps, seed)
    ]
    return mean_and_error(np.array(norms) / lam[0])


def sliced_by_duality(covariance, truth):
    """max_s s/(1+s) λ_max(Σ̂ − (1+s)Σ) and the reverse, on a fine grid of s."""
    best = 0.0
    for s in np.geomspace(1e-3, 1e3, 140):
        for first, second in ((covariance, truth), (truth, covariance)):
            top = np.linalg.eigvalsh(first - (1.0 + s) * second)[-1]
            best = max(best, s / (1.0 + s) * top)
    return np.sqrt(best)


def sliced_by_ascent(covariance, truth):
    """Alternate between the best direction for a split s and the best split for a direction."""
    best = 0.0
    for first, second in ((covariance, truth), (truth, covariance)):
        for s in (0.01, 0.1, 1.0, 10.0, 100.0):
            split, previous = s, -1.0
            for _ in range(60):
                u = np.linalg.eigh(first - (1.0 + split) * second)[1][:, -1]
                a, b = max(u @ first @ u, 0.0), max(u @ second @ u, 1e-300)
                value = np.sqrt(a) - np.sqrt(b)
                best = max(best, value)
                if a <= b or value - previous < 1e-6 * best:
                    break
                split, previous = np.sqrt(a / b) - 1.0, value
    return best


@stored
def naive_sliced(name, samples, reps, seed=2):
    lam = expanded(SPECTRA[name])
    values = [sliced_by_ascent(c, np.diag(lam)) for c in covariances(lam, samples, reps, seed)]
    return mean_and_error(np.array(values) / np.sqrt(lam[0]))


# ----------------------------------------------------------------------------- exact simulation


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("samples", [1, 3, 20, 60, 500, 10_000])
def test_operator_norm_up_to_128_dimensions_agrees_with_naive_simulation(name, samples):
    mean, stderr = naive_norm(name, samples, 40 if samples < 5000 else 12)
    result = theory.operator_norm(EXACT[name], samples)
    assert result.method == "monte carlo"
    assert 0.0 < result.stderr < 0.25 * result.value
    assert abs(result.value - mean) < 4.0 * np.hypot(stderr, result.stderr)


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("samples", [1, 20, 60, 10_000])
def test_max_sliced_up_to_128_dimensions_agrees_with_naive_simulation(name, samples):
    reps = 200 if name == "one dimension" else 8
    mean, stderr = naive_sliced(name, samples, reps)
    result = theory.max_sliced_wasserstein(EXACT[name], samples)
    assert result.method == "monte carlo"
    # The maximum over splits is interpolated: 0.5 %.
    assert abs(result.value - mean) < 4.0 * np.hypot(stderr, result.stderr) + 0.005 * mean


def test_the_exact_simulation_ends_at_128_dimensions_without_a_jump():
    results = []
    for dim in (128, 129):
        spectrum = Spectrum.power_law(dim, 1.0)
        results.append([theory.operator_norm(spectrum, 200, seed=seed) for seed in range(4)])
    assert {str(r.method) for r in results[0]} == {"monte carlo"}
    assert {str(r.method) for r in results[1]} == {"leading factors"}
    below, above = (mean_and_error([r.value for r in row]) for row in results)
    assert abs(below[0] - above[0]) < 0.05 * below[0] + 4.0 * np.hypot(below[1], above[1])


@pytest.mark.parametrize("dim", [10, 150])
@pytest.mark.parametrize("function", [theory.operator_norm, theory.max_sliced_wasserstein])
def test_directions_that_share_two_eigenvalues_have_their_mean(function, dim):
    """Nothing is left over in a tail, as an estimate from points would otherwise have it."""
    shared = function(Spectrum.from_eigenvalues([4.0, 2.0, 1.0], [0.5, 1.5, dim - 2]), [8, 40])
    whole = function(Spectrum.from_eigenvalues([3.0, 2.0, 1.0], [1, 1, dim - 2]), [8, 40])
    # The unit is the largest eigenvalue, or its root.
    unit = 4.0 / 3.0 if function is theory.operator_norm else np.sqrt(4.0 / 3.0)
    # In the long one, ends of searches and bins depend on the unit.
    rtol = 1e-9 if dim == 10 else 1e-4
    np.testing.assert_allclose(unit * shared.value, whole.value, rtol=rtol)
    np.testing.assert_array_equal(shared.method, whole.method)


@pytest.mark.parametrize("samples", [1, 4, 20, 300])
def test_ascent_and_duality_of_the_max_sliced_distance_agree(samples):
    lam = np.arange(1.0, 13.0) ** -1.0
    for covariance in covariances(lam, samples, 3, seed=3):
        dual = sliced_by_duality(covariance, np.diag(lam))
        assert sliced_by_ascent(covariance, np.diag(lam)) == pytest.approx(dual, rel=2e-3)


@pytest.mark.parametrize("samples", [1, 6, 200])
def test_duality_of_the_max_sliced_distance_against_a_search_over_directions(samples):
    lam = np.array([3.0, 2.0, 1.0, 0.5, 0.2, 0.1])
    rng = np.random.default_rng(9)
    for covariance in covariances(lam, samples, 2, seed=4):
        best = 0.0
        for sign in (1.0, -1.0):

            def loss(u, sign=sign, covariance=covariance):
                u = u / np.linalg.norm(u)
                return sign * (np.sqrt(max(u @ covariance @ u, 1e-14)) - np.sqrt(u @ (lam * u)))

            starts = rng.standard_normal((12, 6))
            best = max(best, *(-minimize(loss, start).fun for start in starts))

        def largest(first, second, covariance=covariance):
            return np.linalg.eigvalsh(first * covariance + second * np.diag(lam))[-1:]

        splits = split_grid(samples, 6)
        sides = [
            sliced_maximum(lambda s: largest(1.0, -(1.0 + s)), splits),
            sliced_maximum(lambda s: largest(-(1.0 + s), 1.0), splits),
        ]
        assert np.max(sides) == pytest.approx(best, rel=0.02)
        assert sliced_by_ascent(covariance, np.diag(lam)) == pytest.approx(best, rel=1e-3)
        assert best <= sliced_by_duality(covariance, np.diag(lam)) * 1.002


def test_beside_the_floor_two_points_below_are_fitted():
    """ζ = max(3 − (1 + s), 0): the largest s/(1 + s) ζ is (√3 − 1)², between the points 1 and 2."""
    splits = np.array([0.1, 0.5, 0.8, 10.0])
    found = sliced_maximum(lambda s: np.array([max(3.0 - (1.0 + s), 0.0)]), splits)
    assert found[0] == pytest.approx(np.sqrt(3.0) - 1.0, rel=1e-12)


def test_a_fit_that_peaks_outside_its_points_is_not_used():
    """ζ that falls to nothing between two points: the best point of the grid stands."""
    splits = split_grid(1.0, 64.0)

    def eigenvalue(s):
        return np.array([1.0 / (1.0 + (s / 0.0511) ** 16)])

    fine = np.geomspace(splits[0], splits[-1], 20_001)
    best = np.sqrt(np.max(fine / (1.0 + fine) * eigenvalue(fine)[0]))
    assert sliced_maximum(eigenvalue, splits)[0] == pytest.approx(best, rel=0.02)


# --------------------------------------------------------------------------------- spectral edge


@pytest.mark.parametrize("dim", [200, 10**4, 10**7])
@pytest.mark.parametrize("load", [1e-4, 0.1, 1.0, 10.0, 1e4])
def test_isotropic_edges_have_closed_forms(dim, load):
    # ‖Σ̂ − 1‖ = (1+√c)² − 1 and max |√(uᵀΣ̂u) − 1| = √c, c = d/n.
    samples = max(load * dim, 1.0)
    c = dim / samples
    spectrum = Spectrum.isotropic(dim, 0.3)
    norm = theory.operator_norm(spectrum, samples)
    assert norm.method == "edge"
    assert norm.stderr == 0.0
    assert norm.value == pytest.approx(2.0 * np.sqrt(c) + c, rel=1e-5)
    sliced = theory.max_sliced_wasserstein(spectrum, samples)
    assert sliced.method == "edge"
    assert sliced.value == pytest.approx(np.sqrt(c), rel=5e-3)


@pytest.mark.parametrize("samples", [40, 200, 1000])
def test_edges_are_high_by_no_more_than_the_finite_size_shift(samples):
    for name, spectrum in EDGE.items():
        mean, stderr = naive_norm(name, samples, 20)
        result = theory.operator_norm(spectrum, samples)
        assert result.method == "edge"
        assert mean - 4.0 * stderr < result.value < 1.1 * mean
        mean, stderr = naive_sliced(name, samples, 4)
        result = theory.max_sliced_wasserstein(spectrum, samples)
        assert 0.99 * mean - 4.0 * stderr < result.value < 1.1 * mean  # 1 %: interpolation


# ------------------------------------------------------------------------------ leading factors


@pytest.mark.parametrize("name", LEADING)
@pytest.mark.parametrize("samples", [5, pytest.param(100, marks=pytest.mark.slow), 1000])
def test_operator_norm_of_leading_factors_is_within_eight_per_cent_of_naive_simulation(
    name, samples
):
    mean, stderr = naive_norm(name, samples, 150)
    results = [theory.operator_norm(LEADING[name], samples, seed=seed) for seed in range(6)]
    assert results[0].method == "leading factors"
    values, errors = (np.array([getattr(r, k) for r in results]) for k in ("value", "stderr"))
    noise = 4.0 * np.hypot(stderr, np.sqrt(np.mean(errors**2) / 6.0))
    assert noise < 0.25 * mean
    assert abs(values.mean() - mean) < 0.08 * mean + noise
    # The standard error of one call is that of the scatter between seeds.
    assert 0.4 < values.std(ddof=1) / np.sqrt(np.mean(errors**2)) < 2.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "samples"),
    [("long spiked", 300), ("power law 1", 20), ("power law 2", 100), ("two levels", 1000)],
)
def test_max_sliced_of_leading_factors_is_within_eight_per_cent_of_naive_simulation(name, samples):
    mean, stderr = naive_sliced(name, samples, 4)
    result = theory.max_sliced_wasserstein(LEADING[name], samples)
    assert result.method == "leading factors"
    assert abs(result.value - mean) < max(0.08 * mean, 4.0 * np.hypot(stderr, result.stderr))


# ----------------------------------------------------------------------- extreme cases and input


def test_results_are_reproducible_and_depend_on_the_seed():
    for spectrum in (EXACT["spiked"], LEADING["power law 1"]):
        one, again, other = (theory.operator_norm(spectrum, [10, 90], seed=s) for s in (3, 3, 4))
        np.testing.assert_array_equal(one.value, again.value)
        assert np.all(one.value != other.value)
        assert np.all(np.abs(one.value - other.value) < 5.0 * np.hypot(one.stderr, other.stderr))


def test_results_take_the_shape_of_the_samples():
    for function in (theory.operator_norm, theory.max_sliced_wasserstein):
        spectrum = Spectrum.from_eigenvalues([2.0, 1.0, 0.0], [1, 3, 4])
        result = function(spectrum, [[5, 10, 20], [40, 80, 160]])
        for field in ("value", "stderr", "method"):
            assert getattr(result, field).shape == (2, 3)
        assert np.shape(function(spectrum, 5).value) == ()
        assert result.value[1, 0] == function(spectrum, 40).value


@pytest.mark.parametrize("function", [theory.operator_norm, theory.max_sliced_wasserstein])
def test_bad_samples_and_seeds_are_refused(function):
    with pytest.raises(InputError, match="samples must be at least 1"):
        function(EXACT["spiked"], 0.9)
    for name in ("spiked", "power law 1"):
        with pytest.raises(InputError, match="seed must be a whole number"):
            function(SPECTRA[name], 10, seed=-1)


# ------------------------------------------------------------------------------- step by step


@pytest.mark.parametrize("samples", [3, 12])
def test_distances_are_means_over_the_covariances_that_are_drawn(samples):
    spectrum = Spectrum.from_eigenvalues([4.0, 2.0, 1.0], [1, 2, 3])
    lam = np.array([1.0, 0.5, 0.5, 0.25, 0.25, 0.25])
    drawn = module._wishart(samples, lam, np.random.default_rng(7))
    assert drawn.shape == (32, 6, 6)
    norms = [np.abs(np.linalg.eigvalsh(one - np.diag(lam))).max() for one in drawn]
    found = theory.operator_norm(spectrum, samples, seed=7)
    mean, error = mean_and_error(norms)
    assert found.value == pytest.approx(mean, rel=1e-12)
    assert found.stderr == pytest.approx(error, rel=1e-12)
    sliced = [sliced_by_ascent(one, np.diag(lam)) for one in drawn[:32:4]]
    splits = split_grid(samples, 6)
    own, back = (
        sliced_maximum(
            lambda s, first=first, second=second: np.linalg.eigvalsh(
                (first(s) * drawn[:32:4]) + second(s) * np.diag(lam)
            )[:, -1],
            splits,
        )
        for first, second in (
            (lambda s: 1.0, lambda s: -(1.0 + s)),
            (lambda s: -(1.0 + s), lambda s: 1.0),
        )
    )
    np.testing.assert_allclose(np.maximum(own, back), sliced, rtol=0.01)


def test_a_seed_that_is_not_given_is_nought():
    for function in (theory.operator_norm, theory.max_sliced_wasserstein):
        assert unsaid(function) == {"seed": 0}


def test_few_factors_are_drawn_and_24_make_an_edge(monkeypatch):
    sizes, wishart = [], module._wishart
    monkeypatch.setattr(
        module, "_wishart", lambda n, lead, rng: sizes.append(lead.size) or wishart(n, lead, rng)
    )
    spectrum = Spectrum.power_law(150, 1.0)
    for factors, method in ((24.0, "leading factors"), (np.nextafter(24.0, 25.0), "edge")):
        monkeypatch.setattr(module._Tail, "effective_factors", lambda _, many=factors: many)
        assert theory.operator_norm(spectrum, 50).method == method
    assert sizes == [32]


def test_samples_of_a_covariance_scatter_as_wishart_matrices_do(monkeypatch):
    """E S = Σ and Var S_ij = (λ_i λ_j + δ_ij λ_i²)/n, above and below as many rows as columns."""
    monkeypatch.setattr(module, "_DRAWS", 40_000)
    lam = np.array([2.0, 1.0, 0.5])
    for n, rows in ((2.0, 2), (2.4, 2), (3.0, 3.0), (3.5, 3.5), (20.0, 20.0)):
        drawn = module._wishart(n, lam, np.random.default_rng(1))
        exact = (np.outer(lam, lam) + np.diag(lam**2)) / rows
        error = np.sqrt(exact / 40_000)
        assert np.all(np.abs(drawn.mean(axis=0) - np.diag(lam)) < 4.5 * error), n
        np.testing.assert_allclose(drawn.var(axis=0), exact, rtol=0.08)
        assert (np.linalg.matrix_rank(drawn[0]) == 2) == (n < 3)


def test_the_leading_part_and_the_tail_are_the_whole():
    spectrum = Spectrum.from_eigenvalues([4.0, 2.0, 1.0, 0.0], [3, 5, 10, 7])
    lead, tail = module._split(spectrum, 50.0, 6)
    assert lead.tolist() == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5]
    assert (tail.lam.tolist(), tail.weights.tolist()) == ([0.5, 0.25], [2.0, 10.0])
    assert tail.samples == 50.0
    for leading in (18, 25):
        lead, tail = module._split(spectrum, 50.0, leading)
        assert (lead.size, tail.lam.size) == (leading, 0)
    shared = Spectrum.from_eigenvalues([4.0, 2.0, 1.0], [1.0, 1.5, 0.5])
    lead, tail = module._split(shared, 50.0, 2)
    assert lead.tolist() == [1.0, 0.5]
    assert (tail.lam.tolist(), tail.weights.tolist()) == ([0.5, 0.25], [0.5, 0.5])


@pytest.mark.parametrize(
    ("samples", "rank", "low", "high", "size"),
    [
        (1e4, 16, 5e-4, 0.28, 11),  # few factors: four times the largest fluctuation
        (256, 16, 0.003125, 1.75, 11),
        (64, 1, 0.00625, 200.0, 16),  # a half of the variance
        (1.0, 1, 0.05, 200.0, 13),
        (1.0, 1e6, 0.05, 2006.0, 17),
    ],
)
def test_splits_reach_beyond_every_fluctuation_in_steps_of_two(samples, rank, low, high, size):
    grid = split_grid(samples, rank)
    np.testing.assert_allclose(grid[[0, -1]], [low, high], rtol=1e-12)
    assert grid.size == size
    np.testing.assert_allclose(grid[1:] / grid[:-1], (high / low) ** (1.0 / (size - 1)))


def test_the_fit_is_exact_in_one_direction_wherever_the_best_split_lies():
    """s/(1+s) (a − (1+s) b) is largest at √(a/b) − 1; what peaks beyond the grid, at its end."""
    splits = np.geomspace(0.1, 3.2, 6)
    best = np.array([0.02, 0.12, 0.3, 0.9, 2.0, 3.1, 9.0])
    b = np.array([0.5, 1.0, 3.0, 0.2, 1.0, 7.0, 0.3])
    a = b * (1.0 + best) ** 2
    inside = np.clip(best, splits[0], splits[-1])
    expected = np.sqrt(np.maximum(inside * a / (1.0 + inside) - inside * b, 0.0))
    found = sliced_maximum(lambda s: a - (1.0 + s) * b, splits)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_fit_takes_the_best_point_and_its_neighbours():
    """1, s and s/(1+s) through three; a fourth, where another direction wins, is left out."""
    splits = np.array([0.1, 1.2, 1.6, 3.0])

    def curves(s):
        return np.array([max(3.0 - (1.0 + s) * 0.5, 10.0 - (1.0 + s) * 6.0), 2.0 / (1.0 + s**2)])

    expected = []
    for k, points in ((0, [1, 2, 3]), (1, [0, 1, 2])):
        s = splits[points]
        values = [at / (1.0 + at) * curves(at)[k] for at in s]
        c, share, slope = np.linalg.solve(np.stack([s**0, s / (1.0 + s), s], axis=1), values)
        top = np.sqrt(-share / slope) - 1.0
        expected.append(np.sqrt(c + share * top / (1.0 + top) + slope * top))
    np.testing.assert_allclose(sliced_maximum(curves, splits), expected, rtol=1e-12)
    assert expected[0] == pytest.approx(np.sqrt(3.0) - np.sqrt(0.5), rel=1e-12)


@pytest.mark.parametrize(
    ("eigenvalue", "expected"),
    [
        (lambda s: s * (1.0 + s), 3.2),  # convex
        (lambda s: 1.0 + 0.1 * s, np.sqrt(3.2 * 1.32 / 4.2)),  # ever rising
        (lambda s: -1.0, 0.0),
        (lambda s: 0.0, 0.0),
    ],
)
def test_a_curve_without_a_peak_is_taken_at_its_best_point(eigenvalue, expected):
    splits = np.geomspace(0.1, 3.2, 6)
    found = sliced_maximum(lambda s: np.array([eigenvalue(s)]), splits)
    assert found == pytest.approx([expected], abs=1e-12)


TAIL = module._Tail(np.array([0.8, 0.5, 0.1]), np.array([4.0, 10.0, 30.0]), 25.0)


def missing(tail, first, second, phi, zeta):
    """φ − 1/(1 − c₁e): nought where φ is the factor at ζ."""
    e = np.sum(tail.weights * tail.lam / (zeta - (second + first * phi) * tail.lam)) / tail.samples
    return phi - 1.0 / (1.0 - first * e)


@pytest.mark.parametrize(
    ("first", "second"),
    [(1.0, -1.0), (0.5, 0.0), (1.0, -3.0), (-0.5, 1.0), (-1.0, 1.0), (-4.0, 1.0)],
)
def test_the_factor_solves_its_equation_above_the_edge_and_nowhere_below(first, second):
    edge = TAIL.edge(first, second)
    assert 0.0 < edge < TAIL.ceiling(first, second)
    zeta = edge * np.array([1.00001, 1.1, 2.0, 50.0])
    phi = TAIL.factor(zeta, first, second)
    for one, at in zip(phi, zeta, strict=True):
        assert abs(missing(TAIL, first, second, one, at)) < 1e-9
    # From φ(∞) = 1, away from it.
    assert np.all(np.diff(np.abs(phi - 1.0)) < 0.0)
    assert np.isnan(TAIL.factor(edge * np.array([0.9, 0.999]), first, second)).all()


@pytest.mark.parametrize("load", [0.01, 1.0, 30.0])
def test_edges_of_one_level_to_seven_digits(load):
    tail = module._Tail(np.ones(1), np.array([load * 70.0]), 70.0)
    above = (1.0 + np.sqrt(load)) ** 2
    assert tail.edge(1.0, -1.0) == pytest.approx(above - 1.0, rel=4e-8)
    assert tail.edge(1.0, 0.0) == pytest.approx(above, rel=4e-8)
    assert tail.effective_factors() == pytest.approx(70.0 * load, rel=1e-9)


def test_factors_that_make_the_edge_are_counted_by_their_shares_at_it():
    zeta = TAIL.edge(1.0, -1.0) * (1.0 + 1e-6)
    e = np.linspace(0.0, 1.0, 200_001)[1:-1]
    phi = 1.0 / (1.0 - e)
    room = zeta - (phi[:, None] - 1.0) * TAIL.lam
    value = (TAIL.lam / room) @ TAIL.weights / TAIL.samples - e
    at = phi[np.argmin(np.where((room > 0.0).all(axis=1), np.abs(value), np.inf))]
    share = (TAIL.lam / (zeta + (1.0 - at) * TAIL.lam)) ** 2
    expected = (TAIL.weights @ share) ** 2 / (TAIL.weights @ share**2)
    assert TAIL.effective_factors() == pytest.approx(expected, rel=0.02)
    assert 4.0 < expected < 14.0


@pytest.mark.parametrize(("first", "second"), [(1.0, -1.0), (1.0, -1.7), (-1.0, 1.0), (-1.7, 1.0)])
def test_the_largest_eigenvalue_with_a_tail_solves_its_equation(first, second):
    """ζ is the largest eigenvalue of c₁φ(ζ)S + c₂Σ of the leading block, or the edge."""
    lead = np.array([4.0, 2.0, 1.0])
    drawn = module._wishart(25.0, lead, np.random.default_rng(3))[:6]
    drawn[0] = np.diag(lead) * 0.999  # nothing above the edge
    edge = TAIL.edge(first, second)
    expected = []
    for one in drawn:

        def excess(zeta, one=one):
            phi = TAIL.factor(np.array([zeta]), first, second)[0]
            return np.linalg.eigvalsh(first * phi * one + second * np.diag(lead))[-1] - zeta

        low = edge * (1.0 + 1e-6)
        expected.append(brentq(excess, low, 100.0) if excess(low) > 0.0 else edge)
    found = TAIL.largest(drawn, lead, first, second)
    np.testing.assert_allclose(found, expected, rtol=2e-3)
    assert len(set(np.round(expected, 9))) > 2


def test_searches_end_when_they_are_close_enough(monkeypatch):
    """Newton far above the edge, and the halving of intervals to a thousandth."""
    called = {"any": 0, "eigvalsh": 0}

    def counted(name, function, *given, **options):
        called[name] += 1
        return function(*given, **options)

    monkeypatch.setattr(np, "any", functools.partial(counted, "any", np.any))
    TAIL.factor(np.array([100.0]), 1.0, -1.0)
    assert called["any"] < 8
    eigvalsh = functools.partial(counted, "eigvalsh", np.linalg.eigvalsh)
    monkeypatch.setattr(np.linalg, "eigvalsh", eigvalsh)
    TAIL.largest(np.diag([5.0, 2.0])[None], np.array([4.0, 2.0]), -1.0, 1.0)
    assert called["eigvalsh"] < 22


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_simulations_give_what_is_stored(call):
    stored.derive_again(call)
