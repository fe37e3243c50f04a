"""What samples are like, apart from copying."""

import numpy as np
import pytest

from convergen.empirical.diagnose.distances.neighbours import Space, nearest
from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.evidence import quality as module
from convergen.empirical.diagnose.evidence.quality import (
    Remark,
    _middle,
    _ratio,
    _sharpness,
    _spacing,
    lost_factors,
    remarks,
)
from convergen.empirical.measure.intervals import Estimate, average
from convergen.theory.sources.points import Points
from tests.empirical.diagnose import dresses, laws


@pytest.mark.parametrize(
    ("dress", "key", "finding"),
    [
        (dresses.plain, None, None),
        (dresses.blurred, "sharpness", "blurred"),
        (dresses.noise, "sharpness", "grainy"),
        (dresses.less_varied, "variance", "too alike"),
        (lambda x, rng, t: 2.0 * x - x.mean(axis=0), "variance", "too varied"),
        (dresses.collapsed, "variety", "less varied than the data"),
        (lambda x, rng, t: x[:, :, ::-1, :], "nearness", "outside the data"),
    ],
)
def test_what_samples_are_like_is_said(dress, key, finding):
    rng = np.random.default_rng(2)
    law = laws.digits if finding in ("blurred", "outside the data") else laws.larger_colour
    training, unseen, samples = np.split(law(300, rng), 3)
    shape = training.shape[1:]
    space = Space(Orbit.of(shape), np.zeros(1))
    dressed = dress(samples, rng, training)
    own, true = (
        nearest(space.still(x), training, space).distances[:, 0] for x in (dressed, unseen)
    )
    sets = Points("s", dressed, shape), Points("t", training, shape)
    found = remarks(sets, sets, (own, true), rng)
    said = {each.key: each.finding for each in found if each.finding}
    if key is None:
        assert said == {}
    else:
        assert said[key] == finding


def estimate(value, stderr):
    return Estimate(value, value - 2 * stderr, value + 2 * stderr, stderr)


@pytest.mark.parametrize(
    ("value", "stderr", "finding"),
    [
        (0.69, 0.07, "few"), (0.69, 0.08, ""), (0.7, 0.01, ""), (1.0, 0.0, ""),
        (1.5, 0.01, ""), (1.51, 0.12, "many"), (1.51, 0.13, ""), (2.0, 0.25, ""),
    ],
)  # fmt: skip
def test_a_remark_is_made_of_what_is_sure_and_out_of_bounds(value, stderr, finding):
    remark = Remark("x", "x", estimate(value, stderr), "few", "many", (0.7, 1.5))
    assert remark.finding == finding


def test_the_error_of_a_quotient_is_that_of_simulated_ones():
    found = _ratio(estimate(2.0, 0.02), estimate(4.0, 0.03))
    rng = np.random.default_rng(0)
    drawn = rng.normal(2.0, 0.02, 40_000) / rng.normal(4.0, 0.03, 40_000)
    assert found.value == 0.5
    assert found.stderr == pytest.approx(drawn.std(), rel=0.03)
    assert (found.low, found.high) == pytest.approx(
        (0.5 - 2 * found.stderr, 0.5 + 2 * found.stderr)
    )
    assert _ratio(estimate(1.0, 0.6), estimate(1.0, 0.0)).low == 0.0
    assert _ratio(estimate(0.0, 0.0), estimate(2.0, 0.1)).value == 0.0
    assert _ratio(estimate(0.0, 0.3), estimate(2.0, 0.1)).stderr == pytest.approx(0.15)
    assert _ratio(estimate(3.0, 0.3), estimate(0.0, 0.0)) == Estimate(1.0, 1.0, 1.0, 0.0)


def test_the_error_of_a_median_is_that_of_simulated_ones():
    rng = np.random.default_rng(1)
    drawn = rng.standard_normal((400, 300))
    found = [_middle(each) for each in drawn]
    medians = np.median(drawn, axis=1)
    np.testing.assert_allclose([each.value for each in found], medians)
    assert np.mean([each.stderr for each in found]) == pytest.approx(medians.std(), rel=0.15)
    one = found[0]
    assert (one.low, one.high) == pytest.approx(
        (one.value - 2 * one.stderr, one.value + 2 * one.stderr)
    )


def test_spacing_is_the_distance_to_the_nearest_other_point():
    rows = np.random.default_rng(2).standard_normal((40, 3)) + 5.0
    apart = np.linalg.norm(rows[:, None] - rows, axis=2) + np.diag(np.full(40, np.inf))
    assert _spacing(rows).value == pytest.approx(np.median(apart.min(axis=1)))
    twice = np.repeat(1e3 + rows, 2, axis=0)  # squares of rounding errors, of either sign
    assert _spacing(twice).value == pytest.approx(0.0, abs=1e-3)


