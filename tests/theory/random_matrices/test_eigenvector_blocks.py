"""Block overlaps against simulated eigenvectors, and against the overlaps in the bulk."""

import numpy as np
import pytest
from scipy.optimize import brentq

from convergen import theory
from convergen.theory import InputError, Spectrum
from convergen.theory.random_matrices import eigenvector_blocks as overlap_blocks
from convergen.theory.random_matrices.eigenvector_blocks import block_edges, block_overlap
from tests.monte_carlo import Stored
from tests.simulation import expanded

stored = Stored(__file__)
CASES = {
    "isotropic": Spectrum.isotropic(120),
    "power law": Spectrum.power_law(150, 1.0),
    "steep": Spectrum.power_law(100, 2.0),
    "spiked": Spectrum.spiked(120, [20.0, 5.0]),
    "two levels": Spectrum.from_eigenvalues([3.0, 1.0], [40, 60]),
    "zeros": Spectrum.from_eigenvalues([4.0, 1.0, 0.25, 0.0], [10, 20, 30, 15]),
}
RNG = np.random.default_rng(5)
WIDE = Spectrum.from_eigenvalues(10.0 ** RNG.uniform(-300.0, 0.0, 200))


@stored
def simulated(name, n, edges, repeats, seed, complex_data):
    """Mean and standard error of (overlap, sample eigenvalue) of each block.

    Complex Gaussian data have a finite-size bias of second order, real ones of first.
    """
    rng = np.random.default_rng(seed)
    lam = expanded(CASES[name])
    filled = min(n, CASES[name].rank)
    sizes = np.diff(edges)
    overlaps, eigenvalues = [], []
    for _ in range(repeats):
        x = rng.standard_normal((n, lam.size))
        if complex_data:
            x = (x + 1j * rng.standard_normal(x.shape)) / np.sqrt(2.0)
        x *= np.sqrt(lam / n)
        values, vectors = np.linalg.eigh(x.conj().T @ x)
        values, square = values[::-1], np.abs(vectors[:, ::-1].T) ** 2
        if filled < lam.size:  # any basis of the null space will do
            square[filled:] = square[filled:].mean(axis=0)
        rows = np.add.reduceat(square, edges[:-1], axis=0) / sizes[:, None]
        overlaps.append(np.add.reduceat(rows, edges[:-1], axis=1))
        eigenvalues.append(np.add.reduceat(values, edges[:-1]) / sizes)
    return {
        label: (np.mean(draws, axis=0), np.std(draws, axis=0, ddof=1) / np.sqrt(repeats))
        for label, draws in (("overlap", overlaps), ("eigenvalue", eigenvalues))
    }


