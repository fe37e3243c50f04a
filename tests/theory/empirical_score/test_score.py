import numpy as np
import pytest

from convergen import theory
from convergen.theory.empirical_score import passes


def reference(x, y, sigma):
    """Softmax in extended precision, one query and one training point after the other."""
    means, logs = [], []
    for point, level in zip(x.astype(np.longdouble), np.broadcast_to(sigma, len(x)), strict=True):
        logits = [
            -np.sum((point - row) ** 2) / (2 * np.longdouble(level) ** 2)
            for row in y.astype(np.longdouble)
        ]
        logits = np.array(logits) - max(logits)
        weights = np.exp(logits) / np.exp(logits).sum()
        means.append(weights @ y.astype(np.longdouble))
        logs.append(weights)
    return np.array(means), np.array(logs)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("dim", [1, 3, 16, 40, 500])
@pytest.mark.parametrize("sigma", [1e-8, 1e-3, 0.5, 1.0, 3.0, 30.0, 1e8])
def test_against_a_double_loop(dtype, dim, sigma):
    rng = np.random.default_rng(dim)
    y = rng.standard_normal((60, dim)).astype(dtype)
    y[7] = y[6]
    x = (y[:5] + sigma * rng.standard_normal((5, dim))).astype(dtype)
    found = theory.EmpiricalScore(y, block_rows=17).query(x, sigma, neighbours=3)
    mean, weights = reference(x, y, sigma)
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    error = np.linalg.norm(found.mean - mean, axis=1) / np.linalg.norm(mean, axis=1)
    assert error.max() < tolerance
    assert found.mean.dtype == dtype
    np.testing.assert_allclose(found.max_weight, weights.max(axis=1), rtol=20 * tolerance)
    np.testing.assert_allclose(
        found.participation, 1.0 / (weights**2).sum(axis=1), rtol=20 * tolerance
    )
    entropy = -np.sum(weights * np.log(np.where(weights > 0, weights, 1)), axis=1)
    np.testing.assert_allclose(found.entropy, entropy, rtol=1e-5, atol=20 * tolerance)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("sigma", [0.3, 4.0, 40.0])
def test_threads_change_results_by_rounding_only(dtype, sigma, monkeypatch):
    """Three threads with at least 64 queries each, which then go their own ways."""
    rng = np.random.default_rng(2)
    y = rng.standard_normal((900, 70)).astype(dtype)
    x = (y[:200] + sigma * rng.standard_normal((200, 70))).astype(dtype)
    score = theory.EmpiricalScore(y, block_rows=400)
    monkeypatch.setattr(passes, "get_num_threads", lambda: 1)
    alone = score.query(x, sigma, neighbours=2)
    monkeypatch.setattr(passes, "get_num_threads", lambda: 3)
    together = score.query(x, sigma, neighbours=2)
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    error = np.linalg.norm(together.mean - alone.mean, axis=1)
    assert np.all(error < tolerance * np.linalg.norm(alone.mean, axis=1))
    np.testing.assert_array_equal(together.neighbours, alone.neighbours)
    np.testing.assert_allclose(together.participation, alone.participation, rtol=20 * tolerance)


