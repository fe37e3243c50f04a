import numpy as np
import pytest
from scipy.special import digamma, polygamma

from convergen import theory
from convergen.theory import InputError, Spectrum
from tests.monte_carlo import Stored
from tests.simulation import expanded

stored = Stored(__file__)
SPECTRA = {
    "one spike": Spectrum.from_eigenvalues([3.0, 1.0], [1, 1000]),
    "three spikes": Spectrum.spiked(503, [20.0, 6.0, 2.5]),
    "spike inside a gap": Spectrum.from_eigenvalues([9.0, 4.0, 1.0], [100, 1, 300]),
    "spike on a power law": Spectrum.spiked(121, [3.0], Spectrum.power_law(120, 0.7)),
    "power law": Spectrum.power_law(60, 1.3),
    "zeros": Spectrum.from_eigenvalues([5.0, 2.0, 1.0, 0.0], [1, 1, 40, 200]),
}


def bbp(load, theta):
    """Squared overlap for one spike 1 + θ on an isotropic bulk of n/load dimensions."""
    if load * theta**2 <= 1.0:
        return 0.0
    return (1.0 - 1.0 / (load * theta**2)) / (1.0 + 1.0 / (load * theta))


def naive(eigenvalues, samples, k):
    """The formula for a simple eigenvalue, term by term; and its threshold."""
    first = second = 0.0
    for j, other in enumerate(eigenvalues):
        if j != k:
            ratio = other / (eigenvalues[k] - other)
            first += ratio
            second += ratio**2
    if samples <= second:
        return 0.0, second
    return (1.0 - second / samples) / (1.0 + first / samples), second


def simple_factors(spectrum):
    lam = expanded(spectrum)
    return [k for k in range(lam.size) if np.sum(lam == lam[k]) == 1]


def eigenvalues_of(levels):
    """Eigenvalues of (value, how often) levels; a third number is the exponent of a power law."""
    return np.concatenate(
        [
            np.full(level[1], level[0])
            if len(level) == 2
            else level[0] * np.arange(1.0, level[1] + 1.0) ** -level[2]
            for level in levels
        ]
    )


@stored
def rank_overlaps(levels, samples, groups, reps, seed):
    """E|P v̂|² averaged over the ranks of each group, P their eigenspace; and standard errors.

    Groups are ranges of ranks. Null vectors of the sample covariance are interchangeable: each has
    the mean overlap.
    """
    rng = np.random.default_rng(seed)
    eigenvalues = eigenvalues_of(levels)
    result = []
    for _ in range(reps):
        x = rng.standard_normal((samples, eigenvalues.size)) * np.sqrt(eigenvalues)
        vectors = np.linalg.eigh(x.T @ x)[1][:, ::-1]
        row = []
        for start, stop in groups:
            overlap = np.sum(vectors[start:stop] ** 2, axis=0)
            if samples < eigenvalues.size:
                overlap[samples:] = overlap[samples:].mean()
            row.append(overlap[start:stop].mean())
        result.append(row)
    return np.mean(result, axis=0), np.std(result, axis=0, ddof=1) / np.sqrt(reps)


@pytest.mark.parametrize("theta", [0.1, 0.5, 2.0, 30.0])
@pytest.mark.parametrize("load", [0.02, 0.3, 1.0, 3.9, 4.1, 50.0, 1e4])
def test_one_spike_is_the_bbp_closed_form(load, theta):
    bulk = 10**6
    spectrum = Spectrum.from_eigenvalues([1.0 + theta, 1.0], [1, bulk])
    q = theory.latent_recovery(spectrum, load * bulk)
    np.testing.assert_allclose(q, [bbp(load, theta)], rtol=1e-11, atol=1e-14)
    threshold = theory.recovery_thresholds(spectrum)
    np.testing.assert_allclose(threshold, [bulk / theta**2], rtol=1e-12)


