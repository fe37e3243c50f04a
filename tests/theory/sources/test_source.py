import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.sources.points import Points
from convergen.theory.sources.source import Source, check_covariance, data_source, draw
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
    with pytest.raises(InputError, match=r"of 70000 coordinates have 39.2 GB .* at most 34 GB"):
        check_covariance(10**6, 70_000, "x")
    check_covariance(10, 10**8, "x")
    with pytest.raises(InputError, match="eigenvectors"):
        check_covariance(100, 10**8, "x")
    monkeypatch.setattr("convergen.theory.sources.source._LARGEST", 8 * 3 * 3)
    check_covariance(5, 3, "x")
    with pytest.raises(InputError, match="eigenvectors"):
        check_covariance(5, 4, "x")
