"""Laws that hold for every spectrum and every number of samples, on examples from hypothesis.

Spectra have up to eight levels between 1e−100 and 1e100, zeros among them, and up to 10⁷
dimensions; the numbers of samples are real, from 1 to 10¹², often exactly at the rank or at the
number of eigenvalues above a gap.
"""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from convergen import theory
from convergen.theory import Spectrum

EPS = np.finfo(np.float64).eps
# h and its gap are two integrals over κ, which is found through a logarithm of up to 460.
QUADRATURE = 460 * EPS
SETTINGS = settings(derandomize=True, deadline=None, max_examples=100)
FEWER = settings(derandomize=True, deadline=None, max_examples=40)


@st.composite
def levels(draw, decades=100.0, largest_count=10**6, zeros=True, size=8):
    """Eigenvalues (not all distinct, unsorted) and multiplicities."""
    narrow = draw(st.booleans())
    low, high = (-3.0, 1.0) if narrow else (-decades, decades)
    logs = draw(st.lists(st.floats(low, high), min_size=1, max_size=size))
    values = [10.0**x for x in logs]
    if zeros and draw(st.booleans()):
        values.append(0.0)
    counts = [draw(st.one_of(st.integers(1, 5), st.integers(1, largest_count))) for _ in values]
    return values, counts


@st.composite
def samples_for(draw, counts):
    """Anything from 1 to 10¹², often at or next to a sum of multiplicities."""
    ends = np.cumsum(counts)
    end = float(ends[draw(st.integers(0, len(ends) - 1))])
    anywhere = 10.0 ** draw(st.floats(0.0, 12.0))
    choice = draw(
        st.sampled_from(
            [anywhere, round(anywhere), end, end - 1, end + 1, end * (1 + 1e-12), end * (1 - 1e-12)]
        )
    )
    return float(max(1.0, choice))


@st.composite
def cases(draw, **options):
    values, counts = draw(levels(**options))
    spectrum = Spectrum.from_eigenvalues(values, counts)
    # Sums over the sorted levels are where κ lies in a gap.
    return spectrum, draw(samples_for(spectrum.multiplicities))


def assert_same(a, b, rtol):
    np.testing.assert_allclose(a, b, rtol=rtol, atol=0)


# ------------------------------------------------------------------------------ q and q*


@SETTINGS
@given(cases())
def test_convergence_and_its_gap_are_consistent_probabilities(case):
    found = theory.order_parameters(*case)
    q, q_true = float(found.convergence), float(found.convergence_to_truth)
    assert found.converged
    assert 0.0 < q <= 1.0 + 2 * EPS
    assert q <= q_true * (1 + 4 * EPS)
    assert q_true <= 1.0 + 2 * EPS
    # Jensen: H² ≤ E Σ̂, and Cauchy–Schwarz: q* ≤ sqrt(q).
    assert q_true <= np.sqrt(q) * (1 + 4 * EPS)
    assert 0.0 < found.gap_to_truth <= found.gap < 1.0
    assert found.gap == pytest.approx(1 - q, abs=QUADRATURE)
    assert found.gap_to_truth == pytest.approx(1 - q_true, abs=QUADRATURE)
    # A gap of 1 − q between 1 − q* and twice that.
    assert found.gap <= 2 * found.gap_to_truth * (1 + 4 * EPS)


@SETTINGS
@given(cases(), st.floats(1e-6, 3.0))
def test_convergence_grows_with_the_number_of_samples(case, step):
    s, n = case
    found = theory.order_parameters(s, [n, n * (1 + step)])
    assert found.gap[1] < found.gap[0]
    assert found.gap_to_truth[1] < found.gap_to_truth[0]
    assert found.convergence[1] >= found.convergence[0] * (1 - 4 * EPS)


@SETTINGS
@given(cases(), st.floats(-6.0, 6.0))
def test_ridge_keeps_the_order_parameters_in_range(case, log_ridge):
    s, n = case
    ridge = s.largest * 10.0**log_ridge
    found = theory.order_parameters(s, n, ridge)
    assert found.converged
    assert 0.0 < found.convergence <= 1.0 + 4 * EPS
    assert 0.0 < found.convergence_to_truth <= 1.0 + 4 * EPS
    # The ridge is common to both models.
    assert found.convergence >= float(theory.convergence(s, n)) * (1 - 4 * EPS)


@SETTINGS
@given(cases())
def test_root_lies_below_the_root_of_the_mean(case):
    s, n = case
    found = theory.expected_sqrt(s, n)
    positive = s.eigenvalues > 0
    root = np.sqrt(s.eigenvalues)
    assert np.all(found.gap[positive] > 0)
    assert np.all(found.values[positive] > 0)
    assert np.all(found.values <= root * (1 + 4 * EPS))
    # Where h ≪ sqrt(s) or gap ≪ sqrt(s), the other one alone is sqrt(s).
    assert_same((found.values + found.gap)[positive], root[positive], QUADRATURE)
    # h(s) grows with s, and more slowly than s.
    h, lam = found.values[positive], s.eigenvalues[positive]
    assert np.all(h[:-1] >= h[1:] * (1 - 1e-13))
    assert np.all(h[:-1] / lam[:-1] <= h[1:] / lam[1:] * (1 + 1e-13))


