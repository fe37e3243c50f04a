import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.sources.points import Points
from convergen.theory.sources.source import (
    KnownLaw,
    Source,
    check_covariance,
    data_source,
    draw,
)
from convergen.theory.spectra.spectrum import Spectrum


def test_draw_does_not_depend_on_blocks(monkeypatch):
    truth = Spectrum.from_eigenvalues([2.0, 1.0], eigenvectors=np.eye(2))
    whole = draw(truth, (2,), 1000, np.random.default_rng(3))
    monkeypatch.setattr("convergen.theory.common.row_blocks._BLOCK_BYTES", 8 * 2 * 7)
    np.testing.assert_array_equal(draw(truth, (2,), 1000, np.random.default_rng(3)), whole)


def test_nothing_is_computed_before_it_is_asked_for():
    never = Source("x", lambda: pytest.fail("spectrum"), make_known=lambda: pytest.fail("known"))
    assert never.data is None
    once = []
    data = data_source("x", lambda: once.append(1) or Points("x", np.eye(3), (3,)), label="y")
    assert once == []
    assert data.spectrum.source == "y"
    assert data.law is data.data
    assert once == [1]


def test_eigenvectors_beyond_memory_are_refused_unread(monkeypatch):
    check_covariance(10**6, 60_000, "x")
    with pytest.raises(InputError, match=r"of 70000 coordinates have 39.2 GB .* at most 34.4 GB"):
        check_covariance(10**6, 70_000, "x")
    check_covariance(10, 10**8, "x")
    with pytest.raises(InputError, match="eigenvectors"):
        check_covariance(100, 10**8, "x")
    monkeypatch.setattr("convergen.theory.sources.source._LARGEST", 8 * 3 * 3)
    check_covariance(5, 3, "x")
    with pytest.raises(InputError, match="eigenvectors"):
        check_covariance(5, 4, "x")


def known(scale=2.0):
    truth = Spectrum.from_eigenvalues([2.0, 1.0], eigenvectors=np.eye(2))
    return KnownLaw(truth, scale, np.ones((3, 1, 2), np.float32))


def test_points_of_a_law_are_in_raw_units_and_fresh_ones_have_its_variance():
    source = Source("law", lambda: pytest.fail("spectrum"), make_known=known)
    np.testing.assert_array_equal(source.points.rows, np.full((3, 1, 2), 2.0))
    assert source.points.shape == (1, 2)
    assert source.data is None
    drawn = source.fresh(20_000, np.random.default_rng(0))
    assert drawn.shape == (20_000, 1, 2)
    # Variances 2 and 1, in units of the scale 2; the error of a variance is sqrt(2/N) of it.
    np.testing.assert_allclose(drawn.var(axis=(0, 1)), [8.0, 4.0], rtol=4 * np.sqrt(2 / 20_000))
    np.testing.assert_array_equal(np.concatenate(list(source.blocks())), source.points.rows)
    data = data_source("x", lambda: Points("x", np.eye(3), (3,)))
    assert data.fresh(2, np.random.default_rng(0)) is None
    assert data.known is None
    assert data.spectrum.source == data.label == "x"


def test_blocks_come_from_where_they_need_not_be_held():
    data = data_source("x", lambda: pytest.fail("points"), make_blocks=lambda: iter([np.eye(2)]))
    np.testing.assert_array_equal(list(data.blocks()), [np.eye(2)])


def test_a_source_shows_its_kind_and_size():
    spectrum = Spectrum.isotropic(2)
    assert repr(Source("law", lambda: spectrum)) == "Source(law: known law)"
    data = data_source("x", lambda: Points("x", np.eye(3), (3,)), label="y", size=(5, 1, 2))
    assert repr(data) == "Source(y: data, 5 points of shape (1, 2))"


def test_the_law_is_the_mixture_where_there_is_one():
    mixture, spectrum = object(), Spectrum.isotropic(2)
    assert Source("x", lambda: spectrum, mixture=mixture).law is mixture
    assert Source("x", lambda: spectrum).law is spectrum