def sets(samples, training):
    return tuple(Points("x", rows, rows.shape[1:]) for rows in (samples, training))


def remarked(samples, training, shape=None):
    rng = np.random.default_rng(0)
    given = sets(samples, training)
    distances = rng.random(len(samples)), rng.random(len(training))
    return {each.key: each for each in remarks(given, given, distances, rng)}


def test_what_is_compared_depends_on_number_and_shape():
    rng = np.random.default_rng(3)
    images = rng.random((40, 1, 4, 5))
    every = ["variance", "sharpness", "variety", "nearness"]
    assert list(remarked(images[:20], images[20:])) == every
    assert list(remarked(images[:19], images[19:])) == ["variance", "nearness"]
    assert list(remarked(images[:20, :, :3], images[20:, :, :3])) == [
        "variance", "variety", "nearness",
    ]  # fmt: skip
    assert "sharpness" not in remarked(images[:20, :, :2], images[20:, :, :2])
    assert list(remarked(images[:1], images[20:])) == []
    assert list(remarked(images[:0], images[20:])) == []
    assert list(remarked(images[:2], images[20:])) == ["variance", "nearness"]
    assert list(remarked(images[:2], images[:1])) == []
    assert list(remarked(images[:20], 1e-3 * images[20:])) == every
    assert "variance" not in remarked(images[:20], np.ones((20, 1, 4, 5)))
    bounds = {key: each.bounds for key, each in remarked(images[:20], images[20:]).items()}
    assert bounds == {
        "variance": (0.7, 1.5), "sharpness": (0.8, 1.25), "variety": (0.7, 1.4),
        "nearness": (0.0, 1.3),
    }  # fmt: skip


def test_variance_is_about_the_own_mean_of_each_set():
    rng = np.random.default_rng(4)
    training, samples = rng.standard_normal((2, 50, 3))
    expected = samples.var(axis=0).sum() / training.var(axis=0).sum()
    assert remarked(samples + 5.0, training)["variance"].ratio.value == pytest.approx(expected)


def test_sharpness_is_that_of_the_images_whatever_is_compared():
    rng = np.random.default_rng(5)
    images = sets(rng.random((25, 1, 6, 6)), rng.random((30, 1, 6, 6)).cumsum(axis=3))
    features = sets(rng.random((25, 4)), rng.random((30, 4)))
    far = rng.random(25), rng.random(30)
    found = remarks(features, images, far, rng)
    plain = remarks(images, images, far, rng)
    assert [each.key for each in found] == [each.key for each in plain]
    assert found[1].ratio == plain[1].ratio
    assert found[1].ratio.value > 1.5


def test_factors_are_lost_below_three_tenths_of_the_variance():
    rng = np.random.default_rng(6)
    scale = np.sqrt([9.0, 6.0, 4.0, 1.0])
    law, beside = rng.standard_normal((2, 400, 4)) * scale
    samples = rng.standard_normal((400, 4)) * scale * [1.0, 0.35, 0.8, 0.1]
    assert lost_factors(samples, law, beside, 3) == [2]
    assert lost_factors(samples, law, beside, 4, np.eye(4)) == [2, 4]
    assert lost_factors(samples[:19], law, beside, 3) == []
    assert lost_factors(samples, law, beside[:19], 3) == []
    assert lost_factors(samples[:20], law, beside, 4, np.eye(4)) == [2, 4]
    # Each set varies about its own mean, which is no factor.
    for far in (np.zeros(4), np.array([0.0, 0.0, 0.0, 50.0])):
        for away in (far, -far):
            assert lost_factors(samples + far, law + far, beside + away, 3) == [2]


@pytest.mark.parametrize(
    ("own", "lost"),
    [((2.0, 0.19), True), ((2.0, 0.21), False), ((2.39, 0.0), True), ((2.41, 0.0), False)],
)
def test_a_factor_is_lost_if_two_errors_of_both_leave_no_doubt(monkeypatch, own, lost):
    """Three tenths of 10 − 2·1 are 2.4."""
    answers = [estimate(*own), estimate(10.0, 1.0)]
    monkeypatch.setattr(module, "average", lambda values: answers.pop(0))
    rows = np.random.default_rng(0).random((20, 1))
    assert bool(lost_factors(rows, rows, rows, 1, np.eye(1))) is lost


