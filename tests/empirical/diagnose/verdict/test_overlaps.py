"""Variance and agreement of samples about the mean of all real points."""

from types import SimpleNamespace

import numpy as np
import pytest

from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.features.view import View
from convergen.empirical.diagnose.verdict.overlaps import overlaps
from convergen.theory.common.checks import InputError
from convergen.theory.sources.points import Points

RNG = np.random.default_rng(0)
SCALE = np.array([3.0, 2.0, 1.0, 0.5])
TRAINING, UNSEEN = (RNG.standard_normal((n, 4)) * SCALE + 5.0 for n in (40, 90))
FIRST = RNG.standard_normal((60, 4)) * SCALE * 0.8 + 5.0
SECOND = FIRST + 0.5 * RNG.standard_normal((60, 4))


def points(name, rows):
    return Points(name, rows, rows.shape[1:])


def measured(samples, unseen=UNSEEN, **options):
    sets = [points(f"s{i}", each) for i, each in enumerate(samples)]
    reference = None if unseen is None else points("unseen", unseen)
    view = View(sets, points("training", TRAINING), reference, Orbit((4,), ()), "x", "x", True)
    judgement = SimpleNamespace(view=view, samples=sets)
    return overlaps(judgement, np.random.default_rng(1), **options)


@pytest.mark.parametrize("unseen", [None, UNSEEN])
def test_variance_is_over_that_of_the_law_about_the_mean_of_all_real_points(unseen):
    found = measured([FIRST], unseen)
    law = TRAINING if unseen is None else unseen
    origin = np.concatenate([TRAINING, *([] if unseen is None else [unseen])]).mean(axis=0)
    about = FIRST - origin
    np.testing.assert_allclose(found.points[0], about, atol=1e-12)
    assert found.law.name == ("training" if unseen is None else "unseen")
    assert found.spectrum.trace == pytest.approx(law.var(axis=0).sum())
    (ratio,) = found.variance
    each = (about**2).sum(axis=1) / law.var(axis=0).sum()
    assert ratio.value == pytest.approx(each.mean())
    assert ratio.stderr == pytest.approx(each.std(ddof=1) / np.sqrt(60))
    assert found.convergence is None


def test_two_sets_have_the_cosine_of_all_their_points():
    found = measured([FIRST, SECOND])
    a, b = found.points
    assert found.convergence.value == pytest.approx(
        np.sum(a * b) / np.sqrt(np.sum(a * a) * np.sum(b * b))
    )
    assert len(found.variance) == 2
    raw = measured([FIRST, SECOND], center=False)
    np.testing.assert_array_equal(raw.points[0], FIRST)
    assert raw.convergence.value > found.convergence.value
    # Without a centre the spectrum is that of second moments.
    assert raw.spectrum.trace == pytest.approx((UNSEEN**2).mean(axis=0).sum())


def test_two_sets_in_another_order_are_refused():
    with pytest.raises(InputError, match="samples of s0 and s1 are in different orders"):
        measured([FIRST, FIRST[np.random.default_rng(2).permutation(60)]])
    with pytest.raises(InputError, match=r"samples of s0 and s1 do not pair: .* row 1 after their"):
        measured([FIRST, np.roll(FIRST, 1, axis=0)])
    # One model beside itself is in order.
    assert measured([FIRST, FIRST]).convergence.value == pytest.approx(1.0)
