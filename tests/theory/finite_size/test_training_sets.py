"""What training sets are drawn from, and when they are refused."""

import tracemalloc

import numpy as np
import pytest

from convergen import theory
from convergen.theory.common.machine import memory
from convergen.theory.finite_size.measure_pair import Population, measure_pair
from convergen.theory.finite_size.simulate import measurable
from convergen.theory.finite_size.training_sets import expanded, training_sets

# Bytes of two training sets of 7 points, and of the vectors of two models with their squares.
SIZE = 8 * (2 * 7 * 10 + 4 * 7 * 10)


@pytest.mark.parametrize("law", ["spectrum", "mixture"])
def test_models_beyond_memory_are_refused_before_they_are_drawn(monkeypatch, law):
    population = theory.Spectrum.isotropic(10)
    if law == "mixture":
        means = 3.0 * np.eye(2, 10)
        population = theory.GaussianMixture([0.5, 0.5], means, [1.0, 1.0])
    monkeypatch.setattr(memory, "free_memory", lambda: SIZE / 0.8 + 1)
    assert training_sets(population, "", 7)[1](3, np.random.default_rng(0)).shape == (3, 10)
    monkeypatch.setattr(memory, "free_memory", lambda: SIZE / 0.8 - 1)
    with pytest.raises(theory.InputError, match="10 dimensions, trained on 7 points each, needs"):
        training_sets(population, "", 7)


def test_no_eigenvalue_is_written_before_the_refusal():
    tracemalloc.start()
    with pytest.raises(theory.InputError, match="use fewer dimensions or samples"):
        theory.simulate(theory.Spectrum.isotropic(10**8), [4e6])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**24


@pytest.mark.parametrize(("dim", "samples"), [(200, 60), (100, 300)])
def test_what_is_refused_would_not_fit(monkeypatch, dim, samples):
    """The bytes that are asked for are never more than a measurement takes."""
    spectrum = theory.Spectrum.power_law(dim, 1.0)
    asked = []
    monkeypatch.setattr(
        "convergen.theory.finite_size.training_sets.need_memory",
        lambda size, *_: asked.append(size),
    )
    draw = training_sets(spectrum, "", samples)[1]
    population = Population(expanded(spectrum), dim)
    options = {"factors": 1, "ridge": 0.0, "sigma": np.ones(1), "quantities": measurable()}
    rng = np.random.default_rng(0)
    measure_pair(*draw(4, rng).reshape(2, 2, dim), population, rng=rng, **options)  # imports
    tracemalloc.start()
    measure_pair(*draw(2 * samples, rng).reshape(2, samples, dim), population, rng=rng, **options)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.4 * peak < asked[0] < peak


def test_memory_of_more_points_than_directions(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "convergen.theory.finite_size.training_sets.need_memory",
        lambda size, *_: asked.append(size),
    )
    spectrum = theory.Spectrum.from_eigenvalues([2.0, 0.0], [3, 5])
    training_sets(spectrum, "", 7)
    assert asked == [8 * (2 * 7 * 3 + 4 * 3 * 3)]


def test_points_of_a_spectrum_have_its_positive_variances():
    spectrum = theory.Spectrum.from_eigenvalues([4.0, 1.0, 0.0], [1, 2, 3])
    assert expanded(spectrum).tolist() == [4.0, 1.0, 1.0]
    own, draw, total = training_sets(spectrum, "", 7)
    assert (own, total) == (spectrum, None)
    points = draw(20_000, np.random.default_rng(0))
    np.testing.assert_allclose(points.var(axis=0), [4.0, 1.0, 1.0], rtol=0.05)


def test_points_of_a_mixture_lie_about_its_mean_along_its_axes():
    means = np.array([[5.0, 0.0, 1.0], [5.0, 4.0, 1.0]])
    mixture = theory.GaussianMixture([0.5, 0.5], means, [0.25, 0.25])
    spectrum, draw, total = training_sets(mixture, "", 7)
    assert total is None
    points = draw(20_000, np.random.default_rng(0))
    assert np.all(np.abs(points.mean(axis=0)) < 0.08)
    np.testing.assert_allclose(expanded(spectrum), [4.25, 0.25, 0.25])
    np.testing.assert_allclose(np.cov(points.T), np.diag([4.25, 0.25, 0.25]), atol=0.12)


def test_points_of_a_data_matrix_are_its_rows_each_once():
    data = np.random.default_rng(0).standard_normal((11, 3)) + 2.0
    spectrum, draw, total = training_sets(data, "mine", 5)
    assert (spectrum.source, total) == ("mine", 11)
    rows = draw(11, np.random.default_rng(1))
    np.testing.assert_allclose(rows.T @ rows / 11, np.diag(spectrum.eigenvalues), atol=1e-12)
    lengths = np.sum((data - data.mean(axis=0)) ** 2, axis=1)
    assert not np.allclose(np.sum(rows**2, axis=1), lengths)
    np.testing.assert_allclose(np.sort(np.sum(rows**2, axis=1)), np.sort(lengths))
    assert len(np.unique(draw(10, np.random.default_rng(2)), axis=0)) == 10
    with pytest.raises(theory.InputError) as caught:
        training_sets(data, "mine", 6)
    assert str(caught.value) == (
        "two disjoint training sets of 6 samples do not fit into 11 rows: use samples of at most 5."
    )
