from types import SimpleNamespace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from convergen import theory
from convergen.theory.empirical_score import passes
from convergen.theory.empirical_score.passes import Pass
from convergen.theory.empirical_score.row_blocks import as_blocks
from convergen.theory.empirical_score.training_set import TrainingSet


def reference(x, y, sigma):
    """Softmax in extended precision, one query and one training point after the other."""
    y = y.astype(np.longdouble)
    means, weights = [], []
    for point, level in zip(x.astype(np.longdouble), np.broadcast_to(sigma, len(x)), strict=True):
        logits = [-np.sum((point - row) ** 2) / (2 * np.longdouble(level) ** 2) for row in y]
        shares = np.exp(np.array(logits) - max(logits))
        weights.append(shares / shares.sum())
        means.append(weights[-1] @ y)
    return np.array(means), np.array(weights)


def check(found, mean, weights, tolerance, scale=20.0):
    """All that is reported, against the extended precision."""
    error = np.linalg.norm(found.mean - mean, axis=1) / np.linalg.norm(mean, axis=1)
    assert error.max() < tolerance
    loose = scale * tolerance
    np.testing.assert_allclose(found.max_weight, weights.max(axis=1), rtol=loose)
    np.testing.assert_allclose(found.participation, 1.0 / (weights**2).sum(axis=1), rtol=loose)
    entropy = -np.sum(weights * np.log(np.where(weights > 0, weights, 1)), axis=1)
    np.testing.assert_allclose(found.entropy, entropy, rtol=loose, atol=loose)


TOLERANCES = {np.float64: 1e-12, np.float32: 1e-5}


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("dim", [1, 3, 4, 16, 32, 40, 500])
def test_against_a_double_loop(dtype, dim):
    rng = np.random.default_rng(dim)
    y = rng.standard_normal((60, dim)).astype(dtype)
    y[7] = y[6]
    score = theory.EmpiricalScore(y, block_rows=17)
    for sigma in (1e-8, 1e-3, 0.1, 0.3, 0.5, 1.0, 3.0, 30.0, 1e8):
        x = (y[:5] + sigma * rng.standard_normal((5, dim))).astype(dtype)
        found = score.query(x, sigma, neighbours=3)
        assert found.mean.dtype == dtype
        check(found, *reference(x, y, sigma), TOLERANCES[dtype])


def clusters(rng, n, dim):
    """Points far from the origin, in small clusters: nearly all digits of a product cancel."""
    return rng.standard_normal((3, dim))[rng.integers(3, size=n)] + 1e-3 * rng.standard_normal(
        (n, dim)
    )


@pytest.mark.parametrize("dim", [5, 40, 200])
@pytest.mark.parametrize("level", [3e-4, 1e-3, 1e-2])
def test_clusters_in_double_precision(dim, level):
    """Logits from products are off by up to a nat: those that matter are computed again."""
    rng = np.random.default_rng(9)
    y = clusters(rng, 300, dim)
    x = y[:20] + level * rng.standard_normal((20, dim))
    found = theory.EmpiricalScore(y, block_rows=130).query(x, level)
    check(found, *reference(x, y, level), 1e-12, 1e3)


