import numpy as np

from convergen import theory
from convergen.theory.cli.answer import repeats_text


def draw(count, dim=40, seed=0):
    return np.random.default_rng(seed).standard_normal((count, dim)) + 5.0


def test_exact_and_near_repetitions_are_counted():
    data, noise = draw(60), 0.02 * draw(12, seed=1) - 0.1
    found = theory.estimate_population(np.concatenate([data, data[:7], data[20:32] + noise]))
    assert (found.repeated, found.nearly_repeated) == (7, 12)
    far = theory.estimate_population(np.concatenate([data, data[20:32] + 10.0 * noise]))
    assert (far.repeated, far.nearly_repeated) == (0, 0)


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