@pytest.mark.parametrize("load", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("name", CASES)
def test_wide_blocks_agree_with_simulation(name, load):
    spectrum = CASES[name]
    n = round(load * spectrum.dim)
    # The leading fifth, three fifths cut in the middle, and the last fifth.
    edges = np.round(np.array([0.0, 0.2, 0.5, 0.8, 1.0]) * spectrum.dim).astype(int)
    found = block_overlap(spectrum, n, edges)
    simulation = simulated(name, n, tuple(edges.tolist()), 24, 1, True)
    (overlap, stderr), (eigenvalue, spread) = simulation["overlap"], simulation["eigenvalue"]
    assert stderr.max() < 0.01
    assert np.all(np.abs(overlap - found.overlap) < 4.0 * stderr + 1e-12)
    assert np.all(np.abs(eigenvalue - found.sample_eigenvalue) < 4.0 * spread + 1e-12)


@pytest.mark.parametrize("load", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("name", CASES)
def test_single_ranks_are_close_to_simulation(name, load):
    spectrum = CASES[name]
    n = round(load * spectrum.dim)
    edges = block_edges(spectrum.dim)
    overlap, stderr = simulated(name, n, tuple(edges.tolist()), 24, 2, False)["overlap"]
    assert stderr.max() < 0.06
    error = np.abs(overlap - block_overlap(spectrum, n, edges).overlap)
    assert np.all(error < 0.04 + 4.0 * stderr)


@pytest.mark.parametrize("samples", [1, 1.5, 40, 60, 120, 121, 1e4, 1e12])
@pytest.mark.parametrize("name", [*CASES, "wide"])
def test_rows_columns_and_trace(name, samples):
    spectrum = {**CASES, "wide": WIDE}[name]
    found = block_overlap(spectrum, samples, block_edges(spectrum.dim))
    sizes = np.diff(found.edges)
    assert np.all((found.overlap >= 0.0) & (found.overlap <= 1.0))
    np.testing.assert_allclose(found.overlap.sum(axis=1), 1.0, atol=2e-7)
    np.testing.assert_allclose(sizes @ found.overlap, sizes, rtol=2e-7)
    assert sizes @ found.sample_eigenvalue == pytest.approx(spectrum.trace, rel=1e-7)
    assert sizes @ found.population_eigenvalue == pytest.approx(spectrum.trace, rel=1e-12)
    assert np.all(np.diff(found.sample_eigenvalue) <= 1e-7 * found.sample_eigenvalue[:-1])


@pytest.mark.parametrize("samples", [45.0, 60.0, 90.0])
def test_a_block_is_the_integral_of_the_overlap_in_the_bulk(samples):
    spectrum = Spectrum.power_law(60, 0.7)
    edges = np.array([0, 9, 17, 29, 60])
    found = block_overlap(spectrum, samples, edges)
    for a in (1, 2):  # blocks with nothing but bulk at both ends

        def above(log, rank):
            bulk = theory.sample_spectrum(spectrum, samples, np.exp(log))
            return spectrum.dim * (1.0 - bulk.below[0]) - rank

        stop, start = (brentq(above, -9.0, 3.0, args=(edges[i],)) for i in (a, a + 1))
        u, weights = np.polynomial.legendre.leggauss(60)
        x = np.exp(start + 0.5 * (stop - start) * (u + 1.0))
        bulk = theory.sample_spectrum(spectrum, samples, x)
        measure = 0.5 * (stop - start) * weights * x * bulk.density
        single = measure @ bulk.overlap / (edges[a + 1] - edges[a])
        np.testing.assert_allclose(found.overlap[a], np.add.reduceat(single, edges[:-1]), rtol=1e-7)
        mean = spectrum.dim * measure @ x / (edges[a + 1] - edges[a])
        assert found.sample_eigenvalue[a] == pytest.approx(mean, rel=1e-7)


def test_the_null_space_is_that_of_the_sample_spectrum():
    spectrum = CASES["power law"]
    edges = np.array([0, 50, 100, 150])
    found = block_overlap(spectrum, 100, edges)
    bulk = theory.sample_spectrum(spectrum, 100, [1.0])
    expected = np.add.reduceat(bulk.null_overlap, edges[:-1]) / spectrum.dim
    np.testing.assert_allclose(found.overlap[2], expected, rtol=1e-10)
    assert found.sample_eigenvalue[2] == 0.0


@pytest.mark.parametrize("samples", [30, 300, 3000])
def test_isotropic_eigenvectors_carry_no_information(samples):
    found = block_overlap(Spectrum.isotropic(300), samples, [0, 1, 30, 300])
    np.testing.assert_allclose(found.overlap, np.tile([1 / 300, 29 / 300, 0.9], (3, 1)), rtol=1e-9)


def test_a_spike_of_its_own_has_the_limit_of_paul():
    spectrum = Spectrum.spiked(10_000, [10.0])
    found = block_overlap(spectrum, 5000, [0, 1, 10_000])
    expected = theory.latent_recovery(spectrum, 5000, factors=1)
    assert found.overlap[0, 0] == pytest.approx(float(expected[0]), abs=1e-3)


@pytest.mark.parametrize("samples", [10, 60, 600])
def test_blocks_of_one_group_are_the_subspace_overlap(samples):
    spectrum = CASES["zeros"]
    found = block_overlap(spectrum, samples, [0, 10, 30, 60, 75])
    expected = [theory.subspace_overlap(spectrum, samples, group) for group in range(4)]
    np.testing.assert_allclose(np.diag(found.overlap), expected, atol=1e-8)


@pytest.mark.parametrize("samples", [30, 100, 1000])
def test_splitting_a_multiplicity_changes_nothing(samples):
    edges = [0, 15, 40, 70, 100]
    whole = block_overlap(CASES["two levels"], samples, edges)
    shift = 1.0 + 1e-11 * np.linspace(-1.0, 1.0, 100)
    split = block_overlap(
        Spectrum.from_eigenvalues(expanded(CASES["two levels"]) * shift), samples, edges
    )
    np.testing.assert_allclose(split.overlap, whole.overlap, atol=1e-7)
    np.testing.assert_allclose(split.sample_eigenvalue, whole.sample_eigenvalue, rtol=1e-7)


@pytest.mark.parametrize("scale", [1e-250, 1e-3, 1e250])
def test_only_ratios_of_eigenvalues_matter(scale):
    spectrum = CASES["power law"]
    scaled = Spectrum.from_eigenvalues(spectrum.eigenvalues * scale)
    edges = block_edges(150)
    found, expected = block_overlap(scaled, 70, edges), block_overlap(spectrum, 70, edges)
    np.testing.assert_allclose(found.overlap, expected.overlap, rtol=1e-7)
    np.testing.assert_allclose(
        found.sample_eigenvalue, scale * expected.sample_eigenvalue, rtol=1e-9
    )


@pytest.mark.parametrize("samples", [2e4, 1e8])
def test_merging_neighbours_is_not_seen(samples, monkeypatch):
    # At n = 1e8 ends of paths come nearer to the eigenvalues than merged neighbours are apart.
    spectrum = Spectrum.power_law(20_000, 1.0)
    edges = [0, 5000, 10_000, 10_010, 20_000]
    found = block_overlap(spectrum, samples, edges).overlap
    monkeypatch.setattr(overlap_blocks, "_thin", lambda lam, w: (lam, w))
    np.testing.assert_allclose(found, block_overlap(spectrum, samples, edges).overlap, atol=1e-7)


def test_many_samples_recover_every_block():
    found = block_overlap(Spectrum.power_law(200, 1.0), 1e9, block_edges(200))
    np.testing.assert_allclose(found.overlap, np.eye(found.edges.size - 1), atol=1e-3)
    np.testing.assert_allclose(found.sample_eigenvalue, found.population_eigenvalue, rtol=1e-4)


def test_ten_million_dimensions():
    spectrum = Spectrum.spiked(10**7, [30.0, 7.0])
    found = block_overlap(spectrum, 10**6, block_edges(10**7, 2))
    np.testing.assert_allclose(found.overlap.sum(axis=1), 1.0, atol=1e-7)
    assert found.overlap[0, 0] == pytest.approx(
        float(theory.latent_recovery(spectrum, 10**6, factors=1)[0]), abs=1e-3
    )


@pytest.mark.parametrize(
    ("dim", "factors", "expected"),
    [
        (1, 3, [0, 1]),
        (3, 5, [0, 1, 2, 3]),
        (20, 1, [0, 1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20]),
        (64, 3, [0, 1, 2, 3, 6, 12, 19, 26, 33, 40, 47, 54, 61, 64]),
    ],
)
def test_edges(dim, factors, expected):
    np.testing.assert_array_equal(block_edges(dim, factors), expected)


def test_edges_of_ten_million_are_few():
    edges = block_edges(10**7)
    assert edges[0] == 0
    assert edges[-1] == 10**7
    assert edges.size < 40
    assert np.all(np.diff(edges) > 0)


@pytest.mark.parametrize(
    "edges",
    [[], [0], [0, 5], [1, 10], [0, 5, 5, 10], [0, 6, 5, 10], [0, 2.5, 10], [[0, 10]]],
)
def test_bad_edges_are_refused(edges):
    with pytest.raises(InputError, match=r"edges|empty") as error:
        block_overlap(Spectrum.isotropic(10), 5, edges)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("samples", [0, np.inf])
def test_bad_samples_are_refused(samples):
    with pytest.raises(InputError):
        block_overlap(Spectrum.isotropic(10), samples, [0, 10])


@pytest.mark.parametrize(("dim", "factors"), [(0, 3), (10, 0), (2.5, 1)])
def test_bad_counts_are_refused(dim, factors):
    with pytest.raises(InputError):
        block_edges(dim, factors)


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_simulations_give_what_is_stored(call):
    stored.derive_again(call)


@pytest.mark.parametrize("name", ["two levels", "steep"])
def test_windows_are_refined_until_they_agree_and_no_further(name, monkeypatch):
    paths, sizes = overlap_blocks.lifted_paths, []

    def watched(start, stop):
        for found in paths(start, stop):
            sizes.append(found[0].size)
            yield found

    monkeypatch.setattr(overlap_blocks, "lifted_paths", watched)
    block_overlap(CASES[name], 300, [0, 20, 60, CASES[name].dim])
    assert 96 <= max(sizes) < 1536
