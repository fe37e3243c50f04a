import numpy as np
import pytest
import scipy.sparse.linalg

from convergen.empirical.measure import overlaps
from convergen.empirical.measure.overlaps import (
    axes_of,
    convergence,
    draw_products,
    latent_recovery,
    leading_axes,
    subspace_overlap,
)
from convergen.theory.common import row_blocks
from convergen.theory.common.checks import InputError
from convergen.theory.linear.latent_recovery import latent_recovery as predicted
from convergen.theory.spectra.spectrum import Spectrum


def orthogonal(dim, seed):
    return np.linalg.qr(np.random.default_rng([5, seed]).standard_normal((dim, dim)))[0]


VECTORS = orthogonal(12, 0)
# The second and third factors are degenerate.
SPECTRUM = Spectrum.from_eigenvalues([9.0, 4.0, 1.0], [1, 2, 9], eigenvectors=VECTORS)


def turned(plane, angle):
    """The true axes, two of them turned in their plane."""
    axes, (i, j) = VECTORS.copy(), plane
    axes[:, i] = np.cos(angle) * VECTORS[:, i] + np.sin(angle) * VECTORS[:, j]
    axes[:, j] = np.cos(angle) * VECTORS[:, j] - np.sin(angle) * VECTORS[:, i]
    return axes


def test_products_of_each_draw():
    x, y = np.arange(12.0).reshape(2, 1, 2, 3), np.ones((2, 1, 2, 3))
    np.testing.assert_allclose(draw_products(x, y), [[15 / 6, 55 / 6, 1.0], [51 / 6, 451 / 6, 1.0]])
    with pytest.raises(InputError, match="same seeds"):
        draw_products(x, y[:1])


def test_convergence_is_the_correlation_and_blind_to_scale():
    rng = np.random.default_rng(0)
    x, z = rng.standard_normal((2, 3000, 4))
    found = convergence(x, 5.0 * (0.6 * x + 0.8 * z), rng)
    assert abs(found.value - 0.6) < 4.0 * found.stderr
    assert found.stderr < 0.01
    assert convergence(x, -2.0 * x, rng).value == pytest.approx(-1.0)


def test_axes_are_sorted_eigenvectors_of_the_second_moment():
    points = 3.0 + np.random.default_rng(0).standard_normal((50, 2, 3))
    axes, rows = axes_of(points), points.reshape(50, 6)
    moment = axes.T @ (rows.T @ rows) @ axes
    np.testing.assert_allclose(moment, np.diag(np.diag(moment)), atol=1e-9)
    assert np.all(np.diff(np.diag(moment)) < 0.0)
    np.testing.assert_allclose(axes.T @ axes, np.eye(6), atol=1e-12)


@pytest.mark.parametrize("draws", [4, 30])
def test_leading_axes_are_the_first_of_all(draws):
    points = np.random.default_rng(1).standard_normal((draws, 8))
    found, whole = leading_axes(points, 6), axes_of(points)
    overlap = np.abs(np.einsum("ij,ij->j", found, whole[:, :6]))
    np.testing.assert_allclose(
        overlap, [1.0] * min(6, draws) + [0.0] * max(0, 6 - draws), atol=1e-9
    )


@pytest.mark.parametrize("draws", [70, 300])
def test_axes_about_the_mean_are_found_block_by_block(draws, monkeypatch):
    monkeypatch.setattr(row_blocks, "_BLOCK_BYTES", 8 * 100 * 16)
    points = 5.0 + np.random.default_rng(2).standard_normal((draws, 4, 25))
    found = leading_axes(points, 3, center=True)
    whole = axes_of(points - points.mean(axis=0))
    np.testing.assert_allclose(np.abs(np.sum(found * whole[:, :3], axis=0)), 1.0, atol=1e-12)
    assert abs(np.sum(found[:, 0] * axes_of(points)[:, 0])) < 0.5


def test_axes_of_many_dimensions_are_those_of_an_eigenproblem(monkeypatch):
    points = np.random.default_rng(3).standard_normal((200, 90)) * np.arange(1, 91) ** -0.5
    expected = leading_axes(points, 4)
    monkeypatch.setattr(overlaps, "_LARGE", 80)
    monkeypatch.setattr(overlaps, "eigh", lambda *_, **__: pytest.fail("a whole eigenproblem"))
    found = leading_axes(points, 4)
    np.testing.assert_allclose(np.abs(np.sum(found * expected, axis=0)), 1.0, atol=1e-12)
    monkeypatch.undo()

    def crowded(*_, **__):
        raise scipy.sparse.linalg.ArpackNoConvergence("", np.empty(0), np.empty((0, 0)))

    monkeypatch.setattr(overlaps, "_LARGE", 80)
    monkeypatch.setattr(scipy.sparse.linalg, "eigsh", crowded)
    np.testing.assert_array_equal(leading_axes(points, 4), expected)


def test_recovery_of_turned_axes_is_the_cosine_squared():
    found = latent_recovery(turned((0, 7), 0.5), SPECTRUM, 1)
    assert found[0] == pytest.approx(np.cos(0.5) ** 2)


def test_turns_within_an_eigenspace_do_not_count():
    np.testing.assert_allclose(latent_recovery(turned((1, 2), 0.8), SPECTRUM, 3), 1.0)
    # Out of it, both members share the loss of one of them.
    outside = latent_recovery(turned((2, 9), 0.8), SPECTRUM, 3)
    np.testing.assert_allclose(outside, [1.0, *[0.5 * (1.0 + np.cos(0.8) ** 2)] * 2])


