from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn import mixture as peer

import convergen.theory.mixtures.mixture as module
from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.protocol import Denoiser
from convergen.theory.mixtures.mixture import GaussianMixture

C, D = 3, 4
WEIGHTS = np.array([0.2, 0.3, 0.5])
FAMILIES = ("isotropic", "diagonal", "low rank", "full")


def family(kind, seed=0, count=C, dim=D, spread=2.0):
    """A mixture with its dense parameters."""
    rng = np.random.default_rng([seed, count, dim])
    weights = WEIGHTS if count == C else np.full(count, 1.0 / count)
    means = spread * rng.standard_normal((count, dim))
    variances = rng.uniform(0.1, 2.0, (count, dim))
    factors = rng.standard_normal((count, dim, 2))
    square = rng.standard_normal((count, dim, dim))
    if kind == "isotropic":
        made = GaussianMixture(weights, means, variances[:, 0])
        return made, weights, means, variances[:, 0, None, None] * np.eye(dim)
    if kind == "diagonal":
        return (
            GaussianMixture(weights, means, variances), weights, means,
            np.stack([np.diag(row) for row in variances]),
        )  # fmt: skip
    if kind == "low rank":
        dense = factors @ factors.swapaxes(1, 2) + variances[:, 0, None, None] * np.eye(dim)
        made = GaussianMixture.low_rank(weights, means, factors, variances[:, 0])
        return made, weights, means, dense
    dense = square @ square.swapaxes(1, 2) + 0.1 * np.eye(dim)
    return GaussianMixture(weights, means, dense), weights, means, dense


def joint(x, weights, means, dense, sigma):
    unit = sigma**2 * np.eye(means.shape[1])
    parts = zip(weights, means, dense, strict=True)
    logs = [np.log(p) + multivariate_normal(m, c + unit).logpdf(x) for p, m, c in parts]
    return np.stack(logs, axis=-1)


