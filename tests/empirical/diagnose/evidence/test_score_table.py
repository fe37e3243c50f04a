"""The table of numbers, against independent implementations straight from the definitions."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from convergen.empirical.diagnose.comparable.honest_sets import honest_sets
from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.evidence import measured, score_table
from convergen.empirical.diagnose.verdict.judgement import judge
from convergen.theory.sources.points import Points


def named(rows):
    return Points("points", rows, rows.shape[1:])


@pytest.fixture(scope="module")
def sets():
    rng = np.random.default_rng(0)
    training, unseen = rng.standard_normal((2, 120, 12))
    samples = rng.standard_normal((90, 12))
    samples[:25] = training[:25] + 0.05 * rng.standard_normal((25, 12))
    return samples, training, unseen


def score(found, key):
    return next(each for each in found.scores if each.key == key)


def test_of_many_samples_those_that_are_looked_at_are_spread_over_all(sets, monkeypatch):
    assert score_table._AUTHENTIC == 2**9
    monkeypatch.setattr(score_table, "_AUTHENTIC", 30)
    samples, training, unseen = sets  # the copies come first
    found = judge([named(samples)], named(training), named(unseen))
    search = NearestNeighbors(n_neighbors=2).fit(training)
    near, rows = search.kneighbors(samples[np.linspace(0, 89, 30).astype(int)])
    alone = search.kneighbors(training)[0][:, 1]
    assert score(found, "AuthPct").value.value == np.mean(near[:, 0] > alone[rows[:, 0]])


def test_scores_of_a_judgement_equal_independent_ones(sets):
    """scikit-learn's neighbours and SciPy's Mann–Whitney test, straight from the definitions."""
    samples, training, unseen = sets
    found = judge([named(samples)], named(training), named(unseen))
    search = NearestNeighbors(n_neighbors=2).fit(training)
    near, rows = search.kneighbors(samples)
    assert score(found, "f_mem").value.value == np.mean(near[:, 0] < near[:, 1] / 3.0)
    alone = search.kneighbors(training)[0][:, 1]
    assert score(found, "AuthPct").value.value == np.mean(near[:, 0] > alone[rows[:, 0]])
    mean = np.concatenate([training, unseen]).mean(axis=0)
    x, y = samples - mean, training - mean
    cosines = np.abs(x @ y.T) / np.linalg.norm(x, axis=1)[:, None] / np.linalg.norm(y, axis=1)
    assert score(found, "m").value.value == pytest.approx(cosines.max(axis=1).mean(), rel=1e-6)
    nearer = near[:, 0] < NearestNeighbors(n_neighbors=1).fit(unseen).kneighbors(samples)[0][:, 0]
    assert score(found, "nearer").value.value == pytest.approx(nearer.mean())
    np.testing.assert_allclose(found.near.distances[:, 0], near[:, 0], rtol=1e-12)


def test_each_row_says_what_it_is_and_chance_is_that_of_true_points(sets):
    samples, training, unseen = sets
    found = judge([named(samples)], named(training), named(unseen))
    assert [each.key for each in found.scores] == ["f_mem", "m", "nearer", "C_T", "AuthPct"]
    assert [each.chance is None for each in found.scores] == [False, False, True, True, False]
    search = NearestNeighbors(n_neighbors=2).fit(training)
    near, rows = search.kneighbors(unseen)
    alone = search.kneighbors(training)[0][:, 1]
    assert score(found, "f_mem").chance.value == np.mean(near[:, 0] < near[:, 1] / 3.0)
    assert score(found, "AuthPct").chance.value == np.mean(near[:, 0] > alone[rows[:, 0]])
    plain = judge([named(samples)], named(training))
    assert [each.key for each in plain.scores] == ["f_mem", "m", "C_T", "AuthPct"]
    near = search.kneighbors(training)[0][:, 1]
    third = NearestNeighbors(n_neighbors=3).fit(training).kneighbors(training)[0][:, 2]
    assert score(plain, "f_mem").chance.value == np.mean(near < third / 3.0)


def test_companions_that_were_not_measured_are_looked_up(sets, monkeypatch):
    """Of a large training set some points were held against the others; all count here."""
    samples, training, unseen = sets
    every = judge([named(samples)], named(training), named(unseen))
    monkeypatch.setattr(measured, "_CHANCE", 25)
    some = judge([named(samples)], named(training), named(unseen))
    assert score(some, "AuthPct").value == score(every, "AuthPct").value


def test_the_nearest_other_training_point_is_measured_once(sets, monkeypatch):
    """Of points that were held against the others it is known; others are looked up."""
    training, orbit = named(sets[1]), Orbit((12,), ())
    repeats = honest_sets(training, None, orbit).beside(named(sets[0]), orbit)

    def measurement():
        rng = np.random.default_rng(0)
        return measured.Measured.of(named(sets[0]), training, None, orbit, repeats, rng)

    search = NearestNeighbors(n_neighbors=2).fit(training.rows)
    expected = search.kneighbors(training.rows)[0][:, 1]
    every = measurement()
    monkeypatch.setattr(measured, "_CHANCE", 25)
    found = score_table._alone(measurement(), np.arange(120))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    monkeypatch.setattr(score_table, "nearest", lambda *given, **more: pytest.fail("looked up"))
    found = score_table._alone(every, np.arange(120))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