# ------------------------------------------------------------------------------ invariances


@SETTINGS
@given(cases(), st.sampled_from([1e-200, 1e-7, 3.0, 1e200]))
def test_scale_does_not_matter(case, scale):
    s, n = case
    scaled = Spectrum.from_eigenvalues(scale * s.eigenvalues, s.multiplicities)
    assume(scaled.rank == s.rank)
    a, b = theory.order_parameters(s, n), theory.order_parameters(scaled, n)
    # Rounding of λ/λ_max differs by one unit; κ is sensitive to it by the number of decades.
    assert_same(a.gap, b.gap, 1e-12)
    assert_same(a.gap_to_truth, b.gap_to_truth, 1e-12)
    assert_same(theory.bures_wasserstein(s, n), theory.bures_wasserstein(scaled, n), 1e-12)
    a, b = theory.renormalised_noise(s, n).kappa, theory.renormalised_noise(scaled, n).kappa
    assert_same(scale * a, b, 1e-12)


@SETTINGS
@given(levels(largest_count=12), st.data())
def test_repeated_eigenvalues_equal_multiplicities(level, data):
    values, counts = level
    n = data.draw(samples_for(counts))
    whole = Spectrum.from_eigenvalues(values, counts)
    order = data.draw(st.permutations(range(sum(counts))))
    split = Spectrum.from_eigenvalues(np.repeat(values, counts)[order])
    np.testing.assert_array_equal(whole.eigenvalues, split.eigenvalues)
    np.testing.assert_array_equal(whole.multiplicities, split.multiplicities)
    assert theory.order_parameters(whole, n).gap == theory.order_parameters(split, n).gap


@SETTINGS
@given(cases(decades=20.0))
def test_levels_split_by_rounding_equal_multiplicities(case):
    s, n = case
    apart = s.eigenvalues[:, None] * np.array([1.0, 1.0 - EPS])
    split = Spectrum.from_eigenvalues(apart.ravel(), np.repeat(s.multiplicities, 2))
    double = Spectrum.from_eigenvalues(s.eigenvalues, 2 * s.multiplicities)
    assert_same(
        theory.order_parameters(split, n).gap, theory.order_parameters(double, n).gap, 1e-11
    )


@SETTINGS
@given(cases(zeros=False), st.integers(1, 1000))
def test_zero_eigenvalues_do_not_matter_to_the_linear_model(case, zeros):
    s, n = case
    padded = Spectrum.from_eigenvalues(
        np.append(s.eigenvalues, 0.0), np.append(s.multiplicities, zeros)
    )
    a, b = theory.order_parameters(s, n), theory.order_parameters(padded, n)
    assert a.gap == b.gap
    assert a.gap_to_truth == b.gap_to_truth


@SETTINGS
@given(levels(largest_count=1000), st.integers(2, 10**6), st.data())
def test_only_the_load_matters(level, copies, data):
    # n and all multiplicities times the same number: the limit of large size is the same.
    values, counts = level
    n = data.draw(samples_for(counts))
    one = Spectrum.from_eigenvalues(values, counts)
    many = Spectrum.from_eigenvalues(values, copies * np.array(counts))
    a, b = theory.order_parameters(one, n), theory.order_parameters(many, copies * n)
    # copies·n rounds, and next to an integer gap the digits of n − rank count.
    assert_same(a.gap, b.gap, 1e-10)


# ------------------------------------------------------------------------------ κ


@SETTINGS
@given(cases(), st.floats(-110.0, 110.0))
def test_kappa_solves_its_equation_within_its_bounds(case, log_noise):
    s, n = case
    z = 10.0**log_noise
    assume(1e-200 < z / s.largest < 1e200)
    found = theory.renormalised_noise(s, n, [0.0, z])
    base, kappa = found.kappa
    assert found.converged.all()
    assert 0.0 <= base < kappa * (1 + 1e-15)
    assert (base > 0) == (n < s.rank)
    # Both z and κ₀ are lower bounds, z + Tr Σ/n is an upper one.
    assert z * (1 - 1e-12) <= kappa <= (z + s.trace / n) * (1 + 1e-12)
    # df₁(κ)/n = 1 − z/κ.
    share = theory.df1(s, kappa) / n
    assert share == pytest.approx(1 - z / kappa, rel=1e-11, abs=1e-11)
    assert found.slope[1] >= 1 - 1e-12


