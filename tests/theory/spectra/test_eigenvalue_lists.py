"""Which eigenvalues are equal up to rounding, and that merging changes nothing else."""

import numpy as np
import pytest

from convergen import theory
from convergen.theory import InputError, Spectrum
from convergen.theory.spectra.eigenvalue_lists import (
    SAME,
    checked_axes,
    checked_eigenvalues,
    checked_mean,
    leading_groups,
    means_of_ranks,
    merge_equal,
    power_law_eigenvalues,
    solver_error,
)
from convergen.theory.spectra.principal_components import principal_components

EPS = np.finfo(float).eps


@pytest.mark.parametrize("steps", [1, 4, 30])
@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_factors_a_few_units_in_the_last_place_apart_are_one(steps, scale):
    values = scale * np.r_[10.0, 10.0 * (1.0 + steps * EPS), 4.0, np.ones(40)]
    merged = Spectrum.from_eigenvalues(values)
    equal = Spectrum.from_eigenvalues(scale * np.r_[10.0, 10.0, 4.0, np.ones(40)])
    np.testing.assert_array_equal(merged.multiplicities, [2, 1, 40])
    for f in (
        lambda s: theory.recovery_thresholds(s, 3),
        lambda s: theory.latent_recovery(s, 9, 3),
    ):
        np.testing.assert_allclose(f(merged), f(equal), rtol=1e-12)


def test_other_constructors_merge_too():
    close = 1.0 + 3.0 * EPS
    np.testing.assert_array_equal(
        Spectrum.spiked(9, [7.0, 7.0 * close, close]).multiplicities, [2, 7]
    )
    # Spread by 1e-13 in all, each step far below rounding: no eigenvalue moves by more than that.
    slow = Spectrum.power_law(10_000, 1e-14)
    assert 2 < slow.eigenvalues.size < 20
    np.testing.assert_allclose(
        np.repeat(slow.eigenvalues, slow.multiplicities.astype(int)),
        np.arange(1.0, 10_001.0) ** -1e-14,
        rtol=SAME,
    )


def test_what_is_apart_stays_as_it_was_given():
    values = np.array([3.0, 3.0 * (1.0 - 2.0 * SAME), 1e-5, 1e-5 * (1.0 - 2.0 * SAME), 1e-200, 0.0])
    lam, w = merge_equal(values, np.arange(1.0, 7.0))
    np.testing.assert_array_equal(lam, values)
    np.testing.assert_array_equal(w, np.arange(1.0, 7.0))
    lam, w = merge_equal(values[::-1].copy(), np.arange(6.0, 0.0, -1.0))
    np.testing.assert_array_equal(lam, values)
    np.testing.assert_array_equal(w, np.arange(1.0, 7.0))


def test_equal_eigenvalues_become_their_weighted_mean():
    lam, w = merge_equal(
        np.array([5.0, 2.0, 2.0 + 1e-6, 2.0 - 1e-6, 0.0, 1e-7]),
        np.array([1.0, 6.0, 1.0, 3.0, 2.0, 1.0]),
        error=5e-6,
    )
    np.testing.assert_allclose(lam, [5.0, 2.0 - 2e-7, 1e-7, 0.0], rtol=1e-14)
    np.testing.assert_array_equal(w, [1, 10, 1, 2])  # zero stays apart: it is exact


def test_a_continuum_is_cut_into_pieces_of_the_error():
    values = np.linspace(2.0, 1.0, 10_001)
    lam, w = merge_equal(values, np.ones(10_001), error=0.01)
    assert 90 <= lam.size <= 110
    assert w.sum() == 10_001
    assert np.all(np.diff(lam) < 0.0)
    np.testing.assert_allclose(np.repeat(lam, w.astype(int)), values, atol=0.01)
    assert w @ lam == pytest.approx(values.sum(), rel=1e-13)


