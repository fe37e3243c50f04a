"""Near-duplicates in several sets, against all pairs and mirrors made by hand."""

import numpy as np
import pytest
from scipy.stats import beta

from convergen.empirical.diagnose.comparable.near_repeats import (
    _Centred,
    _effective_dimension,
    near_groups,
)
from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.theory.common.row_blocks import spread_rows
from convergen.theory.sources.points import Points

SHAPE = (2, 5, 7)
RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((60, *SHAPE))


def points(rows):
    return Points("x", rows, rows.shape[1:])


def test_rows_of_several_sets_are_about_their_common_mean():
    rows = RNG.standard_normal((9, 4)) + 3.0
    found = _Centred([points(rows[:4]), points(rows[4:6]), points(rows[6:])], mirrored=False)
    assert (len(found), found.shape) == (9, (9, 4))
    centred = rows - rows.mean(axis=0)
    np.testing.assert_allclose(found[:], centred)
    np.testing.assert_allclose(found[np.array([8, 4, 3, 0])], centred[[8, 4, 3, 0]])
    np.testing.assert_allclose(found[3:7], centred[3:7])


def test_images_are_about_their_own_mean_in_each_channel():
    found = _Centred([points(IMAGES)], mirrored=False)[:]
    own = IMAGES - IMAGES.mean(axis=(2, 3), keepdims=True)
    np.testing.assert_allclose(found, (own - own.mean(axis=0)).reshape(60, -1), atol=1e-14)
    brighter = IMAGES + RNG.random((60, 2, 1, 1))
    np.testing.assert_allclose(_Centred([points(brighter)], mirrored=False)[:], found, atol=1e-14)


def test_mirrors_are_turned_to_the_side_that_is_brighter():
    found, turned = (
        _Centred([points(each)], mirrored=True)[:] for each in (IMAGES, IMAGES[..., ::-1])
    )
    np.testing.assert_allclose(found, turned, atol=1e-14)
    whole = found + np.asarray(_Centred([points(IMAGES)], mirrored=True)._mean)
    columns = whole.reshape(60, -1, 7).mean(axis=1)
    assert np.all(columns @ (np.arange(7.0) - 3.0) >= 0.0)


def test_the_effective_dimension_is_that_of_the_gram_matrix():
    rows = RNG.standard_normal((500, 20)) * np.r_[3.0, np.ones(19)]
    values = np.linalg.eigvalsh(np.cov(rows.T, bias=True))
    expected = values.sum() ** 2 / (values**2).sum()
    found = _effective_dimension(_Centred([points(rows)], mirrored=False))
    assert found == pytest.approx(expected)
    assert _effective_dimension(_Centred([points(np.ones((5, 3)))], mirrored=False)) == np.inf


def groups(sets, names=()):
    found = near_groups([points(each) for each in sets], Orbit.of(sets[0].shape[1:], names))
    _, first = np.unique(found, return_index=True)
    return {tuple(np.flatnonzero(found == found[at]).tolist()) for at in first}


def test_near_copies_in_either_set_are_one_group_and_mirrors_only_if_asked_for():
    close = IMAGES[[3, 8]] + 0.01 * RNG.standard_normal((2, *SHAPE))
    other = np.concatenate([close, IMAGES[[20]][..., ::-1]])
    plain = {each for each in groups([IMAGES, other], ("none",)) if len(each) > 1}
    assert plain == {(3, 60), (8, 61)}
    mirrored = {each for each in groups([IMAGES, other], ("mirror",)) if len(each) > 1}
    assert mirrored == {(3, 60), (8, 61), (20, 62)}
    assert sum(map(len, groups([IMAGES, other]))) == 63


def test_where_chance_makes_close_pairs_all_are_alone():
    """In D dimensions |cosine| > 0.999 has probability I(1 − 0.999²; (D − 1)/2, 1/2)."""
    for dim, together in ((2, False), (8, True)):
        rows = RNG.standard_normal((60, dim))
        rows[7] = rows[5] * (1 + 1e-9)
        assert ((5, 7) in groups([rows])) == together


@pytest.mark.parametrize(("count", "alone"), [(150, False), (450, True)])
def test_one_pair_in_a_hundred_points_may_come_so_close_by_chance(count, alone):
    """cos² of independent directions is Beta(1/2, (D − 1)/2)."""
    rows = np.random.default_rng(1).standard_normal((count, 4))
    rows[7] = rows[5] * (1 + 1e-9)
    dim = _effective_dimension(_Centred([points(rows)], mirrored=False))
    by_chance = count * beta.sf(0.999**2, 0.5, 0.5 * (dim - 1.0))
    assert (by_chance > 0.01) == alone
    assert ((5, 7) in groups([rows])) != alone


def test_a_thousand_points_spread_over_all_tell_the_dimension():
    rows = RNG.standard_normal((1700, 3)) * [2.0, 1.0, 1.0]
    some = (rows - rows.mean(axis=0))[spread_rows(1700, 1000)]
    assert len(some) == 1000
    values = np.linalg.eigvalsh(some.T @ some)
    expected = values.sum() ** 2 / (values**2).sum()
    found = _effective_dimension(_Centred([points(rows)], mirrored=False))
    assert found == pytest.approx(expected, rel=1e-10)


def test_points_of_four_axes_are_no_images():
    rows = RNG.standard_normal((9, 2, 3, 4, 5)) + 3.0
    flat = rows.reshape(9, -1)
    found = _Centred([points(rows)], mirrored=False)[:]
    np.testing.assert_allclose(found, flat - flat.mean(axis=0))