@pytest.mark.parametrize("name", SPECTRA)
def test_every_simple_factor_is_the_naive_sum(name):
    spectrum = SPECTRA[name]
    lam = expanded(spectrum)
    samples = [1.0, 7.0, 100.0, 1234.5, 1e5, 1e9]
    q = theory.latent_recovery(spectrum, samples, spectrum.dim)
    thresholds = theory.recovery_thresholds(spectrum, spectrum.dim)
    assert q.shape == (6, spectrum.dim)
    for k in simple_factors(spectrum):
        expected = [naive(lam, n, k)[0] for n in samples]
        np.testing.assert_allclose(q[:, k], expected, rtol=1e-11, atol=1e-13)
        assert thresholds[k] == pytest.approx(naive(lam, 1.0, k)[1], rel=1e-12)


@pytest.mark.parametrize("name", SPECTRA)
def test_q_turns_positive_at_the_threshold_and_nowhere_else(name):
    spectrum = SPECTRA[name]
    thresholds = theory.recovery_thresholds(spectrum, spectrum.dim)
    simple = simple_factors(spectrum)
    for k in simple[:3] + simple[3 :: 1 + len(simple) // 3]:
        # Narrow down the smallest n with Q > 0 from the values of Q alone.
        low, high = 1.0, 1e9
        assert theory.latent_recovery(spectrum, high, k + 1)[k] > 0.0
        for _ in range(12):
            grid = np.geomspace(low, high, 12)
            positive = theory.latent_recovery(spectrum, grid, k + 1)[:, k] > 0.0
            first = int(np.argmax(positive))
            assert np.all(positive[first:])
            low, high = grid[max(first - 1, 0)], grid[first]
        assert high == pytest.approx(max(thresholds[k], 1.0), rel=1e-9)


def test_at_the_threshold_the_limit_of_large_size_is_taken_first():
    # In the limit Q is exactly 0 up to n* and leaves it with slope 1/(n* + Σ λ/(λ_k − λ)).
    bulk, theta = 10**9, 0.5
    spectrum = Spectrum.from_eigenvalues([1.0 + theta, 1.0], [1, bulk])
    star = bulk / theta**2
    relative = np.array([-1e-3, -1e-9, 0.0, 1e-9, 1e-6, 1e-3])
    q = theory.latent_recovery(spectrum, star * (1.0 + relative))[:, 0]
    assert np.all(q[:3] == 0.0)
    slope = 1.0 / (1.0 + theta)
    np.testing.assert_allclose(q[3:], slope * relative[3:], rtol=2e-3)


@pytest.mark.parametrize("name", SPECTRA)
def test_q_is_a_fraction_and_that_of_simple_factors_never_falls_with_n(name):
    spectrum = SPECTRA[name]
    samples = np.geomspace(1.0, 1e8, 40)
    q = theory.latent_recovery(spectrum, samples, spectrum.dim)
    assert np.all((q >= 0.0) & (q <= 1.0))
    assert np.all(np.diff(q[:, simple_factors(spectrum)], axis=0) >= 0.0)
    assert np.all(q[-1] > 0.99)


@pytest.mark.parametrize(
    ("levels", "samples", "factor"),
    [
        (((4.0, 1), (1.0, 199)), 100, 0),
        (((4.0, 1), (1.0, 199)), 400, 0),
        (((8.0, 1), (4.0, 1), (1.0, 198)), 400, 0),
        (((8.0, 1), (4.0, 1), (1.0, 198)), 400, 1),
        (((1.0, 199), (0.1, 1)), 800, 199),
        (((4.0, 1), (1.0, 199, 0.7)), 100, 0),
        (((4.0, 1), (1.0, 199, 0.7)), 500, 0),
    ],
)
def test_simple_spikes_agree_with_monte_carlo(levels, samples, factor):
    mean, stderr = rank_overlaps(levels, samples, ((factor, factor + 1),), 60, 11)
    spectrum = Spectrum.from_eigenvalues(eigenvalues_of(levels))
    q = theory.latent_recovery(spectrum, samples, factor + 1)[factor]
    assert stderr[0] < 0.015
    assert abs(mean[0] - q) < 4.0 * stderr[0]


@pytest.mark.parametrize("load", [0.1, 0.5, 1.0, 2.0, 8.0])
@pytest.mark.parametrize("levels", [((2.0, 1), (1.0, 149)), ((1.3, 1), (1.0, 149, 0.7))])
def test_the_finite_size_law_rounds_the_transition_as_monte_carlo_does(levels, load):
    spectrum = Spectrum.from_eigenvalues(eigenvalues_of(levels))
    samples = int(np.ceil(load * theory.recovery_thresholds(spectrum)[0]))
    mean, stderr = rank_overlaps(levels, samples, ((0, 1),), 100, 3)
    q = theory.latent_recovery(spectrum, samples, finite_size=True)[0]
    # The documented error of the law is 0.03.
    assert abs(mean[0] - q) < 0.03 + 4.0 * stderr[0]
    if load <= 0.5:
        assert 0.0 == theory.latent_recovery(spectrum, samples)[0] < mean[0] - 4.0 * stderr[0]


@pytest.mark.parametrize("samples", [3, 5, 6, 1e12])
def test_factors_hundreds_of_decades_apart_are_recovered_one_by_one(samples):
    spectrum = theory.Spectrum.from_eigenvalues(1e-70 ** np.arange(5.0))
    q = theory.latent_recovery(spectrum, samples, 5, finite_size=True)
    # Beyond n = 3 samples two ranks share the null space, whose two directions are v₄ and v₅.
    expected = [1.0, 1.0, 1.0, 0.5, 0.5] if samples == 3 else np.ones(5)
    np.testing.assert_allclose(q, expected, atol=1e-6)


@pytest.mark.parametrize("theta", [0.5, 2.0])
@pytest.mark.parametrize("load_at_threshold", [0.1, 3.0, 100.0])
def test_the_finite_size_law_tends_to_the_limit_law(theta, load_at_threshold):
    difference = []
    for bulk in (10**3, 10**5, 10**7):
        spectrum = Spectrum.from_eigenvalues([1.0 + theta, 1.0], [1, bulk])
        samples = load_at_threshold * bulk / theta**2
        q = theory.latent_recovery(spectrum, samples, finite_size=True)[0]
        difference.append(abs(q - bbp(samples / bulk, theta)))
    assert difference[0] > difference[1] > difference[2] or difference[0] < 1e-9
    assert difference[2] < 1e-4


@pytest.mark.parametrize("exponent", [1.0, 1.5, 2.0])
def test_power_law_factors_far_above_threshold_agree_with_monte_carlo(exponent):
    spectrum = Spectrum.power_law(60, exponent)
    samples = 2000
    q = theory.latent_recovery(spectrum, samples, 4)
    alone = tuple((k, k + 1) for k in range(4))
    mean, stderr = rank_overlaps(((1.0, 60, exponent),), samples, alone, 120, 5)
    assert np.all(np.abs(mean - q) < 4.0 * stderr)
    assert np.all(4.0 * stderr < 0.5 * (1.0 - q))  # the error bar resolves the distance from 1


def test_power_law_of_exponent_one_has_a_closed_form():
    # λ_j/(λ_k − λ_j) = k/(j − k): trigamma and digamma functions.
    dim, factors = 5000, 300
    spectrum = Spectrum.power_law(dim, 1.0)
    k = np.arange(1.0, factors + 1.0)
    second = k**2 * (np.pi**2 / 3.0 - polygamma(1, k) - polygamma(1, dim - k + 1.0))
    first = k * (digamma(dim - k + 1.0) - digamma(k))
    np.testing.assert_allclose(theory.recovery_thresholds(spectrum, factors), second, rtol=1e-11)
    for samples in (1000.0, 1e5, 1e8):
        expected = np.maximum(1.0 - second / samples, 0.0) / (1.0 + first / samples)
        q = theory.latent_recovery(spectrum, samples, factors)
        np.testing.assert_allclose(q, expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.5, 2.0])