def test_a_factor_of_three_tenths_itself_is_not_lost(monkeypatch):
    answers = [estimate(3.0, 0.0), estimate(10.0, 0.0)]
    monkeypatch.setattr(module, "average", lambda values: answers.pop(0))
    rows = np.random.default_rng(0).random((20, 1))
    assert lost_factors(rows, rows, rows, 1, np.eye(1)) == []


def test_sharpness_is_a_geometric_mean():
    """Half the mean squared difference of neighbours over the variance, its root."""
    images = np.random.default_rng(8).random((7, 2, 4, 5))
    logs = []
    for image in images:
        across, down = np.diff(image, axis=2) ** 2, np.diff(image, axis=1) ** 2
        power = 0.5 * (across.mean() + down.mean())
        logs.append(np.log(np.sqrt(power / (2.0 * image.var()))))
    known, found = average(logs), _sharpness(images.reshape(7, 40), (2, 4, 5))
    assert found.value == pytest.approx(np.exp(np.mean(logs)))
    assert (found.low, found.high) == pytest.approx((np.exp(known.low), np.exp(known.high)))
    assert found.stderr == pytest.approx(found.value * known.stderr)


def test_an_image_that_is_constant_but_for_rounding_has_a_sharpness():
    rng = np.random.default_rng(9)
    smooth = np.ones((3, 1, 6, 6))
    smooth[:, 0, 0, 0] += 1e-9 * rng.random(3)
    assert _sharpness(smooth.reshape(3, 36), (1, 6, 6)).value > 0.0
    flat = np.full((3, 36), 0.1)  # its variance is no exact zero
    assert _sharpness(flat, (1, 6, 6)).value > 0.0


@pytest.mark.parametrize(("showing", "told"), [(1, False), (2, True)])
def test_of_one_image_that_is_not_blank_no_sharpness_is_told(showing, told):
    images = np.random.default_rng(10).random((40, 1, 5, 5))
    images[showing:20] = 0.0
    assert ("sharpness" in remarked(images[:20], images[20:])) is told


class Choosing:
    """A generator that says what it was asked to choose."""

    def __init__(self):
        self.asked = []

    def choice(self, total, count, replace):
        self.asked.append((total, count, replace))
        return np.arange(count)[::-1]


@pytest.mark.parametrize(("count", "asked"), [(1000, []), (1001, [(1001, 1000, False)])])
def test_of_more_than_a_thousand_points_as_many_are_chosen(count, asked):
    rows = np.random.default_rng(0).random((count, 1))
    sets, rng = (Points("s", rows, (1,)), Points("t", rows[:30], (1,))), Choosing()
    found = remarks(sets, sets, (rows[:, 0], rows[:30, 0]), rng)
    assert rng.asked == asked
    assert found[0].ratio.value == pytest.approx(
        rows[:1000].var(ddof=1) / rows[:30].var(ddof=1)
    )  # fmt: skip


def test_a_constant_far_from_the_mean_is_too_alike_and_neither_sharp_nor_blurred():
    rng = np.random.default_rng(3)
    training, unseen = np.split(laws.digits(200, rng), 2)
    black = np.zeros_like(unseen)
    sets = Points("s", black, (1, 8, 8)), Points("t", training, (1, 8, 8))
    found = remarks(sets, sets, (np.ones(100), np.ones(100)), rng)
    said = {each.key: each.finding for each in found if each.finding}
    assert said == {"variance": "too alike", "variety": "less varied than the data"}
    x = rng.standard_normal((50, 30))
    sets = Points("s", x + 9.0, (30,)), Points("t", x, (30,))
    ratio = next(each.ratio for each in remarks(sets, sets, (np.ones(50),) * 2, rng))
    assert ratio.value == pytest.approx(1.0)


def test_variance_is_that_between_points_and_not_within_them():
    """Each training point has the same number everywhere, another one each."""
    training = np.arange(30.0)[:, None] * np.ones(4)
    found = remarked(training[::2] + 0.5, training)
    assert found["variance"].ratio.value == pytest.approx(
        training[::2, 0].var(ddof=1) / training[:, 0].var(ddof=1)
    )


def test_points_of_four_axes_have_no_neighbouring_pixels():
    rows = np.random.default_rng(0).standard_normal((60, 2, 8, 8, 8))
    sets = Points("s", rows[:30], rows.shape[1:]), Points("t", rows[30:], rows.shape[1:])
    said = {each.key for each in remarks(sets, sets, (np.ones(30),) * 2, np.random.default_rng(0))}
    assert "variance" in said
    assert "sharpness" not in said
