"""How a tile of logits is folded into the sums of a query, in plain Python, case by case."""

import numpy as np
import pytest

from convergen.theory.empirical_score.logits import differences, fold, logit_rows
from convergen.theory.empirical_score.records import QUERY, WORST, Limits, Sums
from tests.plain_kernels import uncompiled

RNG = np.random.default_rng(0)
X, Y = np.zeros(3), RNG.standard_normal((40, 3))
LOGITS = -0.5 * np.sum(Y**2, axis=1)
NEAREST = int(LOGITS.argmax())
EXACT = {"slope": 0.0, "tolerance": 1e-13, "power": 1.0, "crowd": 4.0, "reach": 40.0, "share": 1.0}
NONE = np.empty(0)


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    uncompiled(monkeypatch, fold, differences, logit_rows)
    # Parts of a few, so that one tile fills several.
    for module in (fold, differences):
        monkeypatch.setattr(module, "LANES", 4)
    monkeypatch.setattr(fold, "SHORT", 8)


def empty(neighbours=0, **known):
    """Sums of one query, to which nothing has been added."""
    query = np.zeros(1, QUERY).view(np.recarray)
    query.half, query.top = 0.5, -np.inf
    for name, value in known.items():
        query[name] = value
    return Sums(
        query, np.zeros((1, 3)), np.zeros((1, 3)), np.full((1, neighbours), -np.inf),
        np.zeros((1, neighbours), dtype=np.int64),
    )  # fmt: skip


def started(logit=0.0, **known):
    """The same, with one point of weight 1 at the reference."""
    sums = empty(top=logit, total=1.0, squares=1.0, **known)
    sums.reference[0] = [np.sqrt(-2.0 * logit), 0.0, 0.0]
    sums.mean[0] = sums.reference[0]
    return sums


def fold_in(sums, row=None, rows=Y, norms=NONE, first=0, **limits):
    """The factor, and the weights that are left for a product."""
    row = LOGITS.copy() if row is None else row
    factor = fold.fold(
        row, row.max(), X, rows, norms, first, Limits(**{**EXACT, **limits}), 0, sums
    )
    return factor, row


def test_the_first_tile_leaves_its_weights_for_a_product():
    sums = empty()
    factor, row = fold_in(sums)
    weights = np.exp(LOGITS - LOGITS.max())
    assert factor == 0.0
    np.testing.assert_allclose(row, weights, rtol=1e-13)
    query = sums.query[0]
    assert query.total == pytest.approx(weights.sum())
    assert query.squares == pytest.approx((weights**2).sum())
    assert query.weighted == pytest.approx(weights @ (LOGITS - LOGITS.max()))
    assert query.top == pytest.approx(LOGITS.max())
    assert query.doubt == query.error == query.mended == 0.0
    np.testing.assert_array_equal(sums.reference[0], Y[NEAREST])


def test_a_tile_of_farther_points_changes_no_reference_and_rescales_nothing():
    sums = started(-0.001)
    factor, row = fold_in(sums)
    assert factor == 1.0
    np.testing.assert_allclose(row, np.exp(LOGITS + 0.001), rtol=1e-12)
    assert sums.query[0].total == pytest.approx(1.0 + np.exp(LOGITS + 0.001).sum())
    assert sums.reference[0, 0] == np.sqrt(0.002)


def test_a_tile_of_nearer_points_rescales_what_was_there():
    sums = started(-8.0)
    factor, row = fold_in(sums)
    rise = LOGITS.max() + 8.0
    assert factor == pytest.approx(np.exp(-rise))
    weights = np.exp(LOGITS - LOGITS.max())
    np.testing.assert_allclose(row, weights, rtol=1e-12)
    query = sums.query[0]
    assert query.total == pytest.approx(np.exp(-rise) + weights.sum())
    assert query.squares == pytest.approx(np.exp(-2.0 * rise) + (weights**2).sum())
    assert query.weighted == pytest.approx(
        -rise * np.exp(-rise) + weights @ (LOGITS - LOGITS.max())
    )


def test_a_tile_out_of_reach_adds_nothing():
    sums = started(-0.001)
    factor, row = fold_in(sums, LOGITS - 50.0)
    assert factor == fold.DONE
    np.testing.assert_array_equal(row, LOGITS - 50.0)
    assert (sums.query[0].total, sums.mean[0, 0]) == (1.0, np.sqrt(0.002))
    # To the worst error of its logits it would be within reach.
    assert fold_in(started(-0.001, worst=20.0), LOGITS - 50.0)[0] != fold.DONE


