"""Where curves pass one half: straight lines have their root, noise its error."""

import numpy as np
import pytest

from convergen.figures.paper.exact_scores.crossings import crossing, half_samples

X = np.array([1.0, 3.0, 4.0, 8.0])


@pytest.mark.parametrize("root", [1.5, 3.5, 5.0])
@pytest.mark.parametrize("slope", [0.25, -0.25])
def test_a_line_passes_one_half_at_its_root(root, slope):
    stderr = np.array([0.01, 0.02, 0.04, 0.03])
    found, error = crossing(X, 0.5 + slope * (X - root), stderr)
    assert found == pytest.approx(root)
    i = int(np.searchsorted(X, root)) - 1
    assert error == pytest.approx(max(stderr[i], stderr[i + 1]) / 0.25)


def test_the_first_chord_that_crosses_counts():
    value = np.array([0.25, 0.75, 0.25, 0.75])
    assert crossing(X, value, np.ones(4))[0] == pytest.approx(2.0)
    bent = np.array([0.0, 0.25, 0.75, 1.0])
    assert crossing(X, bent, np.ones(4)) == (pytest.approx(3.5), pytest.approx(2.0))


@pytest.mark.parametrize(
    ("value", "root"),
    [
        # The nearest chord is prolonged: the last one up, and the first one down.
        ((0.0, 0.125, 0.25, 0.375), 12.0), ((0.625, 0.75, 0.875, 1.0), -1.0),
    ],
)  # fmt: skip
def test_without_a_crossing_the_nearest_chord_is_prolonged(value, root):
    assert crossing(X, np.array(value), np.ones(4))[0] == pytest.approx(root)


@pytest.mark.parametrize(
    ("near", "low", "high"),
    [(100.0, 77, 130), (3.2, 2, 4), (2.0, 2, 3), (1.4, 1, 2), (0.4, 1, 2), (10.0, 8, 13)],
)
def test_agreement_is_measured_a_third_below_and_above_or_a_sample_apart(near, low, high):
    seen = []

    def measure(n):
        seen.extend(n)
        return 0.5 + 0.25 * np.log(n / near), np.array([0.01, 0.02])

    found, error = half_samples(measure, near)
    assert seen == [low, high]
    assert found == pytest.approx(near)
    assert error == pytest.approx(near * 0.02 / 0.25)
