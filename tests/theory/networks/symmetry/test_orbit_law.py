"""The linear law of orbits against simulations and exact limits."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from convergen.theory.common.checks import InputError
from convergen.theory.linear.order_parameters import convergence
from convergen.theory.networks.symmetry import orbit_law as module
from convergen.theory.networks.symmetry.orbit_law import fourier_blocks, orbit_law
from convergen.theory.networks.symmetry.orbits import Orbit
from convergen.theory.spectra.spectrum import Spectrum
from tests.monte_carlo import Stored
from tests.options import unsaid

stored = Stored(__file__)


def invariant(side, alpha):
    """Covariance of a periodic field of power spectrum |k|^-alpha."""
    frequency = np.fft.fftfreq(side) * side
    power = (1.0 + frequency[:, None] ** 2 + frequency[None] ** 2) ** (-alpha / 2)
    row = np.fft.ifft2(power).real
    columns = [np.roll(row, (i, j), (0, 1)).ravel() for i in range(side) for j in range(side)]
    return np.array(columns)


def random(dim):
    root = np.random.default_rng(5).standard_normal((dim, dim))
    return root @ root.T


@stored
def simulated(side, shift, n, repeats, seed):
    """q of orbits, by another route: singular values of points, no Fourier modes."""
    rng = np.random.default_rng(seed)
    root = np.linalg.cholesky(invariant(side, 2.5))
    products = []
    for _ in range(repeats):
        roots = []
        for _ in range(2):
            images = (rng.standard_normal((n, side**2)) @ root.T).reshape(n, side, side)
            moved = [
                np.roll(images, (i, j), (1, 2)).reshape(n, -1)
                for i in range(0, side, shift)
                for j in range(0, side, shift)
            ]
            rows = np.concatenate(moved)
            values, vectors = np.linalg.eigh(rows.T @ rows / len(rows))
            roots.append((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)
        a, b = roots
        products.append([np.sum(a * b), np.sum(a * a), np.sum(b * b)])
    means = np.mean(products, axis=0)
    spread = np.std([p[0] / np.sqrt(p[1] * p[2]) for p in products]) / np.sqrt(repeats)
    return {"q": means[0] / np.sqrt(means[1] * means[2]), "error": spread}


# Blocks of 1 are exact; those of 16 and 64 have the error 1/d of any law of their size.
@pytest.mark.parametrize(
    ("side", "shift", "n", "bias"),
    [(8, 1, 2, 0.0), (8, 1, 9, 0.0), (8, 2, 4, 0.01), (16, 8, 16, 0.008), (16, 8, 100, 0.004)],
)
def test_the_closed_form_follows_simulations(side, shift, n, bias):
    law = orbit_law(invariant(side, 2.5), (1, side, side), Orbit(shift), n)
    assert law.closed_form
    assert law.error == 0.0
    expected = simulated(side, shift, n, 60 if side == 8 else 12, 3)
    assert abs(law.convergence - expected["q"]) < 4.0 * expected["error"] + bias


@pytest.mark.parametrize(
    ("side", "shift", "n"), [(8, 2, 4), (8, 4, 4), (8, 4, 16), (16, 8, 16), (16, 8, 100)]
)
def test_blocks_at_small_n_are_simulated_where_that_is_possible(side, shift, n):
    """Real and complex blocks of 4, 16 and 64 dimensions; beyond n = 64 the law is right."""
    law = orbit_law(
        invariant(side, 2.5), (1, side, side), Orbit(shift), n, np.random.default_rng(4)
    )
    assert law.closed_form == (n == 100)
    expected = simulated(side, shift, n, 60 if side == 8 else 12, 3)
    assert float(law.error) < 0.006
    allowed = 4.0 * np.hypot(expected["error"], law.error) + 0.004 * law.closed_form
    assert abs(law.convergence - expected["q"]) < allowed


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 3), (3, 4), (4, 1), (4, 6)])
def test_a_mode_is_real_if_it_is_its_own_negative(rows, columns):
    field = np.random.default_rng(0).standard_normal((rows, columns))
    expected = np.isclose(np.fft.fft2(field).imag, 0.0).ravel()
    found = module._own_conjugates((2, 3 * rows, 3 * columns), 3)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("real", "squared"), [(True, 2.0 / np.pi), (False, np.pi / 4.0)])
def test_modes_are_real_or_complex_gaussians(real, squared, monkeypatch):
    """One mode and one point: q = (E|z|)²/E|z|², and E|z|² = 1."""
    monkeypatch.setattr(module, "_PAIRS", 4000)
    products = module._products(np.ones(1), 1, real, np.random.default_rng(0))
    found, error = module._with_error(products)
    assert error < 0.01
    assert abs(found - squared) < 4.0 * error
    power, spread = products[:, 1:].mean(), products[:, 1:].std() / np.sqrt(products[:, 1:].size)
    assert abs(power - 1.0) < 4.0 * spread


@pytest.mark.parametrize("call", stored.calls())
def test_simulations_can_be_derived_again(call):
    stored.derive_again(call)


def test_without_a_group_it_is_the_linear_law():
    matrix, n = invariant(8, 2.0), np.array([3.0, 50.0])
    law = orbit_law(matrix, (1, 8, 8), Orbit(), n)
    spectrum = Spectrum.from_eigenvalues(np.linalg.eigvalsh(matrix))
    np.testing.assert_allclose(law.convergence, convergence(spectrum, n), rtol=1e-9)


def test_blocks_share_out_the_eigenvalues_of_an_invariant_law():
    matrix = invariant(8, 2.0)
    blocks, outside = fourier_blocks(matrix, (1, 8, 8), 4)
    assert len(blocks) == 4
    assert outside < 1e-12
    np.testing.assert_allclose(
        np.sort(np.concatenate(blocks)), np.linalg.eigvalsh(matrix), atol=1e-12
    )


def test_blocks_of_channels_and_of_unequal_sides():
    rng = np.random.default_rng(6)
    images = rng.standard_normal((40, 2, 4, 8))
    rows = Orbit(2).of(images).reshape(-1, 64)
    matrix = rows.T @ rows / len(rows)
    blocks, outside = fourier_blocks(matrix, (2, 4, 8), 2)
    assert len(blocks) == 8
    assert blocks[0].shape == (8,)
    assert outside < 1e-12
    np.testing.assert_allclose(
        np.sort(np.concatenate(blocks)), np.linalg.eigvalsh(matrix), atol=1e-10
    )


def test_a_law_that_is_not_invariant_is_simulated():
    matrix = random(16)
    with pytest.raises(InputError, match="give rng"):
        orbit_law(matrix, (1, 4, 4), Orbit(2), 4)
    found = orbit_law(matrix, (1, 4, 4), Orbit(2), [4, 64], np.random.default_rng(7), repeats=40)
    assert not found.closed_form
    assert np.all(found.error > 0.0)
    # What it tends to is the law of the averaged covariance, block by block.
    rows = Orbit(2).of(np.linalg.cholesky(matrix).T.reshape(16, 1, 4, 4)).reshape(-1, 16)
    mean = orbit_law(rows.T @ rows / 4, (1, 4, 4), Orbit(2), [4, 64]).convergence
    assert np.all(np.abs(found.convergence - mean) < [0.1, 0.01])


def test_mirror_images_need_a_simulation_and_help():
    matrix = invariant(4, 2.0)
    rng = np.random.default_rng(8)
    plain = orbit_law(matrix, (1, 4, 4), Orbit(2), 3).convergence
    mirrored = orbit_law(matrix, (1, 4, 4), Orbit(2, mirrored=True), 3, rng, repeats=60)
    assert mirrored.convergence > plain + 2.0 * mirrored.error


def test_a_covariance_of_another_size_is_refused():
    with pytest.raises(InputError, match="16 coordinates"):
        orbit_law(np.eye(9), (1, 4, 4), Orbit(2), 4)


def moves(shape, shift):
    """Each translation as a matrix that acts on flat images."""
    places = np.arange(np.prod(shape)).reshape(shape)
    return [
        np.eye(places.size)[np.roll(places, (i, j), axis=(1, 2)).ravel()]
        for i in range(0, shape[1], shift)
        for j in range(0, shape[2], shift)
    ]


@pytest.mark.parametrize(("shape", "shift"), [((2, 4, 6), 2), ((1, 3, 4), 1)])
def test_what_lies_outside_of_the_blocks_is_what_the_group_averages_away(shape, shift):
    matrix, group = random(int(np.prod(shape))), moves(shape, shift)
    mean = sum(move @ matrix @ move.T for move in group) / len(group)
    blocks, outside = fourier_blocks(matrix, shape, shift)
    expected = np.linalg.norm(matrix - mean) / np.linalg.norm(matrix)
    assert 0.2 < expected < 0.95
    assert outside == pytest.approx(expected, rel=1e-9)
    np.testing.assert_allclose(np.sort(np.concatenate(blocks)), np.linalg.eigvalsh(mean), atol=1e-9)


def test_rounding_leaves_shares_and_eigenvalues_that_are_not_negative():
    for side in (3, 4, 5, 6, 7):
        for alpha in (1.0, 2.0, 3.0):
            _, outside = fourier_blocks(invariant(side, alpha), (1, side, side), 1)
            assert 0.0 <= outside < 1e-6
    blocks, _ = fourier_blocks(-np.eye(16), (1, 4, 4), 2)
    np.testing.assert_array_equal(blocks, 0.0)
    # Without a group, too, what rounding makes negative counts as zero.
    flat = np.ones((16, 16))
    trivial = orbit_law(-1e-14 * np.eye(16) + flat, (1, 4, 4), Orbit(), 3.0)
    assert 0.0 < trivial.convergence <= 1.0


def test_blocks_without_variance_count_for_nothing():
    law = orbit_law(np.ones((16, 16)), (1, 4, 4), Orbit(2), [2.0, 9.0])
    one = Spectrum.from_eigenvalues([1.0, 0.0], [1, 3])
    np.testing.assert_allclose(law.convergence, convergence(one, [2.0, 9.0]), rtol=1e-9)
    scaled = orbit_law(1e-6 * invariant(4, 2.0), (1, 4, 4), Orbit(2), 3.0)
    np.testing.assert_allclose(
        scaled.convergence, orbit_law(invariant(4, 2.0), (1, 4, 4), Orbit(2), 3.0).convergence
    )


@pytest.mark.parametrize(
    ("real", "n", "expected"),
    [
        (True, 1.0, 2.0 / np.pi), (True, 2.0, np.pi / 4.0),
        (False, 1.0, np.pi / 4.0), (False, 2.0, 9.0 * np.pi / 32.0),
    ],
)  # fmt: skip
def test_a_mode_of_its_own_has_the_overlap_of_mean_lengths(real, n, expected):
    """(E|z|)²/E|z|² of n real or complex Gaussians, from the moments of χ with n or 2n degrees."""
    found = module._block(np.ones(1), np.array(n), real=real, rng=None)
    assert found.convergence == pytest.approx(expected, rel=1e-12)
    assert found.closed_form
    assert found.error == 0.0


def test_one_coordinate_without_a_group_is_a_real_mode():
    law = orbit_law([[3.0]], (1,), Orbit(), 1.0)
    assert law.convergence == pytest.approx(2.0 / np.pi, rel=1e-12)


def test_errors_of_blocks_add_in_squares_with_their_shares(monkeypatch):
    fake = module.OrbitLaw
    monkeypatch.setattr(
        module, "_block", lambda values, n, *, real, rng: fake(0 * n + 0.5, False, 0 * n + 0.1)
    )
    matrix = invariant(4, 3.0)
    blocks, _ = fourier_blocks(matrix, (1, 4, 4), 2)
    shares = np.array([block.sum() for block in blocks]) / 16.0 / matrix[0, 0]
    law = orbit_law(matrix, (1, 4, 4), Orbit(2), [3.0, 5.0])
    np.testing.assert_allclose(law.convergence, 0.5)
    np.testing.assert_allclose(law.error, 0.1 * np.sqrt(np.sum(shares**2)), rtol=1e-9)
    assert not law.closed_form


def test_blocks_are_simulated_up_to_64_whole_points_by_a_hundred_pairs(monkeypatch):
    law = orbit_law(
        invariant(4, 2.0), (1, 4, 4), Orbit(2), [4.0, 4.5, 64.0, 65.0], np.random.default_rng(0)
    )
    assert (law.error > 0.0).tolist() == [True, False, True, False]
    assert not law.closed_form
    products = module._products(np.ones(2), 3, True, np.random.default_rng(0))
    assert products.shape == (100, 3)
    # Σ̂ of three points has the trace of Σ on average.
    monkeypatch.setattr(module, "_PAIRS", 2000)
    for real in (True, False):
        own = module._products(np.array([2.0, 1.0]), 3, real, np.random.default_rng(1))[:, 1:]
        assert own.mean() == pytest.approx(3.0, abs=4.0 * own.std() / np.sqrt(own.size))


def test_the_error_of_a_ratio_leaves_each_pair_out_once():
    products = np.random.default_rng(2).uniform(1.0, 2.0, (5, 3))

    def ratio(rows):
        cross, one, other = rows.mean(axis=0)
        return cross / np.sqrt(one * other)

    left = np.array([ratio(np.delete(products, k, axis=0)) for k in range(5)])
    found, error = module._with_error(products)
    assert found == pytest.approx(ratio(products), rel=1e-12)
    assert error == pytest.approx(np.sqrt(4.0 / 5.0 * np.sum((left - left.mean()) ** 2)), rel=1e-12)


def test_simulations_are_roots_of_second_moments_of_all_images():
    """The same points, their images written out; one covariance has no variance along an axis."""
    half = np.random.default_rng(3).standard_normal((4, 3))
    matrix, orbit = half @ half.T, Orbit(1, mirrored=True)
    found = orbit_law(matrix, (1, 2, 2), orbit, [1, 3], np.random.default_rng(4), repeats=2)
    rng, products = np.random.default_rng(4), np.empty((2, 2, 3))
    values, vectors = np.linalg.eigh(matrix)
    for column, count in enumerate((1, 3)):
        for row in range(2):
            roots = []
            for draws in rng.standard_normal((2, count, 4)):
                points = (draws * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
                images = points.reshape(count, 2, 2)
                every = [
                    np.roll(each, move, axis=(1, 2)).reshape(count, 4)
                    for each in (images, images[..., ::-1])
                    for move in ((0, 0), (0, 1), (1, 0), (1, 1))
                ]
                rows = np.concatenate(every)
                roots.append(np.real(sqrtm(rows.T @ rows / len(rows) + 1e-15 * np.eye(4))))
            a, b = roots
            products[row, column] = np.sum(a * b), np.sum(a * a), np.sum(b * b)
    cross, one, other = products.mean(axis=0).T
    np.testing.assert_allclose(found.convergence, cross / np.sqrt(one * other), rtol=1e-6)
    assert not found.closed_form
    assert found.error.shape == (2,)
    with pytest.raises(InputError, match="repeats"):
        orbit_law(matrix, (1, 2, 2), orbit, 3, np.random.default_rng(4), repeats=1)


def test_eight_pairs_where_nothing_is_said():
    assert unsaid(orbit_law) == {"repeats": 8}