def test_where_few_points_count_and_products_can_be_spared_they_are_added_one_by_one():
    rows = np.concatenate([Y[:1], 10.0 + RNG.random((63, 3))])
    row = -0.5 * np.sum(rows**2, axis=1)
    sums = started(-2.0)
    old = sums.mean[0].copy()
    factor, _ = fold_in(sums, row.copy(), rows, norms=-row, reach=30.0)
    assert factor == fold.DONE
    rise = LOGITS[0] + 2.0
    weights = (np.exp(-rise), 1.0) if rise > 0.0 else (1.0, np.exp(rise))
    assert sums.query[0].total == pytest.approx(sum(weights))
    np.testing.assert_allclose(sums.mean[0], weights[0] * old + weights[1] * Y[0], rtol=1e-12)
    # Without a product to spare, as with few coordinates, they are left to it.
    factor, left = fold_in(started(-2.0), row.copy(), rows, reach=30.0)
    assert factor != fold.DONE
    assert np.count_nonzero(left > 1e-20) == 1


def test_points_near_enough_are_added_with_their_exact_weights():
    sums = started(-0.125)
    reference = sums.reference[0].copy()
    row = LOGITS.copy()
    fold._add_near(row, X, Y, -1.0, sums.query[0], sums.mean[0], sums.reference[0])
    near = LOGITS >= -1.0
    assert 3 < near.sum() < 30
    # None weighs more than the reference.
    moved = np.minimum(LOGITS[near] + 0.125, 0.0)
    weights = np.exp(moved)
    np.testing.assert_allclose(sums.mean[0], reference + weights @ Y[near], rtol=1e-12)
    query = sums.query[0]
    assert query.total == pytest.approx(1.0 + weights.sum())
    assert query.squares == pytest.approx(1.0 + (weights**2).sum())
    assert query.weighted == pytest.approx(weights @ moved)


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_logits_that_may_count_are_computed_again(power):
    """They are off by 1e-3; the result is not, though the others are taken as they are."""
    noise = 1e-3 * RNG.uniform(-1.0, 1.0, 40)
    usual, tolerance = 1e-3, 1e-5
    sums = empty(usual=usual, worst=0.01)
    factor, row = fold_in(sums, LOGITS + noise, tolerance=tolerance, crowd=0.5, power=power)
    weights = np.exp(LOGITS - LOGITS.max())
    query = sums.query[0]
    assert factor == 0.0
    window = power * np.log(usual / tolerance) + 0.5
    # As the sum grows, fewer matter.
    limits, total = [], 1.0
    for start in range(0, 40, 8):
        limits += 8 * [max(window - np.log(total), 0.0) + 0.01]
        total = max(weights[: start + 8].sum(), 1.0)
    again = LOGITS + noise >= LOGITS.max() - limits
    assert query.mended == again.sum()
    np.testing.assert_allclose(row[again], weights[again], rtol=1e-12)
    if power == 1.0:
        assert 0 < again.sum() < 40
    taken = np.exp(LOGITS[~again] + noise[~again] - LOGITS.max())
    np.testing.assert_allclose(row[~again], taken, rtol=1e-9)
    assert query.doubt == pytest.approx((taken**2).sum() * usual**2)
    assert query.total == pytest.approx(weights[again].sum() + taken.sum(), rel=1e-12)
    assert query.squares == pytest.approx((weights[again] ** 2).sum() + (taken**2).sum())


def test_no_more_than_a_share_of_the_logits_is_computed_again(monkeypatch):
    monkeypatch.setattr(fold, "_FEW", 4.0)
    counts = []
    for share, first, mended in ((0.0, 0, 0), (0.0, 0, 4), (0.0, 0, 5), (0.1, 10, 5), (0.1, 0, 5)):
        sums = empty(usual=1e-3, worst=0.01, mended=mended)
        fold_in(sums, first=first, tolerance=1e-9, crowd=9.0, share=share)
        counts.append(int(sums.query[0].mended) - mended)
    # Each part of eight is computed again as long as the count is not above 4 + share · its place.
    assert counts == [8, 8, 0, 8, 8]


def test_the_window_is_no_wider_than_the_reach():
    sums = empty(usual=1e-3)
    fold_in(sums, tolerance=1e-12, crowd=9.0, reach=2.0)
    near = LOGITS.max() - 2.0 <= LOGITS
    assert 0 < sums.query[0].mended == near.sum() < 40


@pytest.mark.parametrize("lift", [0.0, 30.0])
def test_errors_grow_with_the_largest_term_of_a_logit(lift):
    """That is x·y/σ² where logits are made of it and |y|²/2σ², and otherwise the logit itself."""
    x, half = np.array([3.0, 1.0, -2.0]), 0.7
    norms = 0.5 * np.sum(Y**2, axis=1)
    row = 2.0 * half * (Y @ x - norms) if lift else -half * np.sum((Y - x) ** 2, axis=1)
    sums = empty(half=half, usual=0.25, lift=half * x @ x if lift else 0.0)
    best = row.argmax()
    fold.fold(
        row.copy(), row.max(), x, Y, norms if lift else NONE, 0,
        Limits(**{**EXACT, "slope": 1e-3, "tolerance": 1.0}), 0, sums,
    )  # fmt: skip
    size = abs(2.0 * half * Y[best] @ x) if lift else half * np.sum((Y[best] - x) ** 2)
    assert sums.query[0].error == pytest.approx(0.25 + 1e-3 * size)


