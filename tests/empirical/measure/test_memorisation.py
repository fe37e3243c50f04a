import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta

from convergen.empirical.measure import memorisation as module
from convergen.empirical.measure.intervals import Estimate
from convergen.empirical.measure.memorisation import (
    Memorisation,
    Neighbours,
    memorisation,
    nearest_training_points,
)
from convergen.theory.common.checks import InputError


def drawn(count, seed, dim=20):
    return np.random.default_rng([3, seed]).standard_normal((count, dim))


# ----------------------------------------------------------------------------- neighbours


def by_hand(points, training, k):
    """Loop over all pairs."""
    cosines = np.array(
        [[abs(x @ y) / np.sqrt((x @ x) * (y @ y)) for y in training] for x in points]
    )
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(cosines, order, axis=1)


@pytest.mark.parametrize("values", [1, 60, 2**24])
def test_neighbours_equal_a_loop_over_all_pairs_whatever_the_blocks(monkeypatch, values):
    monkeypatch.setattr(module, "_VALUES", values)
    points, training = drawn(15, 0), drawn(37, 1)
    found = nearest_training_points(points, training, 4)
    indices, cosines = by_hand(points, training, 4)
    np.testing.assert_array_equal(found.indices, indices)
    np.testing.assert_allclose(found.cosines, cosines, rtol=1e-12)
    small = nearest_training_points(1e-4 * points, 1e-3 * training, 37)
    np.testing.assert_allclose(small.cosines, by_hand(points, training, 37)[1], rtol=1e-12)