def test_power_law_thresholds_grow_like_the_square_of_the_rank(exponent):
    # Near j = k, λ_j/(λ_k − λ_j) ≈ k/(α (j − k)): n_k* → k² π²/(3 α²).
    spectrum = Spectrum.power_law(40_000, exponent)
    thresholds = theory.recovery_thresholds(spectrum, 800)
    k = np.array([50, 200, 800])
    ratio = thresholds[k - 1] / (k**2 * np.pi**2 / (3.0 * exponent**2))
    assert np.all(np.diff(np.abs(ratio - 1.0)) < 0.0)
    assert ratio[-1] == pytest.approx(1.0, abs=0.02)
    slope = np.polyfit(np.log(np.arange(100, 801)), np.log(thresholds[99:]), 1)[0]
    assert slope == pytest.approx(2.0, abs=0.03)


# ------------------------------------------------------------------------ degenerate factors


@pytest.mark.parametrize("load", [2.0, 10.0, 1000.0])
def test_few_degenerate_spikes_reach_the_bbp_closed_form(load):
    # Below a size of order one per bulk dimension the group does not interact with itself.
    bulk, size, theta = 10**6, 4, 1.5
    spectrum = Spectrum.from_eigenvalues([1.0 + theta, 1.0], [size, bulk])
    q = theory.latent_recovery(spectrum, load * bulk, size)
    assert np.all(q == q[0])
    assert q[0] == pytest.approx(bbp(load, theta), abs=20.0 * size / bulk)