def test_what_errors_allow_to_be_near_is_looked_at():
    """Neighbours and the reach: within WORST times the slope of the largest logit."""
    slope = 1e-3
    sums = empty(neighbours=2)
    fold_in(sums, slope=slope, tolerance=1.0)
    order = np.argsort(-LOGITS)[:2]
    np.testing.assert_array_equal(sums.indices[0], order)
    np.testing.assert_allclose(sums.values[0], LOGITS[order])
    # A later tile: not looked at if its best logit cannot reach the list even so.
    last = LOGITS[order[1]]
    slack = WORST * slope * abs(LOGITS.max())
    edge = (1.0 + WORST * slope) * last - slack
    closer = np.zeros((1, 3))
    for logit, found in ((edge - 1e-6, False), (edge + 1e-6, True)):
        before = sums.indices[0].copy()
        fold_in(sums, np.array([logit]), closer, first=70, slope=slope, tolerance=1.0)
        assert (70 in sums.indices[0]) == found
        assert found or np.array_equal(before, sums.indices[0])
    # None is wanted, none is kept.
    fold_in(empty(neighbours=0), slope=slope, tolerance=1.0)


def test_with_errors_the_nearest_of_all_that_come_close_becomes_the_reference():
    """The largest approximate logit may belong to another point."""
    second = int(np.argsort(-LOGITS)[1])
    row = LOGITS.copy()
    row[second] = LOGITS.max() + 0.5
    sums = empty(usual=0.1, worst=LOGITS.max() - LOGITS[second] + 1.0)
    fold_in(sums, row, tolerance=1e-9)
    np.testing.assert_array_equal(sums.reference[0], Y[NEAREST])
    assert sums.query[0].top == pytest.approx(LOGITS.max())


@pytest.mark.parametrize("place", [0, 17, 39])
def test_the_nearest_point_may_stand_anywhere_in_a_tile(place):
    rows = np.concatenate([np.delete(Y, NEAREST, axis=0)[:place], Y[[NEAREST]], Y[:0]])
    rows = np.concatenate([rows, np.delete(Y, NEAREST, axis=0)[place:]])
    sums = started(-8.0)
    fold_in(sums, -0.5 * np.sum(rows**2, axis=1), rows)
    np.testing.assert_array_equal(sums.reference[0], Y[NEAREST])


def test_a_tile_of_one_point_that_does_not_count_spares_its_product():
    row = np.array([-30.0])
    far = np.array([[np.sqrt(60.0), 0.0, 0.0]])
    sums = started(-0.001)
    assert fold_in(sums, row.copy(), far, norms=np.array([30.0]), reach=20.0)[0] == fold.DONE
    # Near enough by its approximate logit alone, it is looked at, and no product made.
    sums = started(-0.001, worst=15.0)
    assert fold_in(sums, row.copy(), far, norms=np.array([30.0]), reach=20.0)[0] == 1.0
    both = np.repeat(far, 40, axis=0)
    sums = started(-0.001)
    row = np.full(40, -30.0)
    row[0] = -1.0
    both[0] = [np.sqrt(2.0), 0.0, 0.0]
    factor, _ = fold_in(sums, row, both, norms=-row, reach=20.0)
    assert factor == fold.DONE
    assert sums.query[0].total == pytest.approx(1.0 + np.exp(-0.999))


@pytest.mark.parametrize(("mended", "again"), [(32, 8), (33, 0)])
def test_32_logits_of_a_query_are_computed_again_whatever_their_share(mended, again):
    sums = empty(usual=1e-3, worst=0.01, mended=mended)
    fold_in(sums, tolerance=1e-9, crowd=9.0, share=0.0)
    assert sums.query[0].mended - mended == again


def test_a_window_is_never_below_the_errors_nor_narrowed_by_a_small_sum():
    """Logits as near as the errors allow are always computed again."""
    sums = empty(usual=1e-3, worst=0.6)
    fold_in(sums, tolerance=1e-4, crowd=-99.0)
    assert sums.query[0].mended == np.count_nonzero(LOGITS.max() - 0.6 <= LOGITS) > 1
    sums = empty(usual=1e-3, worst=0.0)
    row = np.full(9, LOGITS[NEAREST])
    row[1:] -= np.arange(8.0) / 8.0
    rows = np.sqrt(-2.0 * row)[:, None] * np.array([[1.0, 0.0, 0.0]])
    fold_in(sums, row[:8].copy(), rows[:8], tolerance=1e-3 * np.exp(-0.3), crowd=0.0)
    # A window of 0.3 holds 0, 0, 1/8 and 2/8.
    assert sums.query[0].mended == 4
