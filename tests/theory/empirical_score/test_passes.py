"""What a pass knows before it starts, how it divides its work, and when it is too coarse."""

from contextlib import contextmanager

import numpy as np
import pytest

from convergen.theory.empirical_score import few_coordinates, many_coordinates, passes
from convergen.theory.empirical_score.passes import Pass
from convergen.theory.empirical_score.records import WORST
from convergen.theory.empirical_score.row_blocks import as_blocks
from convergen.theory.empirical_score.training_set import TrainingSet

RNG = np.random.default_rng(0)


def training_of(y):
    return TrainingSet.measured(as_blocks(y))


def prepared(y, x, sigma, *, neighbours=0, single=False, coarse=False):
    training = training_of(y)
    return Pass.prepared(training, x, sigma, neighbours, single=single, coarse=coarse)


def test_limits_are_those_of_the_precisions_that_are_wanted_and_used():
    y = RNG.standard_normal((60, 100))
    y[1] = y[2] = y[0]
    for single, coarse in ((False, False), (True, True), (True, False)):
        limits = prepared(y, y[:2], np.ones(2), single=single, coarse=coarse).limits
        assert limits.tolerance == (2e-6 if single else 1e-13)
        # The others may all err alike, or independently but for the three copies of a point.
        assert (limits.power, limits.crowd) == ((2.0, np.log(3)) if single else (1.0, np.log(60)))
        assert limits.reach == pytest.approx(np.log(60) + (20.0 if single else 40.0))
        assert limits.share == (1.0 / 16.0 if coarse else 1.0)
        # One sum of a hundred terms of one sign.
        eps = np.finfo(np.float32 if coarse else np.float64).eps
        assert limits.slope == pytest.approx(0.12 * np.hypot(10.0, 1.0) * eps)
    direct = prepared(y[:, :5], y[:2, :5], np.ones(2), single=True, coarse=True).limits
    assert direct.slope == pytest.approx(0.5 * 2.0**-23)
    assert direct.share == 1.0


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("dim", [100, 384, 385, 900])
def test_errors_of_products_before_a_logit_is_known(dim, coarse):
    y, x, sigma = RNG.standard_normal((9, dim)), RNG.standard_normal((2, dim)), np.array([0.5, 2.0])
    query = prepared(y, x, sigma, coarse=coarse).sums.query
    eps = np.finfo(np.float32 if coarse else np.float64).eps
    half, length = 0.5 / sigma**2, np.linalg.norm(x, axis=1)
    longest = np.linalg.norm(y, axis=1).max()
    # Sums over 384 terms, one after the other, and then over such sums.
    chunks = {100: 1, 384: 1, 385: 2, 900: 3}[dim]
    random = 0.16 / np.sqrt(chunks)
    one_sign = 0.12 * np.hypot(np.sqrt(dim) / chunks, np.sqrt(chunks))
    np.testing.assert_allclose(query["half"], half)
    np.testing.assert_allclose(query["lift"], half * length**2)
    np.testing.assert_allclose(
        query["usual"], 2.0 * eps * half * longest * (random * length + 0.2 * longest)
    )
    np.testing.assert_allclose(
        query["worst"],
        WORST * 2.0 * eps * half * longest * ((random + one_sign) * length + 0.2 * longest),
    )


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("dim", [5, 50])
def test_before_the_first_point_nothing_is_there(dim, coarse):
    y, x = RNG.standard_normal((9, dim)), RNG.standard_normal((2, dim))
    done = prepared(y, x, np.ones(2), neighbours=4, coarse=coarse)
    kind = np.float32 if coarse else np.float64
    assert done.points.dtype == done.sums.reference.dtype == kind
    # Few coordinates are summed in double precision whatever the logits have.
    assert done.sums.mean.dtype == (np.float64 if dim == 5 else kind)
    np.testing.assert_allclose(done.points, x, rtol=1e-6)
    assert np.all(done.sums.query["top"] == -np.inf)
    assert np.all(done.sums.values == -np.inf)
    assert done.sums.values.shape == done.sums.indices.shape == (2, 4)
    for zero in (done.sums.mean, done.sums.indices, done.sums.query["total"]):
        assert not zero.any()
    if dim == 5:
        for field in ("lift", "usual", "worst"):
            assert not done.sums.query[field].any()


@pytest.mark.parametrize(
    ("dim", "batch", "cores", "sizes"),
    [
        (5, 40, 8, [20, 20]), (5, 31, 8, [31]), (5, 15, 8, [15]), (5, 32, 8, [16, 16]),
        (5, 64, 3, [21, 21, 22]),
        (50, 40, 8, [20, 20]), (50, 100, 1, [100]),
    ],
)  # fmt: skip
def test_queries_are_shared_out_and_blocks_follow_each_other(monkeypatch, dim, batch, cores, sizes):
    calls = []

    def absorb(part, block, halves, first):
        np.testing.assert_allclose(halves, 0.5 * np.sum(block**2, axis=1))
        calls.append((first, len(block), len(part.points), part.points[0, 0]))

    module = few_coordinates if dim == 5 else many_coordinates
    monkeypatch.setattr(module, "absorb", absorb)
    monkeypatch.setattr(passes, "kernel_threads", lambda: cores)
    y, x = RNG.standard_normal((7, dim)), RNG.standard_normal((batch, dim))
    training = training_of([y[:4], y[4:]])
    Pass.prepared(training, x, np.ones(batch), 0, single=False, coarse=False).run(training)
    starts = np.cumsum([0, *sizes[:-1]])
    expected = [
        (first, rows, size, x[start, 0])
        for first, rows in ((0, 4), (4, 3))
        for size, start in zip(sizes, starts, strict=True)
    ]
    assert sorted(calls) == sorted(expected)