@pytest.mark.parametrize(
    ("values", "counts", "samples", "group"),
    [
        ([4.0, 1.0], [30, 120], 100, 0),
        ([4.0, 1.0], [30, 120], 300, 0),
        ([4.0, 1.0], [30, 120], 300, 1),
        ([6.0, 2.0, 0.5], [20, 60, 70], 90, 1),
        ([4.0, 1.0], [75, 75], 20, 0),  # fewer samples than members of the group
        ([4.0, 1.0, 0.0], [30, 60, 60], 50, 2),
    ],
)
def test_degenerate_groups_agree_with_monte_carlo(values, counts, samples, group):
    spectrum = Spectrum.from_eigenvalues(values, counts)
    start = sum(counts[:group])
    ranks = np.arange(start, start + counts[group])
    levels = tuple(zip(values, counts, strict=True))
    mean, stderr = rank_overlaps(levels, samples, ((start, start + counts[group]),), 25, 7)
    q = theory.latent_recovery(spectrum, samples, start + counts[group])
    assert np.all(q[ranks] == q[ranks[0]])
    assert abs(mean[0] - q[ranks[0]]) < 4.0 * stderr[0] + 1e-12  # the null space does not vary


@pytest.mark.parametrize("counts", [(1, 400), (5, 1000), (300, 200), (10**4, 10**6)])
@pytest.mark.parametrize("load", [1e-3, 0.3, 1.0, 5.0, 1e3])
def test_two_eigenspaces_lose_the_same_amount_to_each_other(counts, load):
    # Squared overlaps form a doubly stochastic matrix: m₁ (1 − Q₁) = m₂ (1 − Q₂).
    spectrum = Spectrum.from_eigenvalues([2.5, 1.0], counts)
    samples = max(load * spectrum.dim, 1.0)
    q = theory.latent_recovery(spectrum, samples, counts[0] + 1, finite_size=True)
    lost = np.array(counts) * (1.0 - q[[0, -1]])
    assert lost[0] == pytest.approx(lost[1], rel=1e-5, abs=1e-6 * counts[1])


@pytest.mark.parametrize("samples", [1e5, 1e7, 1e9, 1e10, 1e12])
def test_degenerate_groups_follow_perturbation_theory_at_large_n(samples):
    # 1 − Q = (1/n) Σ_{j∉group} λ_j λ_k/(λ_k − λ_j)² + O(1/n²).
    values, counts = np.array([3.0, 1.0, 0.2]), np.array([50, 100, 20])
    spectrum = Spectrum.from_eigenvalues(values, counts)
    q = theory.latent_recovery(spectrum, samples, 170)
    for group, rank in enumerate((0, 50, 150)):
        others = np.arange(3) != group
        gaps = (values[group] - values[others]) ** 2
        lost = counts[others] @ (values[others] * values[group] / gaps) / samples
        # The integration path has a radius of order 1/√n round each eigenvalue: rounding grows.
        assert 1.0 - q[rank] == pytest.approx(lost, rel=340.0 / samples, abs=1e-11 * samples**0.5)


