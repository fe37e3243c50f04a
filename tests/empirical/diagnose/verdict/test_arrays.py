"""Arrays of users: one set or two, in the layout that pixels tell."""

import numpy as np
import pytest

from convergen.empirical.diagnose.verdict import arrays
from convergen.empirical.diagnose.verdict.arrays import as_points, judge_samples


@pytest.fixture
def asked(monkeypatch):
    """What would be diagnosed."""
    seen = []

    def diagnose(samples, training, unseen, **options):
        seen[:] = [samples, training, unseen, options]
        return "found"

    monkeypatch.setattr(arrays, "diagnose", diagnose)
    return seen


def rows(count, *shape):
    return np.random.default_rng(count).random((count, *shape))


@pytest.mark.parametrize(
    ("samples", "names", "counts"),
    [
        (rows(5, 4), ["samples"], [5]),
        (list(rows(5, 4)), ["samples"], [5]),
        (rows(2, 4), ["samples"], [2]),  # an array is one set
        (list(rows(2, 4)), ["samples"], [2]),  # two rows are no two sets
        ([rows(5, 4), rows(6, 4)], ["A", "B"], [5, 6]),
        ((rows(5, 4), rows(6, 4).tolist()), ["A", "B"], [5, 6]),
        ([rows(3, 4), rows(3, 4), rows(3, 4)], ["samples"], [3]),
        ([rows(5, 4)], ["samples"], [1]),
        ([rows(4, 4), rows(4, 4).tolist()], ["A", "B"], [4, 4]),
    ],
)
def test_two_sets_are_a_list_of_two(asked, samples, names, counts):
    assert judge_samples(samples, rows(7, 4), seed=3) == "found"
    sets, training, unseen, options = asked
    assert [each.name for each in sets] == names
    assert [len(each) for each in sets] == counts
    assert (training.name, len(training)) == ("training set", 7)
    assert unseen is None
    assert options == {"seed": 3}


def test_unseen_points_have_a_name(asked):
    judge_samples(rows(5, 4), rows(7, 4), rows(8, 4).tolist())
    assert (asked[2].name, len(asked[2])) == ("unseen points", 8)


def test_images_have_channels_first():
    grey = as_points(rows(3, 8, 8), "g")
    assert (grey.name, grey.shape) == ("g", (1, 8, 8))
    last = rows(4, 8, 8, 3)
    colour = as_points(last, "c")
    assert colour.shape == (3, 8, 8)
    np.testing.assert_array_equal(
        np.asarray(colour.rows).reshape(4, 3, 8, 8), last.transpose(0, 3, 1, 2)
    )
    assert as_points([[1, 2], [3, 4]], "v").shape == (2,)
