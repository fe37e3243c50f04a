"""Each measurement against a direct computation with explicit matrices."""

import numpy as np
import pytest

from convergen.theory.finite_size import measure_pair as module
from convergen.theory.finite_size.measure_pair import Fit, Population, measure_pair
from convergen.theory.finite_size.simulate import measurable

MEASURABLE = measurable(slow=True)

LAM = np.array([4.0, 2.0, 2.0, 1.0, 0.5, 0.1])


def root_of(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def pair(n, seed=0, ridge=0.0, dim=None, quantities=MEASURABLE, sigma=(0.3, 1.0)):
    rng = np.random.default_rng(seed)
    first, second = (rng.standard_normal((n, LAM.size)) * np.sqrt(LAM) for _ in range(2))
    result = measure_pair(
        first, second, Population(LAM, dim or LAM.size), factors=4, ridge=ridge,
        sigma=np.array(sigma), quantities=quantities, rng=rng,
    )  # fmt: skip
    return first, second, result


@pytest.mark.parametrize("n", [3, 6, 20])
@pytest.mark.parametrize("ridge", [0.0, 0.2])
def test_overlaps_are_traces_of_matrix_square_roots(n, ridge):
    first, second, result = pair(n, ridge=ridge, dim=8, quantities=("convergence",))
    pad = ((0, 2), (0, 2))
    roots = [root_of(np.pad(x.T @ x / n, pad) + ridge * np.eye(8)) for x in (first, second)]
    truth = np.diag(np.sqrt(np.pad(LAM, (0, 2))))
    assert result["convergence"] == pytest.approx(np.trace(roots[0] @ roots[1]), rel=1e-6)
    expected = 0.5 * np.trace((roots[0] + roots[1]) @ truth)
    assert result["convergence_to_truth"] == pytest.approx(expected, rel=1e-6)
    energy = 0.5 * sum(np.trace(root @ root) for root in roots)
    assert result["convergence_norm"] == pytest.approx(energy, rel=1e-7)


@pytest.mark.parametrize("n", [3, 20])
def test_denoisers_against_explicit_matrices(n):
    first, second, result = pair(n, quantities=("denoising",))
    eye = np.eye(LAM.size)
    for i, z in enumerate((0.09, 1.0)):
        covariances = [x.T @ x / n for x in (first, second)]
        d = [s @ np.linalg.inv(s + z * eye) for s in covariances]
        test, train = (
            np.mean(
                [
                    np.trace((eye - m) @ s @ (eye - m).T) + z * np.sum(m**2)
                    for m, s in zip(d, ss, strict=True)
                ]
            )
            for ss in ([np.diag(LAM)] * 2, covariances)
        )
        assert result["test_error"][i] == pytest.approx(test, rel=1e-10)
        assert result["train_error"][i] == pytest.approx(train, rel=1e-10)
        assert result["agreement"][i] == pytest.approx(np.trace(d[0] @ d[1]), rel=1e-10)
        difference = d[0] - d[1]
        variance = 0.5 * np.diag(difference @ np.diag(LAM + z) @ difference)
        np.testing.assert_allclose(result["denoiser_variance"][i], variance[:4], rtol=1e-9)


def test_distances_against_scipy():
    first, second, result = pair(20, quantities=("distances",))
    root, bures, divergence = np.diag(np.sqrt(LAM)), 0.0, 0.0
    for x in (first, second):
        s = x.T @ x / 20
        cross = np.trace(root_of(root @ s @ root))
        bures += 0.5 * (LAM.sum() + np.trace(s) - 2.0 * cross) / LAM.sum()
        inverse = np.linalg.inv(s)
        log_ratio = np.linalg.slogdet(s)[1] - np.log(LAM).sum()
        divergence += 0.25 * (np.trace(inverse @ np.diag(LAM)) - LAM.size + log_ratio)
    assert result["bures_wasserstein"] == pytest.approx(bures, rel=1e-8)
    assert result["kullback_leibler"] == pytest.approx(divergence, rel=1e-8)


def test_divergence_is_infinite_without_full_rank():
    assert pair(3, quantities=("distances",))[2]["kullback_leibler"] == np.inf
    ridged = pair(3, ridge=0.1, quantities=("distances",))[2]["kullback_leibler"]
    assert np.isfinite(ridged)
    assert ridged > 0.0


@pytest.mark.parametrize(("least", "finite"), [(1e-16, False), (0.0, False), (1e-10, True)])
def test_an_eigenvalue_of_rounding_is_none(least, finite):
    values, axes = np.array([1.0, 0.5, least]), np.eye(3)
    fit = Fit(axes, values, axes, axes)
    assert np.isfinite(module._divergence(fit, Population(np.ones(3), 3), 0.0)) == finite


def test_leading_distances_against_a_search_over_directions():
    first, _, result = pair(20, quantities=("leading_distances",))
    s = first.T @ first / 20
    assert result["operator_norm"] == pytest.approx(np.linalg.norm(s - np.diag(LAM), 2) / 4.0)
    u = np.random.default_rng(1).standard_normal((200_000, LAM.size))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    found = np.abs(np.sqrt(np.einsum("ij,jk,ik->i", u, s, u)) - np.sqrt(u**2 @ LAM)).max() / 2.0
    assert found <= result["max_sliced_wasserstein"] * 1.005
    assert found >= result["max_sliced_wasserstein"] * 0.95


@pytest.mark.parametrize("seed", [0, 1])
def test_leading_distances_in_one_dimension(seed):
    """|s − λ|/λ and |√s − √λ|/√λ; s is above λ once and below it once."""
    rng = np.random.default_rng(seed)
    data = 2.0 * rng.standard_normal((2, 9, 1))
    result = measure_pair(
        *data, Population(np.array([4.0]), 1), factors=1, ridge=0.0, sigma=np.array([1.0]),
        quantities=("leading_distances",), rng=rng,
    )  # fmt: skip
    ratio = np.mean(data[0] ** 2) / 4.0
    assert result["operator_norm"] == pytest.approx(abs(ratio - 1.0))
    assert result["max_sliced_wasserstein"] == pytest.approx(abs(np.sqrt(ratio) - 1.0), rel=0.02)


def test_recovery_sums_over_a_degenerate_pair_and_the_null_space():
    first, second, result = pair(3, quantities=("latent_recovery",))
    expected = np.zeros(4)
    for x in (first, second):
        vectors = np.linalg.eigh(x.T @ x)[1][:, ::-1]
        squares = vectors**2
        null = squares[:, 3:].sum(axis=1) / 3.0
        expected[0] += 0.5 * squares[0, 0]
        expected[1:3] += 0.25 * squares[1:3, 1:3].sum()
        expected[3] += 0.5 * null[3]
    np.testing.assert_allclose(result["latent_recovery"], expected, rtol=1e-9)


def test_memorisation_of_one_sample_is_complete():
    result = pair(1, quantities=("memorisation",))[2]
    assert result["memorisation"] == pytest.approx(1.0)
    assert result["memorisation_baseline"] < 0.999


def test_gram_and_covariance_routes_agree():
    x = np.random.default_rng(3).standard_normal((5, 4))
    wide = Fit.of(np.hstack([x, np.zeros((5, 4))]))
    tall = Fit.of(x)
    np.testing.assert_allclose(wide.values[:4], tall.values, rtol=1e-10)
    np.testing.assert_allclose(wide.squares[:4, :4], tall.squares, atol=1e-10)


@pytest.mark.parametrize("n", [3, 20])
def test_divergence_with_a_ridge_against_explicit_matrices(n):
    first, second, result = pair(n, ridge=0.3, quantities=("distances",))
    expected = 0.0
    for x in (first, second):
        fitted = x.T @ x / n + 0.3 * np.eye(LAM.size)
        expected += 0.25 * (
            np.trace(np.linalg.solve(fitted, np.diag(LAM)))
            - LAM.size
            + np.linalg.slogdet(fitted)[1]
            - np.log(LAM).sum()
        )
    assert result["kullback_leibler"] == pytest.approx(expected, rel=1e-9)


def test_divergence_from_a_law_without_variance_somewhere_is_infinite():
    ridged = pair(20, ridge=0.1, dim=8, quantities=("distances",))[2]
    assert ridged["kullback_leibler"] == np.inf