def test_splitting_a_group_slightly_destroys_single_overlaps_but_not_the_subspace():
    tied = Spectrum.from_eigenvalues([5.0, 1.0], [2, 500])
    split = Spectrum.from_eigenvalues([5.0 + 1e-5, 5.0, 1.0], [1, 1, 500])
    assert np.all(theory.latent_recovery(tied, 5000, 2) > 0.9)
    assert np.all(theory.latent_recovery(split, 5000, 2) == 0.0)
    assert np.all(theory.recovery_thresholds(split, 2) > 1e10)
    # The group's own members do not count towards its threshold.
    np.testing.assert_allclose(theory.recovery_thresholds(tied, 2), 500 / 16, rtol=1e-13)


@pytest.mark.parametrize("dim", [1, 2, 50, 1000, 10**6])
@pytest.mark.parametrize("samples", [1.0, 2.5, 50.0, 1e4, 1e9, 1e12])
def test_isotropic_eigenspace_is_always_recovered(dim, samples):
    factors = min(dim, 3)
    spectrum = Spectrum.isotropic(dim, 2.0)
    q = theory.latent_recovery(spectrum, samples, factors)
    np.testing.assert_allclose(q, np.ones(factors), rtol=0, atol=1e-6)
    assert np.all(theory.recovery_thresholds(spectrum, factors) == 0.0)


# --------------------------------------------------------------------- invariances and input


def test_zero_eigenvalues_do_not_change_the_recovery_of_the_others():
    bare = Spectrum.from_eigenvalues([5.0, 2.0, 1.0], [1, 3, 40])
    padded = Spectrum.from_eigenvalues([5.0, 2.0, 1.0, 0.0], [1, 3, 40, 300])
    samples = [44.0, 60.0, 1e3, 1e6]
    np.testing.assert_allclose(
        theory.latent_recovery(padded, samples, 44),
        theory.latent_recovery(bare, samples, 44),
        atol=1e-10,
    )
    np.testing.assert_allclose(
        theory.recovery_thresholds(padded, 44), theory.recovery_thresholds(bare, 44), rtol=1e-13
    )
    # With more samples than the rank, the null space is known exactly.
    assert np.all(theory.latent_recovery(padded, 60.0, 344)[44:] == 1.0)


def test_a_single_zero_eigenvalue_is_recovered_once_n_exceeds_the_rank():
    spectrum = Spectrum.from_eigenvalues([2.0, 1.0, 0.0], [5, 10, 1])
    assert theory.recovery_thresholds(spectrum, 16)[15] == 15.0
    q = theory.latent_recovery(spectrum, [15.5, 16.0, 1e6], 16)[:, 15]
    np.testing.assert_allclose(q, 1.0, rtol=1e-13)


@pytest.mark.parametrize("scale", [1e-300, 1e-6, 1e300])
def test_units_of_the_data_do_not_matter(scale):
    values, counts = [7.0, 3.0, 1.0], [1, 6, 90]
    samples = [5.0, 80.0, 4000.0]
    reference = theory.latent_recovery(Spectrum.from_eigenvalues(values, counts), samples, 8)
    rescaled = Spectrum.from_eigenvalues(np.array(values) * scale, counts)
    q = theory.latent_recovery(rescaled, samples, 8)
    np.testing.assert_allclose(q, reference, rtol=1e-10)


def test_results_take_the_shape_of_the_samples():
    spectrum = Spectrum.spiked(30, [9.0, 5.0])
    assert theory.latent_recovery(spectrum, 10, 3).shape == (3,)
    assert theory.latent_recovery(spectrum, [[10, 20, 30]], 2).shape == (1, 3, 2)
    grid = theory.latent_recovery(spectrum, [[10, 20], [30, 40]], 4)
    np.testing.assert_array_equal(grid[1, 0], theory.latent_recovery(spectrum, 30, 4))


def test_bad_samples_and_numbers_of_factors_are_refused():
    spectrum = Spectrum.power_law(5, 1.0)
    with pytest.raises(InputError, match="samples must be at least 1"):
        theory.latent_recovery(spectrum, 0.5)
    for factors in (0, 6):
        with pytest.raises(InputError, match="factors"):
            theory.latent_recovery(spectrum, 10, factors)
        with pytest.raises(InputError, match="factors"):
            theory.recovery_thresholds(spectrum, factors)


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_simulations_give_what_is_stored(call):
    stored.derive_again(call)