def precise(x, weights, means, dense, sigma):
    """Log density, score and denoiser of one point, in 60 digits and more."""
    with mpmath.workdps(80):
        dim = len(x)
        s2 = mpmath.mpf(sigma) ** 2
        logs, pulls, estimates = [], [], []
        for p, m, c in zip(weights, means, dense, strict=True):
            cov = mpmath.matrix(c.tolist())
            total = cov + s2 * mpmath.eye(dim)
            pairs = zip(x, m, strict=True)
            delta = mpmath.matrix([mpmath.mpf(a) - mpmath.mpf(b) for a, b in pairs])
            solved = mpmath.lu_solve(total, delta)
            quad = (delta.T * solved)[0]
            logs.append(
                mpmath.log(p)
                - (quad + mpmath.log(mpmath.det(total)) + dim * mpmath.log(2 * mpmath.pi)) / 2
            )
            pulls.append(-solved)
            estimates.append(mpmath.matrix(m.tolist()) + cov * solved)
        top = max(logs)
        parts = [mpmath.exp(value - top) for value in logs]
        norm = sum(parts)
        log_density = top + mpmath.log(norm)
        score = [
            float(sum(w * v[i] for w, v in zip(parts, pulls, strict=True)) / norm)
            for i in range(dim)
        ]
        clean = [
            float(sum(w * v[i] for w, v in zip(parts, estimates, strict=True)) / norm)
            for i in range(dim)
        ]
        return float(log_density), np.array(score), np.array(clean)


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("sigma", [0.0, 0.3, 5.0])
def test_density_and_responsibilities_match_scipy(kind, sigma):
    made, *parameters = family(kind)
    x = made.sample(9, np.random.default_rng(1)) + sigma
    logs = joint(x, *parameters, sigma)
    np.testing.assert_allclose(made.log_density(x, sigma), logsumexp(logs, axis=1), rtol=1e-12)
    expected = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    np.testing.assert_allclose(made.responsibilities(x, sigma), expected, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("sigma", [0.0, 0.3, 5.0])
def test_score_is_the_gradient_of_the_log_density(kind, sigma):
    made, *_ = family(kind)
    x = made.sample(9, np.random.default_rng(2)) + sigma
    h = 1e-3
    numeric = np.stack(
        [
            (
                8.0 * (made.log_density(x + h * e, sigma) - made.log_density(x - h * e, sigma))
                - (made.log_density(x + 2 * h * e, sigma) - made.log_density(x - 2 * h * e, sigma))
            )
            / (12.0 * h)
            for e in np.eye(D)
        ],
        axis=1,
    )
    np.testing.assert_allclose(made.score(x, sigma), numeric, rtol=1e-6, atol=1e-7)
    if sigma > 0.0:
        tweedie = x + sigma**2 * made.score(x, sigma)
        np.testing.assert_allclose(made(x, sigma), tweedie, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("sigma", [1e-8, 1e-4, 0.05, 1.0, 30.0, 1e4, 1e8])
@pytest.mark.parametrize("distance", [0.0, 1.0, 1e6])
def test_extremes_match_mpmath(kind, sigma, distance):
    made, weights, means, dense = family(kind, count=C, dim=3)
    direction = np.array([0.6, -0.5, 0.3])
    x = means[1] + distance * sigma * direction
    density, score, clean = precise(x, weights, means, dense, sigma)
    # An input rounded to double precision leaves an uncertainty of eps |x| in the point.
    slack = 4e-15 * (np.linalg.norm(x) + np.linalg.norm(means))
    stiffness = 1.0 / (np.linalg.eigvalsh(dense).min() + sigma**2)
    change = np.linalg.norm(score) * slack + 1e-12 * (1.0 + abs(density))
    assert made.log_density(x[None], sigma)[0] == pytest.approx(density, abs=change)
    size = np.linalg.norm(score)
    np.testing.assert_allclose(
        made.score(x[None], sigma)[0], score, rtol=1e-10, atol=1e-10 * size + stiffness * slack
    )
    np.testing.assert_allclose(
        made(x[None], sigma)[0], clean, rtol=1e-10, atol=1e-10 * np.linalg.norm(clean) + slack
    )


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_rounding_is_judged_by_the_largest_eigenvalue_of_a_component(scale):
    means, fine = np.zeros((2, 3)), scale * np.diag([1e-10, 1e-12, 1.0])
    assert GaussianMixture([0.4, 0.6], means, np.array([np.eye(3), fine])).dim == 3
    fine[1, 1] = 1e-16 * scale
    with pytest.raises(InputError, match=r"of component 1 is not positive definite, .*: add"):
        GaussianMixture([0.4, 0.6], means, np.array([np.eye(3), fine]))


@pytest.mark.parametrize("smallest", [1e-6, 1e-10])
def test_nearly_singular_covariances_match_mpmath(smallest):
    rng = np.random.default_rng(3)
    rotations = np.linalg.qr(rng.standard_normal((2, 3, 3))).Q
    dense = (rotations * np.array([2.0, 0.3, smallest])) @ rotations.swapaxes(1, 2)
    dense = 0.5 * (dense + dense.swapaxes(1, 2))
    means = rng.standard_normal((2, 3))
    made = GaussianMixture([0.4, 0.6], means, dense)
    for sigma in (1e-8, 1e-3, 1.0):
        x = made.sample(1, rng)[0]
        density, score, clean = precise(x, [0.4, 0.6], means, dense, sigma)
        # The smallest eigenvalue itself is known to eps × the largest.
        relative = 1e-14 * 2.0 / smallest
        assert made.log_density(x[None], sigma)[0] == pytest.approx(density, rel=1e2 * relative)
        np.testing.assert_allclose(made.score(x[None], sigma)[0], score, rtol=1e2 * relative)
        np.testing.assert_allclose(made(x[None], sigma)[0], clean, rtol=1e-9)


def test_low_rank_parts_far_above_the_floor_keep_their_digits():
    factors, variances = np.zeros((1, 3, 1)), np.array([1e-10])
    factors[0, :, 0] = [1.0, 2.0, -1.0]
    made = GaussianMixture.low_rank([1.0], np.zeros((1, 3)), factors, variances)
    dense = factors @ factors.swapaxes(1, 2) + 1e-10 * np.eye(3)
    x = 0.7 * factors[0, :, 0] + 1e-5 * np.array([1.0, 0.0, 1.0])
    for sigma in (0.0, 1e-6, 1.0):
        density, *_ = precise(x, [1.0], np.zeros((1, 3)), dense, sigma)
        assert made.log_density(x[None], sigma)[0] == pytest.approx(density, rel=1e-9)


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("sigma", [1e-8, 1e-3, 1.0, 1e3, 1e8])
def test_one_component_is_the_wiener_filter(kind, sigma):
    made, _, means, dense = family(kind, count=1)
    x = means + sigma * np.random.default_rng(4).standard_normal((5, D))
    gain = np.linalg.solve(dense[0] + sigma**2 * np.eye(D), dense[0])
    np.testing.assert_allclose(made(x, sigma), means[0] + (x - means[0]) @ gain, rtol=1e-12)
    np.testing.assert_array_equal(made.responsibilities(x, sigma), 1.0)


def test_one_diagonal_component_is_the_wiener_filter_to_the_last_digit():
    variances, mean = np.array([[0.3, 2.0, 1e-6]]), np.array([[1.0, -2.0, 0.5]])
    made = GaussianMixture([1.0], mean, variances)
    x = np.random.default_rng(5).standard_normal((6, 3))
    for sigma in (1e-8, 0.7, 1e8):
        expected = mean + (x - mean) * (variances / (variances + sigma**2))
        np.testing.assert_array_equal(made(x, sigma), expected)


@pytest.mark.parametrize("kind", FAMILIES)
def test_one_sigma_for_each_point(kind):
    made, *_ = family(kind)
    sigma = np.array([1e-3, 0.4, 0.4, 7.0])
    x = made.sample(4, np.random.default_rng(6))
    single = np.concatenate([made(x[i : i + 1], s) for i, s in enumerate(sigma)])
    np.testing.assert_allclose(made(x, sigma), single, rtol=1e-13)
    single = np.concatenate([made.log_density(x[i : i + 1], s) for i, s in enumerate(sigma)])
    np.testing.assert_allclose(made.log_density(x, sigma), single, rtol=1e-13)
    single = np.concatenate([made.score(x[i : i + 1], s) for i, s in enumerate(sigma)])
    np.testing.assert_allclose(made.score(x, sigma), single, rtol=1e-13)
    mixed = made.log_density(x, np.array([0.0, 0.4, 0.0, 7.0]))
    assert mixed[0] == pytest.approx(made.log_density(x[:1])[0], rel=1e-14)


@pytest.mark.parametrize("kind", FAMILIES)
def test_blocks_do_not_change_the_result(kind, monkeypatch):
    made, *_ = family(kind)
    x = made.sample(50, np.random.default_rng(7))
    whole = made(x, 0.5), made.log_density(x, np.linspace(0.1, 2.0, 50))
    monkeypatch.setattr(module, "_BLOCK", 7 * D)
    np.testing.assert_allclose(made(x, 0.5), whole[0], rtol=1e-13)
    np.testing.assert_allclose(made.log_density(x, np.linspace(0.1, 2.0, 50)), whole[1], rtol=1e-13)


def test_blocks_hold_two_million_numbers_and_one_level_is_one_row():
    made, seen = GaussianMixture([1.0], np.zeros((1, 64)), [1.0]), []

    def record(rows, noise):
        seen.append((rows.shape, noise.shape))
        return np.zeros(len(rows))

    x = np.broadcast_to(np.float32(0.0), (2**15 + 1, 64))
    made._map(record, x, np.ones(len(x)))
    made._map(record, x[:3], np.array([1.0, 2.0**0.5, 1.0]))
    assert seen == [((2**15, 64), (1, 1)), ((1, 64), (1, 1)), ((3, 64), (3, 1))]


def test_two_levels_in_blocks_of_one_point(monkeypatch):
    made, *_ = family("full")
    x, levels = made.sample(2, np.random.default_rng(21)), np.array([0.2, 3.0])
    whole = made(x, levels), made.log_density(x, [0.0, 1.0])
    monkeypatch.setattr(module, "_BLOCK", 1)
    np.testing.assert_allclose(made(x, levels), whole[0], rtol=1e-13)
    np.testing.assert_allclose(made.log_density(x, [0.0, 1.0]), whole[1], rtol=1e-13)


@pytest.mark.parametrize("kind", FAMILIES)
def test_without_a_level_it_is_the_mixture_itself(kind):
    made, *_ = family(kind)
    x = made.sample(5, np.random.default_rng(22))
    for method in (made.log_density, made.responsibilities, made.score):
        np.testing.assert_array_equal(method(x), method(x, 0.0))


@pytest.mark.parametrize("kind", FAMILIES)
def test_single_precision_points_stay_so_and_lose_nothing_inside(kind):
    made, *_ = family(kind)
    x = (made.sample(20, np.random.default_rng(8)) + 40.0).astype(np.float32)
    for sigma in (0.01, 1.0):
        exact = np.float64(np.float32(sigma))
        for method in (made, made.score, made.log_density, made.responsibilities):
            found = method(x, sigma)
            assert found.dtype == np.float32
            expected = method(x.astype(np.float64), exact)
            np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-6)


def test_many_isotropic_components_do_not_lose_digits_to_one_product():
    rng = np.random.default_rng(9)
    means = 1e3 + rng.standard_normal((2000, 20))
    made = GaussianMixture(np.full(2000, 1 / 2000), means, np.full(2000, 1e-14))
    for sigma in (1e-7, 1e-5, 1e-2, 1.0):
        x = means[:40] + sigma * rng.standard_normal((40, 20))
        total = 1e-14 + sigma**2
        squares = np.sum((x[:, None] - means) ** 2, axis=2)
        logs = -0.5 * squares / total - 10.0 * np.log(2.0 * np.pi * total) - np.log(2000)
        expected = logsumexp(logs, axis=1)
        np.testing.assert_allclose(made.log_density(x, sigma), expected, rtol=1e-11, atol=1e-8)
        weights = np.exp(logs - expected[:, None])
        pull = np.einsum("bc,bcd->bd", weights, means - x[:, None]) / total
        np.testing.assert_allclose(made.score(x, sigma), pull, rtol=1e-7, atol=1e-9 / sigma)


@pytest.mark.parametrize("kind", FAMILIES)
def test_samples_have_the_moments_of_the_mixture(kind):
    made, weights, means, dense = family(kind)
    n = 40_000
    x = made.sample(n, np.random.default_rng(12))
    mean = weights @ means
    between = np.einsum("c,ci,cj->ij", weights, means - mean, means - mean)
    covariance = np.einsum("c,cij->ij", weights, dense) + between
    np.testing.assert_allclose(made.mean, mean, rtol=1e-13)
    np.testing.assert_allclose(made.covariance, covariance, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(made.covariances, dense, rtol=1e-12, atol=1e-13)
    first = (x.mean(axis=0) - mean) / np.sqrt(np.diag(covariance) / n)
    assert np.abs(first).max() < 4.0
    products = (x - mean)[:, :, None] * (x - mean)[:, None, :]
    second = (products.mean(axis=0) - covariance) / (products.std(axis=0) / np.sqrt(n))
    assert np.abs(second).max() < 4.0
    np.testing.assert_array_equal(x, made.sample(n, np.random.default_rng(12)))
    # E ∇ log p = 0 and E |∇ log p|² = −E Δ log p hold only for samples of that very density.
    score = made.score(x)
    assert np.abs(score.mean(axis=0) / (score.std(axis=0) / np.sqrt(n))).max() < 4.0


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_agrees_with_scikit_learn(kind):
    made, *_ = family("full", dim=3)
    data = made.sample(600, np.random.default_rng(13))
    fitted = peer.GaussianMixture(3, covariance_type=kind, random_state=0).fit(data)
    ours = GaussianMixture.from_sklearn(fitted)
    np.testing.assert_allclose(ours.log_density(data), fitted.score_samples(data), rtol=1e-10)
    np.testing.assert_allclose(ours.responsibilities(data), fitted.predict_proba(data), atol=1e-11)
    bayesian = peer.BayesianGaussianMixture(
        n_components=3, covariance_type=kind, random_state=0, tol=1e-2
    )
    bayesian.fit(data)
    ours = GaussianMixture.from_sklearn(bayesian, shape=(1, 3))
    assert ours.shape == (1, 3)
    density = peer.GaussianMixture(3, covariance_type=kind)
    for name in ("weights_", "means_", "covariances_", "precisions_cholesky_"):
        setattr(density, name, getattr(bayesian, name))
    expected = density.score_samples(data)
    np.testing.assert_allclose(ours.log_density(data.reshape(-1, 1, 3)), expected, rtol=1e-10)


def test_components_that_a_model_gave_up_are_dropped():
    model = SimpleNamespace(
        weights_=np.array([0.0, 1.0]), means_=np.array([[9.0], [1.0]]),
        covariances_=np.array([1.0, 2.0]), covariance_type="spherical",
    )  # fmt: skip
    made = GaussianMixture.from_sklearn(model)
    assert made.components == 1
    assert made.means[0, 0] == 1.0


def test_images_keep_their_shape():
    rng = np.random.default_rng(16)
    means, variances = rng.standard_normal((2, 3, 5)), rng.uniform(0.5, 1.0, (2, 3, 5))
    images = GaussianMixture([0.5, 0.5], means, variances)
    flat = GaussianMixture([0.5, 0.5], means.reshape(2, 15), variances.reshape(2, 15))
    x = images.sample(4, rng)
    assert x.shape == (4, 3, 5)
    for name in ("__call__", "score"):
        expected = getattr(flat, name)(x.reshape(4, 15), 0.3).reshape(4, 3, 5)
        np.testing.assert_array_equal(getattr(images, name)(x, 0.3), expected)
    assert images.mean.shape == (3, 5)
    assert isinstance(images, Denoiser)
    assert "rank 15" in repr(images)


def test_ten_thousand_dimensions_without_a_square_matrix():
    rng = np.random.default_rng(17)
    dim, rank = 10_000, 4
    means, factors = rng.standard_normal((2, dim)), rng.standard_normal((2, dim, rank))
    made = GaussianMixture.low_rank([0.5, 0.5], means, factors, [0.5, 2.0])
    x = made.sample(8, rng)
    found, label = made.log_density(x, 0.7), made.responsibilities(x, 0.7).argmax(axis=1)
    for row, value, c in zip(x, found, label, strict=True):
        floor, delta = [0.5, 2.0][c] + 0.49, row - means[c]
        small = np.eye(rank) + factors[c].T @ factors[c] / floor  # Woodbury
        inner = factors[c].T @ delta / floor
        quad = delta @ delta / floor - inner @ np.linalg.solve(small, inner)
        log_det = dim * np.log(2.0 * np.pi * floor) + np.linalg.slogdet(small)[1]
        assert value == pytest.approx(np.log(0.5) - 0.5 * (quad + log_det), rel=1e-11)
    for kind in (np.array([0.5, 2.0]), rng.uniform(0.5, 1.0, (2, dim))):
        other = GaussianMixture([0.5, 0.5], means, kind)
        assert np.isfinite(other(x, 1e-3)).all()
        assert np.isfinite(other.log_density(x)).all()


@pytest.mark.parametrize("kind", FAMILIES)
def test_functions_of_the_covariance(kind):
    made, _, _, dense = family(kind)
    vectors = np.random.default_rng(18).standard_normal((3, D))
    for c in range(C):
        expected = np.linalg.solve(dense[c], vectors.T).T
        np.testing.assert_allclose(
            made.within.product(c, vectors, lambda lam: 1.0 / lam), expected, rtol=1e-9
        )
    np.testing.assert_allclose(made.within.traces(np.log), np.linalg.slogdet(dense)[1], rtol=1e-11)
    np.testing.assert_allclose(made.within.traces(lambda lam: lam), np.trace(dense.T), rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    kind=st.sampled_from(FAMILIES),
    sigma=st.floats(1e-3, 1e3),
    shift=st.floats(-50.0, 50.0),
)
def test_equivariance(seed, kind, sigma, shift):
    made, weights, means, dense = family(kind, seed=seed)
    rng = np.random.default_rng(seed)
    x = made.sample(4, rng) + sigma * rng.standard_normal((4, D))
    rotation = np.linalg.qr(rng.standard_normal((D, D))).Q
    order = rng.permutation(C)
    moved = GaussianMixture(
        weights[order],
        means[order] @ rotation.T + shift,
        rotation @ dense[order] @ rotation.T,
    )
    y = x @ rotation.T + shift
    tolerance = {"rtol": 1e-7, "atol": 1e-8 * (1.0 + abs(shift))}
    np.testing.assert_allclose(moved(y, sigma), made(x, sigma) @ rotation.T + shift, **tolerance)
    np.testing.assert_allclose(moved.log_density(y, sigma), made.log_density(x, sigma), **tolerance)
    weight = made.responsibilities(x, sigma)[:, order]
    np.testing.assert_allclose(moved.responsibilities(y, sigma), weight, rtol=1e-6, atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0.01, 0.99))
def test_a_component_cut_in_two_changes_nothing(seed, share):
    made, weights, means, dense = family("full", seed=seed)
    cut = GaussianMixture(
        [*weights[:2], share * weights[2], (1.0 - share) * weights[2]],
        np.concatenate([means, means[2:]]),
        np.concatenate([dense, dense[2:]]),
    )
    x = made.sample(5, np.random.default_rng(seed))
    np.testing.assert_allclose(cut(x, 0.5), made(x, 0.5), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(cut.log_density(x), made.log_density(x), rtol=1e-10, atol=1e-10)


GOOD = ([0.5, 0.5], [[0.0, 1.0], [2.0, 3.0]], [1.0, 2.0])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([0.5, 0.6], *GOOD[1:]), "sum to 1"),
        (([1.0, 0.0], *GOOD[1:]), "weights must be positive"),
        (([1.5, -0.5], *GOOD[1:]), "weights must be positive"),
        (([1.0], *GOOD[1:]), "weights has shape"),
        (([0.5, np.nan], *GOOD[1:]), "NaN"),
        ((GOOD[0], [0.0, 1.0], GOOD[2]), "means has shape"),
        ((GOOD[0], np.zeros((2, 0)), GOOD[2]), "means has shape"),
        ((GOOD[0], [[0.0, np.inf], [1.0, 2.0]], GOOD[2]), "NaN or infinite"),
        ((GOOD[0], [[0.0], [1.0, 2.0]], GOOD[2]), "rows of different lengths"),
        ((*GOOD[:2], [1.0, -1.0]), "covariances must be positive"),
        ((*GOOD[:2], [1.0, 0.0]), "covariances must be positive"),
        ((*GOOD[:2], [[1.0, 1.0], [1.0, -2.0]]), "covariances must be positive"),
        ((*GOOD[:2], [1.0, np.nan]), "NaN"),
        ((*GOOD[:2], [1.0, 1.0, 1.0]), "covariances has shape"),
        ((*GOOD[:2], np.ones((2, 3, 3))), "covariances has shape"),
        ((*GOOD[:2], np.stack([np.eye(2), np.ones((2, 2))])), "component 1 is not positive"),
        ((*GOOD[:2], np.stack([-np.eye(2), np.eye(2)])), "component 0 is not positive"),
        ((*GOOD[:2], np.stack([np.eye(2), [[1.0, 0.5], [0.0, 1.0]]])), "symmetric"),
    ],
)
def test_bad_parameters_are_refused(arguments, words):
    with pytest.raises(InputError, match=words) as error:
        GaussianMixture(*arguments)
    assert "\n" not in str(error.value)


