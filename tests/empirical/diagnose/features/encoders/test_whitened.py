"""Whitened points: the covariance against scikit-learn's, distances against Mahalanobis'."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.covariance import LedoitWolf

from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.features.encoders import whitened as module
from convergen.empirical.diagnose.features.encoders.whitened import regularised_covariance
from convergen.empirical.diagnose.features.table import encoded
from convergen.empirical.diagnose.features.view import Given
from convergen.empirical.diagnose.verdict.judgement import judge
from convergen.theory.common.checks import InputError
from convergen.theory.sources.points import Points


@pytest.mark.parametrize("scale", [1.0, 0.01])
@pytest.mark.parametrize(("count", "dim"), [(200, 6), (15, 40), (4, 3)])
def test_regularised_covariance_is_that_of_ledoit_and_wolf(count, dim, scale):
    rng = np.random.default_rng(0)
    x = 3.0 + rng.standard_normal((count, dim)) * np.arange(1, dim + 1)
    x *= scale
    mean, covariance, shrinkage = regularised_covariance([x[:3], x[3:]])
    known = LedoitWolf().fit(x)
    np.testing.assert_allclose(mean, known.location_, rtol=1e-12)
    np.testing.assert_allclose(covariance, known.covariance_, rtol=1e-10)
    assert shrinkage == pytest.approx(known.shrinkage_, rel=1e-10)


def points(*rows):
    samples, training, *rest = (
        Points(n, x, x.shape[1:]) for n, x in zip("stu", rows, strict=False)
    )
    return Given([samples], training, rest[0] if rest else None, Orbit.of(training.shape))


def test_distances_are_mahalanobis_of_all_real_points():
    rng = np.random.default_rng(1)
    s, t, u = (rng.standard_normal((n, 5)) * [9, 3, 1, 0.1, 0.01] for n in (20, 80, 60))
    view = encoded("whitened", points(s, t, u))
    inverse = np.linalg.inv(LedoitWolf().fit(np.concatenate([t, u])).covariance_)
    found = cdist(view.plain(view.samples[0]).rows, view.plain(view.training).rows)
    np.testing.assert_allclose(found, cdist(s, t, "mahalanobis", VI=inverse), rtol=1e-4)


def test_samples_do_not_lean_to_a_training_set_that_was_whitened_with():
    """With more dimensions than points, points inside the covariance look unlike others."""
    rng = np.random.default_rng(2)
    s, t, u = (rng.standard_normal((100, 150)) for _ in range(3))
    given = points(s, t, u)
    found = judge(given.samples, given.training, given.reference, features="whitened")
    assert abs(found.leaning.score) < 3.5
    assert found.verdict == "not memorising"


def test_constant_directions_stay_constant():
    rng = np.random.default_rng(3)
    t = np.pad(rng.standard_normal((400, 4)), ((0, 0), (0, 2)), constant_values=7.0)
    view = encoded("whitened", points(t[:9], t))
    np.testing.assert_allclose(view.plain(view.training).rows.var(axis=0)[:4], 1.0, rtol=0.1)
    assert np.abs(view.training.rows).max() < 6.0


def test_too_many_dimensions_are_refused():
    x = np.zeros((2, 8193))
    with pytest.raises(InputError, match="8193 dimensions is too much, at most 8192"):
        encoded("whitened", points(x, x))
    x = np.ones((9, 3))
    with pytest.raises(InputError, match="no variance"):
        encoded("whitened", points(x, x))


def test_points_on_a_line_are_one_and_minus_one_along_it():
    """Of two values the covariance is known exactly: nothing is shrunk, nothing else varies."""
    axis = np.array([3.0, 0.0, 4.0]) / 5.0
    for scale in (1.0, 1e-4, 1e4):
        t = scale * np.outer(np.resize([1.0, -1.0], 20), axis)
        view = encoded("whitened", points(t[:3], t))
        np.testing.assert_allclose(view.plain(view.training).rows, t / scale, rtol=1e-5, atol=1e-6)
        assert view.record == {"shrinkage": 0.0, "covariance_of": ["t"]}
        assert view.notes[0].startswith("Points were whitened with the covariance of t, of which")


def test_whitened_points_are_still_points_of_the_theory():
    rng = np.random.default_rng(4)
    s, t, u = (rng.standard_normal((n, 5)) for n in (9, 40, 30))
    view = encoded("whitened", points(s, t, u))
    assert (view.theory, view.name, view.words) == (True, "whitened", "whitened points")
    assert view.record["covariance_of"] == ["t", "u"]
    known = LedoitWolf().fit(np.concatenate([t, u])).shrinkage_
    assert view.record["shrinkage"] == pytest.approx(known)
    assert f"{known:.1%}" in view.notes[0]


def test_mirrored_images_are_whitened_as_they_are():
    """The covariance is that of the images; a mirrored form is mirrored before."""
    rng = np.random.default_rng(5)
    rows = rng.standard_normal((60, 1, 4, 5))
    sets = Given([Points("s", rows[:9], (1, 4, 5))], Points("t", rows, (1, 4, 5)), None,
                 Orbit.of((1, 4, 5), ["mirror"]))  # fmt: skip
    view = encoded("whitened", sets)
    values, axes = np.linalg.eigh(LedoitWolf().fit(rows.reshape(60, 20)).covariance_)
    matrix = (axes / np.sqrt(values)) @ axes.T
    mean = rows.reshape(60, 20).mean(axis=0)
    for form, shown in ((0, rows), (1, rows[..., ::-1])):
        expected = (shown.reshape(60, 20) - mean) @ matrix
        np.testing.assert_allclose(view.training.rows[:, form], expected, rtol=1e-3, atol=1e-4)


def test_one_coordinate_has_the_variance_of_its_mean():
    """A multiple of the identity already: all of it is one."""
    mean, covariance, shrinkage = regularised_covariance([np.array([[1.0], [2.0], [6.0]])])
    assert (mean, shrinkage) == (3.0, 1.0)
    np.testing.assert_allclose(covariance, [[14.0 / 3.0]])


def test_as_many_dimensions_as_can_be_diagonalised_are_taken(monkeypatch):
    def stop(blocks):
        raise InputError("so far.")

    monkeypatch.setattr(module, "regularised_covariance", stop)
    x = np.zeros((2, 8192))
    with pytest.raises(InputError, match="so far"):
        encoded("whitened", points(x, x))


def test_directions_of_less_than_a_millionth_of_a_millionth_stay_at_zero(monkeypatch):
    variances = np.array([0.8e-12, 1.2e-12, 0.5, 1.0])
    known = np.zeros(4), np.diag(variances), 0.0
    monkeypatch.setattr(module, "regularised_covariance", lambda blocks: known)
    x = np.random.default_rng(6).standard_normal((30, 4)) * np.sqrt(variances)
    found = encoded("whitened", points(x[:9], x)).training.rows[:, 0]
    expected = x / np.sqrt(variances) * [0.0, 1.0, 1.0, 1.0]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
