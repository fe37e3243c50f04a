import numpy as np
import pytest

from convergen import theory
from convergen.theory.cli.reports.answer import repeats_text
from convergen.theory.pilot import repeats
from convergen.theory.pilot.repeats import exact_repeats, near_repeats
from convergen.theory.pilot.sample import PilotSample


def draw(count, dim=40, seed=0):
    return np.random.default_rng(seed).standard_normal((count, dim)) + 5.0


def test_exact_and_near_repetitions_are_counted():
    data, noise = draw(60), 0.02 * draw(12, seed=1) - 0.1
    found = theory.estimate_population(np.concatenate([data, data[:7], data[20:32] + noise]))
    assert (found.repeated, found.nearly_repeated) == (7, 12)
    far = theory.estimate_population(np.concatenate([data, data[20:32] + 10.0 * noise]))
    assert (far.repeated, far.nearly_repeated) == (0, 0)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int16, np.uint8, bool])
@pytest.mark.parametrize("dim", [1, 3, 8, 12])
def test_rows_of_the_same_bytes_are_counted_whatever_they_hold(kind, dim):
    """Few values: most rows share the sum of their bytes with others that differ."""
    rows = np.random.default_rng(dim).integers(0, 3, (150, dim)).astype(kind)
    expected = 150 - len(np.unique(rows, axis=0))
    assert exact_repeats(rows) == expected
    assert exact_repeats(np.asfortranarray(rows)) == expected
    assert exact_repeats(rows[::2]) == 75 - len(np.unique(rows[::2], axis=0))


def test_chance_makes_no_repetition():
    # On a plane the nearest of 500 points are nearly parallel, and yet independent.
    plane = theory.estimate_population(draw(500, dim=2))
    assert plane.nearly_repeated == 0
    assert theory.estimate_population(draw(500, dim=20)).nearly_repeated == 0


def test_the_warning_says_how_many():
    assert repeats_text(0, 0) == ""
    assert "Beware: 7 of the points repeat an earlier one exactly, which" in repeats_text(7, 0)
    assert "Beware: 1 of the points nearly repeats another one, which" in repeats_text(0, 1)
    both = repeats_text(1, 2)
    assert (
        "1 of the points repeats an earlier one exactly and 2 of the points nearly repeat" in both
    )
    assert both.endswith("too optimistic: remove repetitions.")


@pytest.mark.parametrize(
    ("values", "found"), [([2.0] * 8, 1), ([2.0] * 7, 0), ([9.0] + [1.0] * 9, 0)]
)
def test_repetitions_are_looked_for_from_eight_effective_dimensions_on(values, found):
    left = np.random.default_rng(0).standard_normal((30, len(values)))
    left[3] = left[7]
    assert near_repeats(PilotSample(np.array(values), left, 29, 30, len(values))) == found


@pytest.mark.parametrize(("count", "compared"), [(8192, 8192), (8193, 4097), (20000, 6667)])
def test_at_most_8192_points_are_compared_with_each_other(count, compared, monkeypatch):
    """In units of the data, principal directions first; every label but one is told once."""
    given = []

    def labels(rows, limit, *, principal):
        given.append((rows, limit, principal))
        return np.arange(len(rows)) // 2

    monkeypatch.setattr(repeats, "near_duplicates", labels)
    left = np.arange(8.0 * count).reshape(count, 8)
    values = np.array([4.0] * 8)
    assert near_repeats(PilotSample(values, left, count, count, 8)) == compared // 2
    ((rows, limit, principal),) = given
    step = -(-count // 8192)
    np.testing.assert_array_equal(rows, 2.0 * left[::step])
    assert (len(rows), limit, principal) == (compared, 0.999, True)