DRAWS = {
    "plain": lambda rng, n, dim: rng.standard_normal((n, dim)),
    "copies": lambda rng, n, dim: rng.standard_normal((40, dim))[rng.integers(40, size=n)],
    "steep": lambda rng, n, dim: rng.standard_normal((n, dim)) / np.sqrt(np.arange(1, dim + 1)),
    "offset": lambda rng, n, dim: 10.0 + rng.standard_normal((n, dim)),
    "bytes": lambda rng, n, dim: rng.integers(0, 256, (n, dim)).astype(float),
    "few": lambda rng, n, dim: 3.0 + rng.standard_normal((n, dim))[:, : dim // 20].repeat(20, 1),
}


@pytest.mark.parametrize("kind", DRAWS)
def test_single_precision_where_few_points_share_the_weight(kind):
    """There rounded logits move the mean most, copies of a point all alike."""
    rng, dim, n = np.random.default_rng(8), 200, 1500
    y = DRAWS[kind](rng, n, dim).astype(np.float32)
    score, exact = theory.EmpiricalScore(y), theory.EmpiricalScore(y.astype(np.float64))
    for factor in (0.3, 0.5, 0.7, 0.85, 1.0, 1.2, 1.7):
        sigma = factor * float(y.std()) * np.sqrt(y.shape[1] / (2.0 * np.log(n)))
        x = (y[:200] + sigma * rng.standard_normal((200, y.shape[1]))).astype(np.float32)
        found, mean = score.query(x, sigma), exact(x.astype(np.float64), sigma)
        error = np.linalg.norm(found.mean - mean, axis=1)
        assert np.max(error / np.linalg.norm(mean, axis=1)) < 1e-5
        # The other precision is no judge of itself.
        some = slice(0, 200, 40)
        np.testing.assert_allclose(
            mean[some], reference(x[some], y, sigma)[0], rtol=1e-9, atol=1e-9
        )


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("dim", [3, 40])
def test_queries_far_from_all_points(dtype, dim):
    """All logits are large and alike: nearly all of them have to be computed again."""
    rng = np.random.default_rng(10)
    y = (0.1 * rng.standard_normal((600, dim))).astype(dtype)
    for sigma in (0.1, 1.0, 3.0):
        x = (100.0 * sigma * rng.standard_normal((4, dim)) / np.sqrt(dim)).astype(dtype)
        check(theory.EmpiricalScore(y).query(x, sigma), *reference(x, y, sigma), TOLERANCES[dtype])


def test_hardly_a_query_needs_double_precision():
    """Else single precision would be no faster."""
    rng, dim, n = np.random.default_rng(8), 400, 1000
    y = rng.standard_normal((n, dim)).astype(np.float32)
    training = TrainingSet.measured(as_blocks(y))
    for factor in (0.5, 0.7, 0.85, 1.0, 1.2, 1.7):
        sigma = np.full(200, factor * np.sqrt(dim / (2.0 * np.log(n))))
        x = (y[:200] + sigma[:, None] * rng.standard_normal((200, dim))).astype(np.float32)
        done = Pass.prepared(training, x, sigma, 0, single=True, coarse=True)
        done.run(training)
        assert done.too_coarse(training).mean() < 0.02
        assert done.sums.query["mended"].mean() < 20.0


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("dim", [7, 70])
def test_threads_change_results_by_rounding_only(dtype, dim, monkeypatch):
    """Three threads, which go their own ways."""
    rng = np.random.default_rng(2)
    y = rng.standard_normal((900, dim)).astype(dtype)
    score = theory.EmpiricalScore(y, block_rows=400)
    for sigma in (0.3, 4.0, 40.0):
        x = (y[:200] + sigma * rng.standard_normal((200, dim))).astype(dtype)
        monkeypatch.setattr(passes, "kernel_threads", lambda: 1)
        alone = score.query(x, sigma, neighbours=2)
        monkeypatch.setattr(passes, "kernel_threads", lambda: 3)
        together = score.query(x, sigma, neighbours=2)
        error = np.linalg.norm(together.mean - alone.mean, axis=1)
        assert np.all(error < TOLERANCES[dtype] * np.linalg.norm(alone.mean, axis=1))
        np.testing.assert_array_equal(together.neighbours, alone.neighbours)
        np.testing.assert_allclose(
            together.participation, alone.participation, rtol=20 * TOLERANCES[dtype]
        )


def test_numba_starts_no_threads_of_its_own(monkeypatch):
    """They would set how many threads torch has."""
    monkeypatch.setattr("numba.np.ufunc.parallel._launch_threads", lambda: pytest.fail("started"))
    y = np.random.default_rng(2).standard_normal((90, 7))
    for rows in (y[:3], np.tile(y, (3, 1))):
        assert np.isfinite(theory.EmpiricalScore(y)(rows, 0.5)).all()


@pytest.mark.parametrize("batch", [1, 20, 200])
def test_bits_do_not_depend_on_how_many_threads_blas_has(batch):
    rng = np.random.default_rng(3)
    y, x = rng.standard_normal((3000, 120)), 3.0 * rng.standard_normal((batch, 120))
    score, found = theory.EmpiricalScore(y), []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            found.append(score(x, 3.0))
    np.testing.assert_array_equal(*found)


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


def test_one_neighbour_unless_it_is_said_and_all_of_them_at_most():
    y = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 5.0]])
    score = theory.EmpiricalScore(y)
    assert repr(score) == "EmpiricalScore(3 training points of shape (2,))"
    assert score.query(y, 0.1).neighbours.tolist() == [[0], [1], [2]]
    found = score.query(y, 0.1, neighbours=3)
    assert found.neighbours.tolist() == [[0, 1, 2], [1, 0, 2], [2, 0, 1]]
    # The origin has no direction.
    assert found.cosines.tolist() == [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    with pytest.raises(theory.InputError) as raised:
        score.query(y, 0.1, neighbours=4)
    assert str(raised.value) == "4 neighbours were asked for, but there are 3 training points."


def test_a_mean_is_not_copied_where_it_need_not_be():
    x = np.ones((2, 40))
    sums = Pass.prepared(
        TrainingSet.measured(as_blocks(x)), x, np.ones(2), 0, single=False, coarse=False
    ).sums
    sums.query["total"] = 2.0
    assert theory.EmpiricalScore(x)._mean(sums, x) is sums.mean


def test_cosines_of_parallel_points_are_no_larger_than_one():
    y = np.random.default_rng(0).standard_normal((200, 3))
    found = theory.EmpiricalScore(y).query(np.concatenate([3.0 * y, -7.0 * y]), 0.1, neighbours=200)
    assert np.abs(found.cosines).max() == 1.0


def test_neighbours_are_gathered_in_pieces_of_32_mib(monkeypatch):
    asked = []
    score = theory.EmpiricalScore(np.ones((2, 1)))
    score.shape = (2**10, 2**10)
    rows = np.arange(1.0, 9.0)[:, None]
    blocks = SimpleNamespace(take=lambda places: asked.append(places.tolist()) or rows[places])
    monkeypatch.setattr(score, "_training", SimpleNamespace(blocks=blocks))
    indices = np.array([[0, 1], [2, 3], [4, 5], [6, 7], [1, 0]])
    found = score._cosines(np.array([[1.0], [-1.0], [1.0], [-1.0], [0.0]]), indices)
    assert asked == [[0, 1, 2, 3], [4, 5, 6, 7], [1, 0]]
    assert found.tolist() == [[1.0, 1.0], [-1.0, -1.0], [1.0, 1.0], [-1.0, -1.0], [0.0, 0.0]]
    score.shape = (2**10, 2**13)
    asked.clear()
    score._cosines(np.ones((2, 1)), indices[:2])
    assert asked == [[0, 1], [2, 3]]


@pytest.mark.parametrize(("dtype", "limit"), [(np.float32, 1e15), (np.float64, 1e140)])
def test_squares_stay_within_the_range_of_the_precision(dtype, limit):
    """Neither lengths nor noise nor one over the other, nor one over the noise, reach the limit."""
    kind, few = np.dtype(dtype), 1.0 + 4e-16
    score = theory.EmpiricalScore(np.array([[0.25 * limit]]))

    def fits(x, *sigma):
        return score._fits(np.array([[0.0], [x]]), np.array(sigma), kind)

    assert fits(0.75 * limit / few, 1.5, 2.0)
    assert not fits(0.75 * limit * few, 1.5, 2.0)
    # Half a unit below 1e15 is below it; below 1e140 it is nothing.
    assert fits(0.75 * limit - 0.5, 1.5) == (limit < 1e16)
    assert not fits(0.75 * limit, 1.5)
    assert fits(0.0, 1.0, limit / few)
    assert not fits(0.0, 1.0, limit)
    assert fits(0.0, 0.26, 2.0)
    assert not fits(0.0, 0.24, 2.0)
    score = theory.EmpiricalScore(np.zeros((1, 1)) + 1e-3 / limit)
    assert fits(0.0, few / limit * 1.001, 1.0)
    assert not fits(0.0, 1.0 / limit, 1.0)


@pytest.mark.parametrize(
    ("dim", "kinds", "passes_made"),
    [(40, "ff", [(True, True), (True, False)]), (40, "fd", [(False, False)]),
     (40, "df", [(False, False)]), (40, "dd", [(False, False)]), (5, "ff", [(True, True)]),
     (5, "dd", [(False, False)])],
)  # fmt: skip
def test_queries_whose_errors_count_pass_again_in_double_precision(
    dim, kinds, passes_made, monkeypatch
):
    made, prepare = [], Pass.prepared.__func__

    def prepared(cls, training, x, sigma, neighbours, *, single, coarse):
        made.append((single, coarse, len(x), neighbours))
        return prepare(cls, training, x, sigma, neighbours, single=single, coarse=coarse)

    monkeypatch.setattr(Pass, "prepared", classmethod(prepared))
    monkeypatch.setattr(Pass, "too_coarse", lambda self, training: np.array([True, False, True]))
    rng = np.random.default_rng(0)
    y = rng.standard_normal((9, dim)).astype(kinds[0])
    x = rng.standard_normal((3, dim)).astype(kinds[1])
    found = theory.EmpiricalScore(y).query(x, 1.0, neighbours=2)
    assert [(single, coarse) for single, coarse, _, _ in made] == passes_made
    assert [size for _, _, size, _ in made] == [3, 2][: len(made)]
    assert {count for *_, count in made} == {2}
    mean, _ = reference(x, y, 1.0)
    np.testing.assert_allclose(found.mean, mean.astype(float), rtol=1e-4, atol=1e-5)
    made.clear()
    monkeypatch.setattr(Pass, "too_coarse", lambda self, training: np.zeros(3, bool))
    theory.EmpiricalScore(y)(x, 1.0)
    assert len(made) == 1


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