@pytest.mark.parametrize(("values", "block"), [(29, 1), (30, 2), (75, 5), (2**24, 37)])
def test_products_of_one_block_are_no_more_than_they_may_be(monkeypatch, values, block):
    assert module._VALUES * 8 == 128 * 1024**2  # bytes
    monkeypatch.setattr(module, "_VALUES", values)
    taken, plain = [], module._directions
    monkeypatch.setattr(module, "_directions", lambda x: taken.append(len(x)) or plain(x))
    nearest_training_points(drawn(15, 0), drawn(37, 1))
    assert taken == [15, *[block] * (37 // block), *[37 % block] * (37 % block > 0)]


def test_no_cosine_is_above_one():
    points = drawn(200, 2)
    assert np.all(nearest_training_points(points, 3.0 * points).cosines <= 1.0)


def test_a_memory_map_in_large_blocks_gives_the_same(monkeypatch, tmp_path):
    monkeypatch.setattr("convergen.theory.common.row_blocks._BLOCK_BYTES", 8 * 16 * 10)
    points, training = drawn(9, 2, 16), drawn(45, 3, 16).astype(np.float32)
    np.save(tmp_path / "training.npy", training.reshape(45, 1, 4, 4))
    mapped = np.load(tmp_path / "training.npy", mmap_mode="r")
    found = nearest_training_points(points.reshape(9, 1, 4, 4), mapped, 3)
    np.testing.assert_array_equal(found.indices, by_hand(points, training.astype(float), 3)[0])


def test_the_first_of_equal_neighbours_wins_and_signs_do_not_matter():
    training = np.array([[0.0, 1.0], [1.0, 0.0], [-2.0, 0.0], [0.5, 0.0]])
    found = nearest_training_points(np.array([[3.0, 0.0], [0.0, 0.0]]), training, 3)
    np.testing.assert_array_equal(found.indices[0], [1, 2, 3])
    np.testing.assert_array_equal(found.indices[1], [0, 1, 2])
    np.testing.assert_array_equal(found.cosines, [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])


def test_points_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match=r"shape \(7,\), but generated points have \(20,\)"):
        nearest_training_points(drawn(3, 0), drawn(5, 1, 7))
    with pytest.raises(InputError, match=r"shape \(20,\), but generated points have \(7,\)"):
        nearest_training_points(drawn(3, 0, 7), drawn(5, 1))
    with pytest.raises(InputError, match="6 nearest points were asked for, but there are 5"):
        nearest_training_points(drawn(3, 0), drawn(5, 1), 6)


# --------------------------------------------------------------------------- memorisation


def test_copies_are_found_with_their_rows():
    training, fresh, rng = drawn(100, 4), drawn(100, 5), np.random.default_rng(0)
    rows = rng.integers(100, size=60)
    copies = -3.0 * training[rows] + 0.05 * rng.standard_normal((60, 20))
    found = memorisation(copies, training, fresh, rng)
    np.testing.assert_array_equal(found.own.indices[:, 0], rows)
    assert found.verdict == "memorising"
    assert found.fraction.value == 1.0
    assert found.chance.value == 0.0
    assert found.m.value > 0.99
    assert found.excess.value > 0.98


def test_fresh_points_are_at_the_baseline_whose_law_is_known():
    """cos² of two uniform directions is Beta(1/2, (d − 1)/2), and 50 of them are independent."""
    rng, values = np.random.default_rng(1), []
    for seed in range(12):
        found = memorisation(
            drawn(80, 100 + seed), drawn(50, 200 + seed), drawn(50, 300 + seed), rng
        )
        assert found.verdict == "not memorising"
        assert found.excess.low < 0.05
        values += [found.m.value, found.baseline.value]
    expected = quad(lambda cosine: 1.0 - beta.cdf(cosine**2, 0.5, 9.5) ** 50, 0.0, 1.0)[0]
    stderr = np.std(values, ddof=1) / np.sqrt(len(values))
    assert stderr < 0.005
    assert abs(np.mean(values) - expected) < 4.0 * stderr


def test_half_and_half_is_partly_memorising():
    training, fresh, rng = drawn(100, 6), drawn(100, 7), np.random.default_rng(2)
    points = np.concatenate([training[:30], drawn(70, 8)])
    found = memorisation(points, training, fresh, rng)
    assert found.fraction.value == pytest.approx(0.3)
    assert found.verdict == "partly memorising"
    assert found.fraction.low < 0.3 < found.fraction.high


def test_in_few_dimensions_the_threshold_rises_above_what_chance_reaches():
    """In a plane everything is near everything: no copies, though every cosine exceeds 0.95."""
    rng = np.random.default_rng(3)
    points, training, fresh = drawn(200, 9, 2), drawn(200, 10, 2), drawn(200, 11, 2)
    found = memorisation(points, training, fresh, rng)
    assert found.m.value > 0.999
    assert found.threshold > 0.999
    assert found.chance.value <= 0.01
    assert found.verdict == "not memorising"
    assert memorisation(points, training, fresh, rng, threshold=0.9).fraction.value == 1.0


@pytest.mark.parametrize(
    ("rare", "limit"),
    [(1.0, 0.97), (1.0 - 1e-12, 0.97), (1.0 - 1e-9, 0.97), (1.0 - 1e-7, 1.0 - 1e-7)],
)
def test_points_that_were_drawn_twice_do_not_raise_the_threshold(rare, limit):
    assert module._limit(np.array([0.97] * 95 + [rare] * 5)) == pytest.approx(limit, abs=1e-12)


@pytest.mark.parametrize("cosine", [1.0, 0.9])
def test_no_cosine_counts_as_a_copy_below_what_the_eye_takes_for_one(cosine):
    assert module._limit(np.full(20, cosine)) == module.COPY


@pytest.mark.parametrize(
    ("fraction", "chance", "excess", "verdict"),
    [
        (0.51, 0.0, 0.9, "memorising"),
        (0.5, 0.0, 0.9, "partly memorising"),
        (0.02, 0.01, 0.0, "partly memorising"),
        (0.0, 0.01, 0.06, "partly memorising"),
        (0.01, 0.01, 0.05, "not memorising"),
        (0.9, 0.95, 0.0, "not memorising"),
    ],
)
def test_verdicts_follow_the_ends_of_the_intervals(fraction, chance, excess, verdict):
    def between(low, high):
        return Estimate(0.5 * (low + high), low, high, 0.1)

    none = Neighbours(np.zeros((1, 1), np.int64), np.zeros((1, 1)))
    found = Memorisation(
        m=between(0, 1), baseline=between(0, 1), excess=between(excess, 1.0),
        fraction=between(fraction, 1.0), chance=between(0.0, chance), threshold=0.95,
        own=none, fresh=np.zeros(1),
    )  # fmt: skip
    assert found.verdict == verdict


def test_one_neighbour_is_looked_for_where_no_more_are_asked_for():
    rng = np.random.default_rng(0)
    points, training = rng.standard_normal((3, 5)), rng.standard_normal((7, 5))
    assert module.nearest_training_points(points, training).indices.shape == (3, 1)


def test_the_first_of_several_neighbours_counts():
    points, training, fresh = drawn(30, 12), drawn(40, 13), drawn(40, 14)
    one, three = (
        memorisation(points, training, fresh, np.random.default_rng(0), neighbours=count)
        for count in (1, 3)
    )
    assert three.own.indices.shape == (30, 3)
    assert (three.m, three.fraction, three.excess) == (one.m, one.fraction, one.excess)
    assert memorisation(points, training, fresh, np.random.default_rng(0)).own.indices.shape == (
        30, 1,
    )  # fmt: skip
    m, baseline = (by_hand(points, x, 1)[1].mean() for x in (training, fresh))
    assert one.excess.value == pytest.approx((m - baseline) / (1.0 - baseline))


def test_a_copy_is_beyond_the_threshold():
    own = Neighbours(np.zeros((4, 1), np.int64), np.array([[0.9], [0.91], [0.95], [0.1]]))
    other = np.array([0.9, 0.8, 0.2, 0.1])
    found = module._judged(own, other, Estimate(0.0, 0.0, 0.0, 0.0), 0.9)
    assert (found.fraction.value, found.chance.value) == (0.5, 0.0)


def test_no_excess_where_true_points_repeat_each_other():
    np.testing.assert_allclose(module._excess(np.array([[0.5, 0.2], [1.0, 1.0]])), [0.375, 0.0])
