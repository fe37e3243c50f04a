"""Overlaps of degenerate factors, above all where n is near the number of eigenvalues."""

import numpy as np
import pytest

from convergen.theory import InputError, Spectrum
from convergen.theory.random_matrices import eigenvector_windows as module
from convergen.theory.random_matrices.eigenvector_windows import (
    SampleCurve,
    _rule,
    lifted_paths,
    subspace_overlap,
    window_overlaps,
)

MIXED = ([4.0, 1.0, 0.25, 0.0], [10, 20, 30, 15])
# Two levels, and how often the upper one occurs.
CRASHED = [(10, 4, 6.583938673866658), (5, 2, 11.973215306386209), (1536370, 3030, 2.3667134523947)]
CRASHED += [(480_000_000, 4, 1.0030570165599602), (480_000_000, 3030, 2.4)]


def two_levels(rng):
    """A random dimension, size of the upper level and its ratio to the lower one."""
    dim = int(rng.integers(2, 50) if rng.random() < 0.8 else 2 + 10 ** rng.uniform(0, 9))
    size = int(dim * rng.random() if rng.random() < 0.5 else 10 ** rng.uniform(0, 4))
    ratio = 1.0 + 10 ** rng.uniform(-3, 3) if rng.random() < 0.7 else 10 ** rng.uniform(0.01, 60)
    return dim, min(max(size, 1), dim - 1), float(ratio)


def check_two_levels(dim, size, ratio):
    """Overlaps are fractions above chance, grow with n, and what one level loses the other does."""
    spectrum = Spectrum.from_eigenvalues([ratio, 1.0], [size, dim - size])
    counts = spectrum.multiplicities
    samples = [max(dim - 1.0, 1.0), float(dim), dim + 1.0]
    with np.errstate(all="raise", under="ignore"):
        q = np.array([window_overlaps(spectrum, n, [0, 1]) for n in samples])
    label = f"dim {dim}, {size} of {ratio!r}"
    assert np.all(q >= counts / dim - 1e-9), label
    assert np.all(q <= 1.0), label
    assert np.all(np.diff(q, axis=0) > -1e-9), label
    lost = counts * (1.0 - q)
    np.testing.assert_allclose(lost[:, 0], lost[:, 1], atol=1e-9 * dim, rtol=1e-6, err_msg=label)


@pytest.mark.parametrize(("dim", "size", "ratio"), CRASHED)
def test_levels_on_which_the_solver_once_failed(dim, size, ratio):
    check_two_levels(dim, size, ratio)


def test_random_levels_at_n_near_the_dimension():
    rng = np.random.default_rng(20261126)
    for _ in range(200):
        check_two_levels(*two_levels(rng))


@pytest.mark.slow
def test_a_hundred_thousand_random_levels_at_n_near_the_dimension():
    rng = np.random.default_rng(1)
    for _ in range(100_000):
        check_two_levels(*two_levels(rng))


def simulated(spectrum, samples, group, sets, seed):
    """Mean squared overlap of the sample eigenvectors of a group's ranks, and its error."""
    rng = np.random.default_rng(seed)
    lam = np.repeat(spectrum.eigenvalues, spectrum.multiplicities.astype(int))
    x = rng.standard_normal((sets, samples, lam.size)) * np.sqrt(lam)
    vectors = np.linalg.eigh(x.transpose(0, 2, 1) @ x)[1][:, :, ::-1]
    start = int(spectrum.multiplicities[:group].sum())
    ranks = slice(start, start + int(spectrum.multiplicities[group]))
    overlap = np.sum(vectors[:, ranks, ranks] ** 2, axis=1).mean(axis=1)
    return overlap.mean(), overlap.std() / np.sqrt(sets)