def test_no_query_needs_no_pass(monkeypatch):
    monkeypatch.setattr(few_coordinates, "absorb", lambda *_: pytest.fail("ran"))
    training = training_of(np.ones((3, 2)))
    none = Pass.prepared(training, np.ones((0, 2)), np.ones(0), 0, single=False, coarse=False)
    none.run(training)


def test_some_of_the_queries_share_their_sums_and_better_results_replace_worse():
    y = RNG.standard_normal((9, 5))
    done = prepared(y, y[:4], np.ones(4), neighbours=1)
    part = done.some(1, 3)
    np.testing.assert_array_equal(part.points, y[1:3])
    assert part.limits is done.limits
    part.sums.mean[:] = 7.0
    assert done.sums.mean[:, 0].tolist() == [0.0, 7.0, 7.0, 0.0]
    better = prepared(y, y[[0, 3]], np.ones(2), neighbours=1)
    better.sums.mean[:] = [[1.0], [2.0]]
    better.sums.indices[:] = [[5], [6]]
    done.replace(np.array([True, False, False, True]), better)
    assert done.sums.mean[:, 0].tolist() == [1.0, 7.0, 7.0, 2.0]
    assert done.sums.indices[:, 0].tolist() == [5, 0, 0, 6]


def test_a_pass_is_too_coarse_where_errors_move_the_mean():
    """By √(own² + others) times the spread about the mean, against 3e-6 of its length."""
    y = 0.5 + RNG.standard_normal((40, 60))
    y[1] = y[0]
    training = training_of(y)
    done = Pass.prepared(training, y[:3], np.ones(3), 0, single=True, coarse=True)
    query, mean = done.sums.query, 4.0 * np.ones((3, 60))
    query["total"], done.sums.mean[:] = 4.0, mean * 1.0
    # The mean is 1 in every coordinate: its distance from the points' centre and their radius.
    center = y.mean(axis=0)
    spread = np.max(np.sum((y - center) ** 2, axis=1)) + np.sum((1.0 - center) ** 2)
    bound = 3e-6 * np.sqrt(60.0) / np.sqrt(spread)
    # An error of 1 was mended: all doubt is of others, each counted as often as a point occurs.
    at = bound**2 * 16.0 / 2.0
    query["error"], query["doubt"] = 1.0, at * np.array([0.99, 1.01, 0.5])
    assert done.too_coarse(training).tolist() == [False, True, False]


def test_the_nearest_point_moves_the_mean_by_its_weight_and_what_is_left():
    """At weight w by w (1 − w) times its error, however few others there are."""
    y = np.zeros((30, 60))
    y[:, 0] = 1.0 + 1e-9 * np.arange(30)
    y[0, 1:] = 900.0
    training = training_of(y)
    done = Pass.prepared(training, y[:3], np.ones(3), 0, single=True, coarse=True)
    query = done.sums.query
    query["total"] = 4.0
    done.sums.mean[:] = 4.0 * y[1]
    spread = training.radius**2 + np.sum((y[1] - training.origin) ** 2)
    edge = 3e-6 / np.sqrt(spread) / (0.25 * 0.75)
    assert edge < 2e-6
    query["error"] = edge * np.array([0.99, 1.01, 1.01])
    query["doubt"] = query["error"] ** 2
    assert done.too_coarse(training).tolist() == [False, True, True]
    # What is doubted beyond the own error is of others.
    query["error"] = 0.5 * edge
    rest = 16.0 * (0.25 * 0.75 * edge) ** 2 * 0.75
    query["doubt"] = query["error"] ** 2 + rest * np.array([0.99, 1.01, 1.01])
    assert done.too_coarse(training).tolist() == [False, True, True]
    # An error beyond the tolerance has been mended.
    query["error"], query["doubt"] = 2.1e-6, 0.0
    assert not done.too_coarse(training).any()


@pytest.mark.parametrize(("dim", "held"), [(5, 0), (50, 1)])
def test_blas_has_one_thread_where_products_are_taken(monkeypatch, dim, held):
    entered = []

    @contextmanager
    def one_thread():
        entered.append(True)
        yield

    monkeypatch.setattr(passes, "one_blas_thread", one_thread)
    y = RNG.standard_normal((7, dim))
    prepared(y, y[:2], np.ones(2)).run(training_of(y))
    assert len(entered) == held