@pytest.mark.parametrize(("n", "d"), [(50, 10), (2000, 10), (100, 100), (300, 120), (30, 400)])
def test_solver_error_covers_how_far_equal_eigenvalues_come_apart(n, d):
    rng = np.random.default_rng(0)
    rank = min(n, d)
    for lam in (np.ones(rank), np.r_[5.0, np.ones(rank // 2), np.full(rank - 1 - rank // 2, 1e-3)]):
        left = np.linalg.qr(rng.standard_normal((n, rank)))[0]
        right = np.linalg.qr(rng.standard_normal((d, rank)))[0]
        data = left * np.sqrt(lam * n) @ right.T
        found = principal_components(data, center=False).eigenvalues[:rank]
        error = solver_error(lam.max(), rank)
        spread = max(np.ptp(found[np.isclose(found, level, rtol=1e-6)]) for level in np.unique(lam))
        assert 0.0 < spread < error < 30.0 * spread + EPS
        np.testing.assert_array_equal(
            Spectrum.from_data(data, center=False).multiplicities[: np.unique(lam).size],
            np.unique(lam, return_counts=True)[1][::-1],
        )


def test_an_error_that_is_given_is_used():
    values = [4.0, 4.0 - 1e-6, 1.0]
    assert Spectrum.from_eigenvalues(values).eigenvalues.size == 3
    assert Spectrum.from_eigenvalues(values, error=1e-5).eigenvalues.size == 2
    with pytest.raises(InputError, match="error must not be negative"):
        Spectrum.from_eigenvalues(values, error=-1.0)


@pytest.mark.parametrize(
    ("values", "counts", "words"),
    [
        ([1.0, -1e-3], None, "must not be negative, but -0.001 was given"),
        ([1.0, 2.0], [1.0, 0.0], "multiplicities must be positive"),
        ([1.0, 2.0], [1.0, -0.5], "multiplicities must be positive"),
        ([1.0, 2.0], [1.0], "1 multiplicities were given for 2 eigenvalues"),
        ([1.0, 2.0], [1.0, 1.0, 1.0], "3 multiplicities were given for 2 eigenvalues"),
        ([[1.0, 2.0]], None, r"non-empty list, not an array of shape \(1, 2\)"),
        ([], None, r"non-empty list, not an array of shape \(0,\)"),
        ([0.0, 1e-310], None, "all eigenvalues are zero"),
    ],
)
def test_what_is_no_spectrum_is_refused(values, counts, words):
    with pytest.raises(InputError, match=words):
        checked_eigenvalues(values, counts)


def test_negligible_eigenvalues_are_zero():
    lam, _ = checked_eigenvalues([1e10, 1e-320], None)
    np.testing.assert_array_equal(lam, [1e10, 0.0])


def test_spikes_are_a_list_that_leaves_a_bulk():
    np.testing.assert_array_equal(Spectrum.spiked(2, 5.0).leading(2), [5.0, 1.0])
    with pytest.raises(InputError, match=r"spikes must be a list, not an array of shape \(1, 2\)"):
        Spectrum.spiked(9, [[5.0, 4.0]])
    with pytest.raises(InputError, match=r"2 spikes do not fit .* use dim of at least 3"):
        Spectrum.spiked(2, [5.0, 4.0])


def test_a_power_law_may_span_three_hundred_decades():
    assert power_law_eigenvalues(10, 300.0)[-1] == pytest.approx(1e-300)
    assert power_law_eigenvalues(1, 1e6).tolist() == [1.0]
    for dim, exponent in ((10, 300.5), (100, 151.0), (10, 5000.0)):
        with pytest.raises(InputError, match="spans more than 300 decades"):
            power_law_eigenvalues(dim, exponent)


def test_each_factor_has_the_eigenvalue_of_its_rank():
    groups = leading_groups(np.array([1.0, 2.0, 4.0]), 7, 6)
    assert groups.tolist() == [0, 1, 1, 2, 2, 2]
    assert leading_groups(np.array([1.0, 2.0, 4.0]), 7, 1).tolist() == [0]
    with pytest.raises(InputError, match="has 7 dimensions: use at most 7"):
        leading_groups(np.array([1.0, 2.0, 4.0]), 7, 8)


def test_groups_of_real_multiplicities_below_one_reach_the_last_factor():
    # Ends 0.4, 0.8, 1.6, 2, 2.7, 3: as many values as factors reach only half of the dimensions.
    shares = np.array([0.4, 0.4, 0.8, 0.4, 0.7, 0.3])
    assert leading_groups(shares, 3, 3).tolist() == [1, 2, 4]


def test_means_of_ranks_by_hand():
    values, shares = np.array([8.0, 4.0, 1.0, 1e-30]), np.array([0.5, 1.0, 0.5, 1.0])
    expected = [6.0, 0.5 * 4.0 + 0.5 * 1.0, 1e-30]
    np.testing.assert_allclose(means_of_ranks(values, shares, 3), expected, rtol=1e-12)
    np.testing.assert_allclose(means_of_ranks(values, shares, 2), expected[:2], rtol=1e-12)
    found = means_of_ranks(np.array([8.0, 4.0]), np.array([2.5, 1.5]), 4)
    np.testing.assert_allclose(found, [8.0, 8.0, 6.0, 4.0], rtol=1e-12)


def test_axes_and_means_fit_their_spectrum():
    for columns in (1, 3):
        np.testing.assert_array_equal(checked_axes(np.eye(3)[:, :columns], 3)[0, 0], 1.0)
    for shape in ((3, 4), (4, 3), (2, 2), (3,), (3, 3, 3)):
        with pytest.raises(InputError, match=r"the spectrum has dimension 3: give one column"):
            checked_axes(np.ones(shape), 3)
    np.testing.assert_array_equal(checked_mean(np.arange(3.0), 3), [0.0, 1.0, 2.0])
    for shape in ((2,), (4,), (1, 3)):
        with pytest.raises(InputError, match=r"has dimension 3: give 3 numbers"):
            checked_mean(np.ones(shape), 3)


def test_numbers_are_the_same_up_to_64_units_in_the_last_place():
    for apart, size in ((63.5, 1), (64.0, 2)):
        lam, w = merge_equal(np.array([1.0, 1.0 - apart * EPS]), np.ones(2))
        assert lam.size == size
        assert w.sum() == 2.0
    assert SAME == 64.0 * EPS


def test_pieces_of_a_continuum_by_hand():
    """Each starts a whole number of errors below the largest: 10, 9, 8, and what is apart."""
    values = np.array([0.0, 10.0, 9.75, 9.25, 8.75, 8.25, 8.0, 7.5, 3.0])
    counts = np.array([2.0, 1.0, 2.0, 1.0, 1.0, 3.0, 1.0, 1.0, 4.0])
    lam, w = merge_equal(values, counts, error=1.0)
    np.testing.assert_allclose(lam, [9.6875, 8.375, 7.75, 3.0, 0.0], rtol=1e-14)
    np.testing.assert_array_equal(w, [4.0, 4.0, 2.0, 4.0, 2.0])


def test_the_error_of_a_solver_is_four_roots_of_the_size():
    assert solver_error(2.0, 9) == 4.0 * 3.0 * EPS * 2.0
    assert solver_error(2.0, 9, 1e-7) == pytest.approx(2.4e-6)


def test_sizes_that_fill_the_memory_are_refused():
    with pytest.raises(InputError) as caught:
        power_law_eigenvalues(20_000_001, 1.0)
    assert str(caught.value) == (
        "a power law in dimension 20000001 would hold as many eigenvalues in memory: use dim of at "
        "most 20000000."
    )
    with pytest.raises(InputError) as caught:
        power_law_eigenvalues(20_000_000, 50.0)
    assert str(caught.value) == (
        "a power law with exponent 50 in dimension 20000000 spans more than 300 decades: lower one "
        "of the two."
    )
    whole = np.array([1e6])
    assert leading_groups(whole, 10**6, 100_000).size == 100_000
    with pytest.raises(InputError) as caught:
        leading_groups(whole, 10**6, 100_001)
    assert str(caught.value) == (
        "factors = 100001 was asked for, but the spectrum has 1000000 dimensions: use at most "
        "100000."
    )


def test_the_smallest_numbers_that_count():
    tiny = np.finfo(float).tiny
    assert checked_eigenvalues([tiny], None)[0].tolist() == [tiny]
    kept, _ = checked_eigenvalues([1.0, 1e-307, np.nextafter(1e-307, 0.0)], None)
    assert kept.tolist() == [1.0, 1e-307, 0.0]
    _, counts = checked_eigenvalues([2.0, 1.0], [0.5, 1.0])
    assert counts.tolist() == [0.5, 1.0]