def test_bad_points_and_noise_are_refused():
    made = GaussianMixture(*GOOD)
    x = np.zeros((3, 2))
    for sigma in (0.0, -1.0, np.nan, [1.0, 2.0], []):
        with pytest.raises(InputError, match="sigma"):
            made(x, sigma)
    for method in (made.log_density, made.score, made.responsibilities):
        with pytest.raises(InputError, match="sigma must not be negative"):
            method(x, -0.1)
        with pytest.raises(InputError, match="sigma has shape"):
            method(x, [0.0, 1.0])
    for bad in (np.zeros((3, 3)), np.zeros(2), np.full((3, 2), np.nan)):
        with pytest.raises(InputError, match=r"x (has shape|holds)"):
            made(bad, 1.0)
        with pytest.raises(InputError, match=r"x (has shape|holds)"):
            made.log_density(bad)
    with pytest.raises(InputError, match="samples"):
        made.sample(0, np.random.default_rng(0))


def test_bad_factors_and_models_are_refused():
    means = np.zeros((2, 3))
    with pytest.raises(InputError, match="factors has shape"):
        GaussianMixture.low_rank([0.5, 0.5], means, np.ones((2, 2, 1)), [1.0, 1.0])
    with pytest.raises(InputError, match="variances must be positive"):
        GaussianMixture.low_rank([0.5, 0.5], means, np.ones((2, 3, 1)), [1.0, 0.0])
    with pytest.raises(InputError, match="not a fitted"):
        GaussianMixture.from_sklearn(peer.GaussianMixture(2))
    fitted = peer.GaussianMixture(2).fit(np.random.default_rng(20).standard_normal((30, 4)))
    with pytest.raises(InputError, match="dimension 4"):
        GaussianMixture.from_sklearn(fitted, shape=(2,))


def test_weights_off_by_rounding_are_put_right():
    mixture = GaussianMixture([0.5, 0.5 + 9e-7], np.eye(2), np.ones(2))
    assert mixture.weights.sum() == pytest.approx(1.0, abs=1e-15)


def test_weights_and_means_cannot_be_changed_afterwards():
    law = GaussianMixture([0.5, 0.5], [[0.0, 1.0], [2.0, 3.0]], [1.0, 1.0])
    for array in (law.weights, law.means):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0