@pytest.mark.parametrize("extra", [-1, 0, 1])
@pytest.mark.parametrize(("dim", "size", "ratio"), [*CRASHED[:2], (60, 6, 8.0)])
def test_overlaps_near_n_equal_to_the_dimension_agree_with_simulation(dim, size, ratio, extra):
    spectrum = Spectrum.from_eigenvalues([ratio, 1.0], [size, dim - size])
    mean, stderr = simulated(spectrum, dim + extra, 0, 12_000 // dim, seed=5)
    assert stderr < 0.006
    # The limit of large d lies above, by about 0.2/d here.
    above = subspace_overlap(spectrum, dim + extra, 0) - mean
    assert -4.0 * stderr < above < 4.0 * stderr + 0.25 / dim


@pytest.mark.parametrize("gap", [1e-8, 1e-20, 1e-60])
@pytest.mark.parametrize("extra", [-1.0, 0.0, 1e-9, 1.0])
def test_groups_on_both_sides_of_a_gap_that_n_falls_into(gap, extra):
    # With n = 7 the data fill the levels above the gap and say nothing of the level below.
    spectrum = Spectrum.from_eigenvalues([1.0, 0.4, 0.4 * gap], [3, 4, 5])
    q = window_overlaps(spectrum, 7.0 + extra, [0, 1, 2])
    alone = Spectrum.from_eigenvalues([1.0, 0.4], [3, 4])
    above = window_overlaps(alone, 7.0 + extra, [0, 1])
    if extra >= 0.0:
        np.testing.assert_allclose(q[:2], above, atol=3.0 * gap**0.5 + 1e-8)
        assert q[2] == pytest.approx(1.0, abs=3.0 * gap**0.5 + 1e-8)
    else:
        assert q[0] == pytest.approx(above[0], abs=3.0 * gap**0.5 + 1e-8)


def test_groups_that_do_not_exist_are_refused():
    spectrum = Spectrum.from_eigenvalues([2.0, 1.0], [1, 4])
    for group in (2, -1, 0.5):
        with pytest.raises(InputError, match="group"):
            subspace_overlap(spectrum, 5.0, group)


def test_real_multiplicities_that_add_up_to_the_dimension_up_to_rounding():
    sizes = np.array([0.41795038, 7.582049620000002])
    assert sizes.sum() > 8.0
    (q,) = window_overlaps(Spectrum.from_eigenvalues([0.82, 0.75], sizes), 60.0, [1])
    assert 0.9 < q <= 1.0


def test_paths_have_48_nodes_and_twice_as_many_each_time():
    """∫ dκ/κ from 1 to 4 is log 4, along any path that leaves the origin on one side."""
    paths = list(lifted_paths(1.0 + 0j, 4.0 + 0j))
    assert [kappa.size for kappa, _ in paths] == [48 * 2**k for k in range(7)]
    for kappa, weights in paths[1:]:
        assert np.sum(weights / kappa) == pytest.approx(np.log(4.0), abs=1e-9)


def test_paths_run_above_the_curve_as_high_as_they_are_long():
    start, stop = -3.0 + 0.2j, -1.0 + 0.5j
    paths = list(lifted_paths(start, stop))
    assert [kappa.size for kappa, _ in paths] == [48, 96, 192, 384, 768, 1536, 3072]
    for kappa, velocity in paths:
        assert velocity.sum() == pytest.approx(stop - start, rel=1e-9)
        turned = np.sum(velocity / kappa)
        assert turned == pytest.approx(np.log(stop / start), rel=1e-5)
        assert kappa[0] == pytest.approx(start, abs=1e-12)
        assert kappa[-1] == pytest.approx(stop, abs=1e-12)
    middle = 0.5 * (start + stop) + 1j * abs(stop - start)
    assert np.abs(paths[-1][0] - middle).min() < 0.01


def test_nodes_of_a_path_come_very_near_to_its_ends():
    first, t, rest, weights = _rule(3072)
    np.testing.assert_array_equal(first, np.arange(3072) < 1536)
    assert 1e-62 < t[0] < 1e-60
    np.testing.assert_array_equal(rest, t[::-1])
    for power, exact in ((0, 1.0), (1, 0.5), (0.5, 2.0 / 3.0)):
        assert weights @ t**power == pytest.approx(exact, rel=1e-13)


@pytest.mark.parametrize("samples", [12.0, 59.5, 60.0, 61.0, 1e4])
def test_zeros_of_the_population_lie_in_the_null_space(samples):
    """Of the null space's 75 − min(n, 60) dimensions they are 15, and its ranks share them."""
    found = subspace_overlap(Spectrum.from_eigenvalues(*MIXED), samples, 3)
    assert found == pytest.approx(15.0 / (75.0 - min(samples, 60.0)), rel=1e-12)


@pytest.mark.parametrize("group", [4, 5, 90])
def test_groups_that_are_not_there_are_refused(group):
    with pytest.raises(InputError) as refused:
        subspace_overlap(Spectrum.from_eigenvalues(*MIXED), 5.0, group)
    assert str(refused.value) == (
        f"group = {group} was asked for, but the spectrum has 4 distinct eigenvalues: "
        "use at most 3."
    )


@pytest.mark.parametrize(("groups", "kept"), [(1, 512), (64, 512), (100, 800)])
def test_only_tails_longer_than_what_is_kept_are_compressed(groups, kept):
    def curve(size):
        lam = np.linspace(2.0, 1.0, size)
        return lam / 2.0 * module.TOP, SampleCurve.of(
            Spectrum.from_eigenvalues(lam, np.ones(size)), 40.0, groups
        )

    lam, whole = curve(2 * kept)
    np.testing.assert_allclose(whole.nodes, lam, rtol=1e-14)
    lam, short = curve(2 * kept + 1)
    assert short.nodes.size < kept + 60
    np.testing.assert_allclose(short.nodes[:kept], lam[:kept], rtol=1e-14)
    np.testing.assert_array_equal(short.weights[:kept], 1.0)
    assert short.weights.sum() == pytest.approx(2 * kept + 1, rel=1e-12)


class Compressed(Exception):
    pass


class Kept(Exception):
    pass


@pytest.mark.parametrize(("size", "seen"), [(1600, Kept), (1601, Compressed)])
def test_as_many_are_kept_as_the_last_group_needs(monkeypatch, size, seen):
    def stop(how):
        def stopped(*_):
            raise how

        return stopped

    monkeypatch.setattr(module, "compress", stop(Compressed))
    monkeypatch.setattr(module, "base_kappa", stop(Kept))
    spectrum = Spectrum.from_eigenvalues(np.linspace(2.0, 1.0, size), np.ones(size))
    with pytest.raises(seen):
        window_overlaps(spectrum, 40.0, [3, 99])


def edge_between(curve, gap, bulk):
    """Where the curve leaves the real axis, between a in a gap and a in a bulk."""
    for _ in range(200):
        middle = 0.5 * (gap + bulk)
        gap, bulk = (gap, middle) if curve.point(middle).imag > 0.0 else (middle, bulk)
    return bulk


def test_points_of_a_rank_lie_in_the_middle_of_gaps():
    curve = SampleCurve.of(Spectrum.from_eigenvalues([4.0, 1.0], [10, 20]), 3000.0, 2)
    upper, lower, between = module.TOP, 0.25 * module.TOP, 0.5 * module.TOP
    ends = [edge_between(curve, between, each) for each in (upper, lower)]
    found = curve.at_rank(10.0)
    assert found.imag == 0.0
    assert found.real == pytest.approx(-np.sqrt(ends[0] * ends[1]), rel=1e-6)
    # Of all ranks: halfway from the last edge down to where the zeros would be.
    last = edge_between(curve, 0.01 * lower, lower)
    assert curve.at_rank(30.0) == pytest.approx(-0.5 * last, rel=1e-9)
    # Of none: well beyond the first.
    first = upper + np.sqrt(curve.weights @ curve.nodes**2 / 3000.0)
    assert edge_between(curve, 3.0 * upper, upper) < first
    assert curve.at_rank(0.0) == pytest.approx(-2.0 * first, rel=1e-12)


@pytest.mark.parametrize("rank", [0.5, 3.0, 9.9, 14.0])
@pytest.mark.parametrize("samples", [20.0, 60.0])
def test_points_of_a_rank_have_as_many_eigenvalues_above_them(samples, rank):
    curve = SampleCurve.of(Spectrum.from_eigenvalues([4.0, 1.0], [10, 20]), samples, 2)
    point = curve.at_rank(rank)
    above = module.ranked_point(curve.nodes, curve.weights, samples, -point.real)[1]
    assert above == pytest.approx(rank, abs=1e-7)


def test_the_end_of_the_bulk_for_few_samples_is_seen_from_the_base_point():
    curve = SampleCurve.of(Spectrum.isotropic(30), 10.0, 1)
    low = edge_between(curve, -curve.base, 0.0)
    assert curve.at_rank(10.0).real == pytest.approx(-0.5 * (low - curve.base), rel=1e-9)