def test_high_dimension_one_point_and_duplicates():
    rng = np.random.default_rng(0)
    y = rng.standard_normal((20, 100_000))
    y[3] = y[2]
    x = y[:4] + 0.5 * rng.standard_normal((4, 100_000))
    found = theory.EmpiricalScore(y)(x, 0.5)
    mean, _ = reference(x, y, 0.5)
    np.testing.assert_allclose(found, mean.astype(float), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(theory.EmpiricalScore(y[:1])(x, 0.5), np.repeat(y[:1], 4, axis=0))


@pytest.mark.parametrize("dim", [4, 60])
def test_neighbours_cosines_and_density(dim):
    rng = np.random.default_rng(1)
    y, x = rng.standard_normal((50, dim)), rng.standard_normal((6, dim))
    sigma = rng.uniform(0.5, 2.0, 6)
    found = theory.EmpiricalScore(y).query(x, sigma, neighbours=4)
    distances = np.linalg.norm(x[:, None] - y, axis=2)
    order = np.argsort(distances, axis=1)[:, :4]
    np.testing.assert_array_equal(found.neighbours, order)
    near = y[order]
    cosines = np.einsum("ijk,ik->ij", near, x) / (
        np.linalg.norm(near, axis=2) * np.linalg.norm(x, axis=1)[:, None]
    )
    np.testing.assert_allclose(found.cosines, cosines, rtol=1e-12)
    kernels = np.exp(-0.5 * (distances / sigma[:, None]) ** 2)
    kernels /= (2 * np.pi * sigma[:, None] ** 2) ** (dim / 2)
    np.testing.assert_allclose(found.log_density, np.log(kernels.mean(axis=1)), rtol=1e-11)


@pytest.mark.parametrize("dim", [5, 50])
def test_score_is_the_gradient_of_the_log_density(dim):
    rng = np.random.default_rng(2)
    model = theory.EmpiricalScore(rng.standard_normal((30, dim)))
    x, direction, step = rng.standard_normal((1, dim)), rng.standard_normal((1, dim)), 1e-5
    up, down = (model.log_density(x + s * step * direction, 1.0)[0] for s in (1, -1))
    slope = float(model.score(x, 1.0)[0] @ direction[0])
    assert (up - down) / (2 * step) == pytest.approx(slope, rel=1e-7)


@pytest.mark.parametrize("dim", [6, 70])
def test_memory_map_blocks_and_array_agree(tmp_path, dim):
    rng = np.random.default_rng(3)
    y, x = rng.standard_normal((300, dim)), rng.standard_normal((9, dim))
    np.save(tmp_path / "y.npy", y)
    expected = theory.EmpiricalScore(y)(x, 0.8)
    for data in (np.load(tmp_path / "y.npy", mmap_mode="r"), [y[:100], y[100:130], y[130:]]):
        np.testing.assert_allclose(
            theory.EmpiricalScore(data)(x, 0.8), expected, rtol=1e-12, atol=1e-13
        )
    for rows in (1, 64, 1000):
        model = theory.EmpiricalScore(y, block_rows=rows)
        np.testing.assert_allclose(model(x, 0.8), expected, rtol=1e-12, atol=1e-13)


def test_images_keep_their_shape():
    images = np.random.default_rng(4).random((12, 4, 5)).astype(np.float32)
    denoised = theory.EmpiricalScore(images)(images[:3], 1e-3)
    np.testing.assert_array_equal(denoised, images[:3])


def test_each_query_has_its_own_noise():
    y = np.random.default_rng(5).standard_normal((40, 50))
    model = theory.EmpiricalScore(y)
    both = model(y[:2], [1e-8, 1e8])
    np.testing.assert_array_equal(both[0], y[0])
    np.testing.assert_allclose(both[1], y.mean(axis=0), atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda y: theory.EmpiricalScore(y)(y, 0.0), "positive"),
        (lambda y: theory.EmpiricalScore(y)(y, -1.0), "positive"),
        (lambda y: theory.EmpiricalScore(y)(y[:, :2], 1.0), "shape"),
        (lambda y: theory.EmpiricalScore(y)(y, np.ones(3)), "sigma has shape"),
        (lambda y: theory.EmpiricalScore(y)(np.full_like(y, np.nan), 1.0), "NaN"),
        (lambda y: theory.EmpiricalScore(np.full_like(y, np.inf)), "NaN"),
        (lambda y: theory.EmpiricalScore(y[:0]), "shape"),
        (lambda y: theory.EmpiricalScore(y.astype(complex)), "real"),
        (lambda y: theory.EmpiricalScore(block for block in [y]), "only once"),
        (lambda y: theory.EmpiricalScore(y).query(y, 1.0, neighbours=99), "99 neighbours"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(theory.InputError, match=message):
        call(np.random.default_rng(6).standard_normal((8, 3)))


DRAWS = {
    "plain": lambda rng, n, dim: rng.standard_normal((n, dim)),
    "copies": lambda rng, n, dim: rng.standard_normal((40, dim))[rng.integers(40, size=n)],
    "steep": lambda rng, n, dim: rng.standard_normal((n, dim)) / np.sqrt(np.arange(1, dim + 1)),
}


@pytest.mark.parametrize("kind", DRAWS)
@pytest.mark.parametrize("factor", [0.3, 0.7, 1.2])
def test_single_precision_where_few_points_share_the_weight(kind, factor):
    """There rounded logits move the mean most, copies of a point all alike."""
    rng, dim, n = np.random.default_rng(8), 512, 2000
    y = DRAWS[kind](rng, n, dim).astype(np.float32)
    sigma = factor * float(y.std()) * np.sqrt(dim / (2.0 * np.log(n)))
    x = (y[:400] + sigma * rng.standard_normal((400, dim))).astype(np.float32)
    exact = theory.EmpiricalScore(y.astype(np.float64))(x.astype(np.float64), sigma)
    error = np.linalg.norm(theory.EmpiricalScore(y)(x, sigma) - exact, axis=1)
    assert np.max(error / np.linalg.norm(exact, axis=1)) < 1e-5
