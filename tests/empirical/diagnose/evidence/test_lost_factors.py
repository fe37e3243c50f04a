"""Factors that samples lack: found where variance is gone, never where axes change places."""

import numpy as np
import pytest

from convergen.empirical.diagnose.evidence.quality import lost_factors
from convergen.empirical.diagnose.verdict.diagnose import diagnose
from convergen.empirical.diagnose.verdict.words import flaws, sentences
from convergen.theory.sources.points import Points

# Nearly equal in pairs: axes of samples and of real points agree on the plane alone.
VARIANCES = np.concatenate([[20.0, 19.5, 12.0, 11.8], np.full(36, 0.3)])


def drawn(n, rng, variances=VARIANCES):
    return rng.standard_normal((n, len(variances))) * np.sqrt(variances) + 3.0


def test_draws_of_the_law_lose_nothing():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        assert lost_factors(drawn(60, rng), drawn(80, rng), drawn(80, rng), 4) == []


@pytest.mark.parametrize("gone", [(0, 1), (2, 3), (0, 1, 2, 3)])
def test_what_is_gone_is_named(gone):
    variances = VARIANCES.copy()
    variances[list(gone)] = 0.3
    rng = np.random.default_rng(1)
    found = lost_factors(drawn(80, rng, variances), drawn(4000, rng), drawn(300, rng), 4)
    assert found == [k + 1 for k in gone]


def test_a_mean_that_is_off_is_no_variance():
    rng = np.random.default_rng(2)
    samples = drawn(80, rng, np.full(40, 0.1)) + 20.0
    assert lost_factors(samples, drawn(80, rng), drawn(80, rng), 4) == [1, 2, 3, 4]


def test_half_of_the_variance_is_not_lost_and_few_points_say_nothing():
    rng = np.random.default_rng(3)
    assert lost_factors(drawn(300, rng, 0.5 * VARIANCES), *(drawn(300, rng),) * 2, 4) == []
    assert lost_factors(np.zeros((19, 40)), *(drawn(80, rng),) * 2, 4) == []
    assert lost_factors(np.zeros((20, 40)), *(drawn(80, rng),) * 2, 4) == [1, 2, 3, 4]


def test_noise_of_three_times_the_variance_is_not_well_because_it_copies_nothing():
    rng = np.random.default_rng(4)
    power = 3.0 * VARIANCES.mean()
    samples, training, unseen = (
        Points(name, rows, (40,))
        for name, rows in (
            ("noise", drawn(80, rng, np.full(40, power))), ("train", drawn(100, rng)),
            ("unseen", drawn(100, rng)),
        )
    )  # fmt: skip
    found = diagnose([samples], training, unseen, factors=2)
    assert found.verdict == "not memorising"
    assert "too varied" in flaws(found)
    said = sentences(found)
    assert said["quality"].startswith("Quality: compared with real data, the samples are too")
    assert list(said) == ["copying", "quality", "needed", "todo", "certainty", "converged"]
    assert "change the model" in said["todo"]
    well = diagnose([Points("well", drawn(80, rng), (40,))], training, factors=4)
    assert flaws(well) == []