def test_subspaces_know_no_order_and_no_cut_through_an_eigenspace():
    found = subspace_overlap(turned((0, 2), 0.6), SPECTRUM, 4)
    assert found[0] == pytest.approx(np.cos(0.6) ** 2)
    assert np.isnan(found[1])
    assert found[2] == pytest.approx(1.0)
    assert np.isnan(found[3])
    lost = subspace_overlap(turned((0, 11), 0.6), SPECTRUM, 3)
    assert lost[2] == pytest.approx((2.0 + np.cos(0.6) ** 2) / 3.0)


def test_recovery_of_samples_is_the_predicted_one():
    """Axes of n points of a spiked law, 30 sets, against the law at finite size."""
    dim, n = 60, 90
    spectrum = Spectrum.spiked(dim, [12.0])
    spectrum = Spectrum.from_eigenvalues(
        spectrum.eigenvalues, spectrum.multiplicities, eigenvectors=orthogonal(dim, 1)
    )
    root = orthogonal(dim, 1) * np.sqrt(np.repeat(
        spectrum.eigenvalues, spectrum.multiplicities.astype(int)
    ))  # fmt: skip
    rng = np.random.default_rng(2)
    values = [
        latent_recovery(axes_of(rng.standard_normal((n, dim)) @ root.T), spectrum, 1)[0]
        for _ in range(30)
    ]
    expected = float(predicted(spectrum, [n], 1, finite_size=True)[0, 0])
    stderr = np.std(values, ddof=1) / np.sqrt(30)
    assert stderr < 0.01
    assert abs(np.mean(values) - expected) < 4.0 * stderr


def test_factors_without_eigenvectors_are_refused():
    bare = Spectrum.from_eigenvalues([9.0, 1.0], [1, 11])
    with pytest.raises(InputError, match="needs as many eigenvectors"):
        latent_recovery(VECTORS, bare, 1)
    with pytest.raises(InputError, match="needs as many eigenvectors"):
        subspace_overlap(VECTORS, bare, 1)


def test_each_factor_of_three_groups_has_the_share_of_its_own():
    """A turn between the first and the second group, and one between the third and the rest."""
    spectrum = Spectrum.from_eigenvalues([9.0, 4.0, 2.0, 1.0], [1, 2, 3, 6], eigenvectors=VECTORS)
    axes = VECTORS.copy()
    for i, j, angle in ((0, 2, 0.4), (4, 11, 0.7)):
        x, y = axes[:, i].copy(), axes[:, j].copy()
        axes[:, i] = np.cos(angle) * x + np.sin(angle) * y
        axes[:, j] = np.cos(angle) * y - np.sin(angle) * x
    one, other = np.cos(0.4) ** 2, np.cos(0.7) ** 2
    expected = [one, *[(1.0 + one) / 2.0] * 2, *[(2.0 + other) / 3.0] * 3]
    np.testing.assert_allclose(latent_recovery(axes, spectrum, 6), expected)
    np.testing.assert_allclose(latent_recovery(axes, spectrum, 4), expected[:4])
    # The axes of the groups asked for are enough.
    np.testing.assert_allclose(latent_recovery(axes[:, :3], spectrum, 2), expected[:2])


@pytest.mark.parametrize("shape", [(4, 8), (30, 8)])
def test_the_smaller_of_draws_and_dimensions_is_solved_for(monkeypatch, shape):
    sizes, plain = [], overlaps._leading_vectors
    monkeypatch.setattr(
        overlaps, "_leading_vectors", lambda x, n: sizes.append(x.shape) or plain(x, n)
    )
    leading_axes(np.random.default_rng(1).standard_normal(shape), 3)
    assert sizes == [(min(shape), min(shape))]


@pytest.mark.parametrize(("size", "lanczos"), [(1024, False), (1025, True)])
def test_large_eigenproblems_are_solved_by_lanczos_steps(monkeypatch, size, lanczos):
    whole, partly = [], []
    vectors = np.eye(3)

    def eigsh(square, count, **how):
        partly.append(how)
        return np.array([1.0, 3.0, 2.0]), vectors

    monkeypatch.setattr(overlaps, "eigh", lambda *_, **how: whole.append(how) or (None, vectors))
    monkeypatch.setattr(scipy.sparse.linalg, "eigsh", eigsh)
    square = np.broadcast_to(0.0, (size, size))
    for count, basis in ((31, 64), (32, 65)):
        found = overlaps._leading_vectors(square, count)
        order = [1, 2, 0] if lanczos else [2, 1, 0]
        np.testing.assert_array_equal(found, vectors[:, order])
        if lanczos:
            assert partly[-1]["ncv"] == basis
            # The start is arbitrary, and the same in every run.
            start = np.random.default_rng(0).standard_normal(size)
            np.testing.assert_array_equal(partly[-1]["v0"], start)
        else:
            assert whole[-1] == {"subset_by_index": (size - count, size - 1)}
    assert (len(partly), len(whole)) == ((2, 0) if lanczos else (0, 2))


def test_as_many_eigenvectors_as_the_groups_have_are_enough():
    few = Spectrum.from_eigenvalues([9.0, 4.0, 1.0], [1, 2, 9], eigenvectors=VECTORS[:, :3])
    axes = turned((1, 7), 0.5)
    for function in (latent_recovery, subspace_overlap):
        np.testing.assert_array_equal(function(axes, few, 3), function(axes, SPECTRUM, 3))
    np.testing.assert_array_equal(latent_recovery(axes, few, 2), latent_recovery(axes, few, 3)[:2])