@SETTINGS
@given(cases(), st.floats(-90.0, 90.0))
def test_log_determinant_and_resolvent_are_finite_and_ordered(case, log_noise):
    s, n = case
    z = 10.0**log_noise
    r = theory.resolvent(s, n, z)
    assert np.all(np.isfinite(r))
    assert np.all(r > 0)
    # 0 ≤ Σ̂, and Jensen: E (Σ̂+z)^{-1} ≥ (Σ+z)^{-1}.
    assert np.all(r * z <= 1 + 1e-12)
    assert np.all(r >= (1 - 1e-12) / (s.eigenvalues + z))
    value = theory.log_determinant(s, n, z)
    log_sum = float(s.multiplicities @ np.log(s.eigenvalues + z))
    size = 1e-12 * s.dim * (1 + abs(np.log(z)) + abs(np.log(s.largest)))
    assert s.dim * np.log(z) - size <= value <= log_sum + size


@SETTINGS
@given(cases(), st.floats(-90.0, 90.0), st.floats(-90.0, 90.0))
def test_two_point_function_is_positive_and_bounded(case, first, second):
    s, n = case
    product = theory.two_point(s, n, (10.0**first, 10.0**second), np.ones(s.eigenvalues.size))
    # 0 ≤ z z' R R' ≤ 1.
    assert np.all(product > 0)
    assert np.all(product <= 1 + 1e-11)


# ------------------------------------------------------------------------------ recovery, distances


@FEWER
@given(cases(decades=25.0, largest_count=1000))
def test_recovery_is_a_squared_overlap(case):
    s, n = case
    q = theory.latent_recovery(s, [n, 2 * n], min(s.dim, 20))
    assert np.all(np.isfinite(q))
    assert np.all(q >= -1e-9)
    assert np.all(q <= 1 + 1e-12)


@FEWER
@given(cases(decades=25.0, largest_count=1000))
def test_subspaces_of_all_groups_are_recovered_in_the_limit(case):
    s, _ = case
    lam = s.eigenvalues
    assume(lam.size == 1 or np.min(-np.diff(lam) / lam[:-1]) > 0.1)
    for group in range(lam.size):
        assert theory.subspace_overlap(s, 1e12, group) == pytest.approx(1.0, abs=1e-5)


@FEWER
@given(
    st.floats(0.0, 40.0),
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.one_of(st.just(1.0), st.floats(0.0, 6.0).map(lambda x: 10.0**x)),
)
def test_overlaps_of_two_groups_are_doubly_stochastic(decades, first, second, load):
    # What one sample subspace misses of its own, the other one takes: m₁ (1 − Q₁) = m₂ (1 − Q₂).
    s = Spectrum.from_eigenvalues([1.0, 10.0**-decades], [first, second])
    assume(s.eigenvalues.size == 2)
    n = load * s.dim
    missed = [m * (1 - theory.subspace_overlap(s, n, k)) for k, m in enumerate(s.multiplicities)]
    assert missed[0] == pytest.approx(missed[1], abs=1e-7 * min(first, second))


@SETTINGS
@given(cases(decades=50.0))
def test_bures_wasserstein_distance_is_positive_and_shrinks(case):
    s, n = case
    near = theory.bures_wasserstein(s, [n, 1.5 * n])
    assert np.all(near > 0)
    # W₂² ≤ Tr Σ + E Tr Σ̂.
    assert near[0] <= 2 + 1e-12
    assert near[1] < near[0]


@SETTINGS
@given(cases(), st.one_of(st.just(0.0), st.floats(-40.0, 6.0).map(lambda x: 10.0**x)))
def test_divergence_is_positive_and_shrinks(case, ridge):
    s, n = case
    found = theory.kullback_leibler(s, [n, 1.5 * n], ridge * s.largest)
    assert not np.isnan(found).any()
    assert np.all(found >= 0)
    if ridge == 0:
        np.testing.assert_array_equal(np.isinf(found), np.array([n, 1.5 * n]) <= s.rank)
    else:
        np.testing.assert_array_equal(np.isinf(found), s.rank < s.dim)
    if ridge == 0 and np.isfinite(found).all():
        assert found[1] < found[0]


# ------------------------------------------------------------------------------ sample spectrum


@FEWER
@given(cases(decades=3.0, largest_count=1000), st.floats(-4.0, 1.0))
def test_sample_spectrum_is_a_distribution(case, log_x):
    s, n = case
    x = s.largest * 10.0**log_x * np.array([1.0, 1.5, 10.0])
    found = theory.sample_spectrum(s, n, x)
    assert found.converged
    assert np.all(found.density >= 0)
    assert np.all(np.diff(found.below) >= -1e-12)
    assert np.all(found.below >= found.atom - 1e-9)
    assert np.all(found.below <= 1 + 1e-9)
    inside = found.density > 0
    # An average of one over the population; lost digits where the density itself is rounding.
    assert_same(found.overlap[inside] @ s.multiplicities, np.full(inside.sum(), s.dim), 1e-6)
    assert np.isnan(found.overlap[~inside]).all()
