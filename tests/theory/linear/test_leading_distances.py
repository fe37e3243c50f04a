import numpy as np
import pytest
from scipy.optimize import minimize

from convergen import theory
from convergen.theory import InputError, Spectrum
from convergen.theory.linear.leading_distances import sliced_maximum, split_grid
from tests.monte_carlo import Stored
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


@pytest.mark.parametrize("samples", [1.0, 7.0, 100.0, 1e4, 1e8, 1e12])
def test_one_dimension_is_a_chi_square(samples):
    rng = np.random.default_rng(6)
    ratio = rng.chisquare(samples, 100_000) / samples
    result = theory.operator_norm(Spectrum.isotropic(1, 4.0), samples)
    mean, stderr = mean_and_error(np.abs(ratio - 1.0))
    assert abs(result.value - mean) < 4.0 * np.hypot(stderr, result.stderr)
    result = theory.max_sliced_wasserstein(Spectrum.isotropic(1, 4.0), samples)
    mean, stderr = mean_and_error(np.abs(np.sqrt(ratio) - 1.0))
    assert abs(result.value - mean) < 4.0 * np.hypot(stderr, result.stderr) + 0.01 * mean


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


@pytest.mark.parametrize(
    ("name", "samples"),
    [("long spiked", 300), ("power law 1", 20), ("power law 2", 100), ("two levels", 1000)],
)
def test_max_sliced_of_leading_factors_is_within_eight_per_cent_of_naive_simulation(name, samples):
    mean, stderr = naive_sliced(name, samples, 4)
    result = theory.max_sliced_wasserstein(LEADING[name], samples)
    assert result.method == "leading factors"
    assert abs(result.value - mean) < max(0.08 * mean, 4.0 * np.hypot(stderr, result.stderr))


def test_one_overwhelming_factor_decides_alone():
    # ‖Σ̂ − Σ‖/λ_1 → E|χ²_n/n − 1| when the tail is negligible.
    samples = 50
    rng = np.random.default_rng(7)
    expected = np.mean(np.abs(rng.chisquare(samples, 200_000) / samples - 1.0))
    result = theory.operator_norm(Spectrum.from_eigenvalues([1.0, 1e-7], [1, 1000]), samples)
    assert abs(result.value - expected) < 4.0 * result.stderr


@pytest.mark.parametrize("name", ["power law 1", "edge"])
def test_large_n_falls_like_one_over_the_square_root(name):
    spectrum = LEADING.get(name, Spectrum.isotropic(200))
    for function in (theory.operator_norm, theory.max_sliced_wasserstein):
        values = function(spectrum, [1e6, 1e10]).value * np.sqrt([1e6, 1e10])
        np.testing.assert_allclose(values, values[0], rtol=0.02)


@pytest.mark.parametrize("name", ["isotropic", "power law 1.5", "spiked"])
def test_max_sliced_tends_to_half_the_largest_relative_variance_error(name):
    # Σ̂ = Σ + δ: sqrt(uᵀΣ̂u) − sqrt(uᵀΣu) ≈ uᵀδu/(2 sqrt(uᵀΣu)) ≤ √λ_1 ‖Σ^{-1/2}δΣ^{-1/2}‖/2, and
    # ≥ ‖δ‖/(2√λ_1).
    norm = theory.operator_norm(EXACT[name], 1e8)
    sliced = theory.max_sliced_wasserstein(EXACT[name], 1e8)
    relative = theory.operator_norm(Spectrum.isotropic(EXACT[name].dim), 1e8)
    noise = 4.0 * np.hypot(sliced.stderr, 0.5 * np.hypot(norm.stderr, relative.stderr))
    assert 0.5 * norm.value - noise < 1.005 * sliced.value
    assert 0.995 * sliced.value < 0.5 * relative.value + noise


# ----------------------------------------------------------------------- extreme cases and input


@pytest.mark.parametrize("function", ["operator_norm", "max_sliced_wasserstein"])
@pytest.mark.parametrize(
    "spectrum",
    [
        pytest.param(Spectrum.power_law(10**6, 1.0), marks=pytest.mark.slow),
        Spectrum.power_law(20_000, 1.0),
        Spectrum.power_law(300, 60.0),
        Spectrum.from_eigenvalues([1.0, 0.0], [1, 500]),
        pytest.param(Spectrum.from_eigenvalues([1e200, 1e-100], [3, 300]), marks=pytest.mark.slow),
    ],
    ids=lambda spectrum: repr(spectrum),
)
def test_extreme_spectra_and_few_samples_give_positive_numbers(function, spectrum):
    call = {
        "operator_norm": theory.operator_norm,
        "max_sliced_wasserstein": theory.max_sliced_wasserstein,
    }[function]
    result = call(spectrum, [2, 33])
    assert np.all(np.isfinite(result.value))
    assert np.all(np.diff(result.value) < 0.0)
    assert np.all(result.value > 0.0)
    assert np.all(result.stderr >= 0.0)


def test_rank_one_beyond_128_dimensions_is_one_dimension():
    one = theory.operator_norm(Spectrum.isotropic(1), [2, 50], seed=1)
    padded = theory.operator_norm(Spectrum.from_eigenvalues([1.0, 0.0], [1, 500]), [2, 50], seed=2)
    noise = 4.0 * np.hypot(one.stderr, padded.stderr)
    assert np.all(np.abs(one.value - padded.value) < noise)


@pytest.mark.parametrize("scale", [1e-300, 1e300])
@pytest.mark.parametrize("dim", [40, 200])
def test_units_of_the_data_do_not_matter(dim, scale):
    lam = np.arange(1.0, dim + 1.0) ** -1.0
    functions = [theory.operator_norm] + [theory.max_sliced_wasserstein] * (dim == 40)
    for function in functions:
        one = function(Spectrum.from_eigenvalues(lam), 70)
        two = function(Spectrum.from_eigenvalues(lam * scale), 70)
        assert two.value == pytest.approx(float(one.value), rel=1e-6)


def test_results_are_reproducible_and_depend_on_the_seed():
    for spectrum in (EXACT["spiked"], LEADING["power law 1"]):
        one, again, other = (theory.operator_norm(spectrum, [10, 90], seed=s) for s in (3, 3, 4))
        np.testing.assert_array_equal(one.value, again.value)
        assert np.all(one.value != other.value)
        assert np.all(np.abs(one.value - other.value) < 5.0 * np.hypot(one.stderr, other.stderr))


def test_results_take_the_shape_of_the_samples():
    for function in (theory.operator_norm, theory.max_sliced_wasserstein):
        result = function(EXACT["zeros"], [[5, 10, 20], [40, 80, 160]])
        for field in ("value", "stderr", "method"):
            assert getattr(result, field).shape == (2, 3)
        assert np.shape(function(EXACT["zeros"], 5).value) == ()
        assert result.value[1, 0] == function(EXACT["zeros"], 40).value


@pytest.mark.parametrize("function", [theory.operator_norm, theory.max_sliced_wasserstein])
def test_bad_samples_and_seeds_are_refused(function):
    with pytest.raises(InputError, match="samples must be at least 1"):
        function(EXACT["spiked"], 0.9)
    for name in ("spiked", "power law 1"):
        with pytest.raises(InputError, match="seed must be a whole number"):
            function(SPECTRA[name], 10, seed=-1)


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_simulations_give_what_is_stored(call):
    stored.derive_again(call)
