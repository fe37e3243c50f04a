"""Random numbers of the models of a seed: each its own, and none that depends on the others."""

from types import SimpleNamespace

import numpy as np

from convergen.empirical.experiment.trained.members import initial_seeds, members


def subjects(*samples):
    keys = [(n, side) for n in samples for side in "ab"]
    return SimpleNamespace(keys=keys, rows=lambda m: np.arange(keys[m][0]) + 100 * m)


def stream(seed, *key):
    """First half of a number of 64 bits, of the stream that this key names."""
    state = np.random.SeedSequence(seed, spawn_key=key).generate_state(1, np.uint64)
    return int(state[0]) // 2


def test_parameters_and_batches_have_streams_of_their_own():
    assert initial_seeds(subjects(4, 8), 3) == [
        stream(3, 4, 0, 0), stream(3, 4, 1, 0), stream(3, 8, 0, 0), stream(3, 8, 1, 0),
    ]  # fmt: skip
    found = members(subjects(4, 8), 3)
    assert [each.seed for each in found] == [
        stream(3, 4, 0, 1), stream(3, 4, 1, 1), stream(3, 8, 0, 1), stream(3, 8, 1, 1),
    ]  # fmt: skip
    for m, (each, n) in enumerate(zip(found, (4, 4, 8, 8), strict=True)):
        np.testing.assert_array_equal(each.rows, np.arange(n) + 100 * m)


def test_a_model_has_the_same_seed_whatever_else_is_trained():
    assert initial_seeds(subjects(8), 0) == initial_seeds(subjects(2, 8), 0)[2:]
    assert max(initial_seeds(subjects(*range(1, 40)), 1)) < 2**63
