"""Eigenvalues of a file are a law: no sample of it, so no intervals."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.sources.table import find, load_source


def test_eigenvalues_of_a_file_are_the_law(tmp_path):
    values = np.array([0.5, 4.0, 1.0])
    (tmp_path / "lam.txt").write_text("0.5\n4\n1\n")
    np.savez(tmp_path / "lam.npz", lam=values[None], other=np.ones(2))
    for path, key in ((tmp_path / "lam.txt", None), (tmp_path / "lam.npz", "lam")):
        found = load_source("eigenvalues", path=path, key=key)
        np.testing.assert_array_equal(found.spectrum.eigenvalues, [4.0, 1.0, 0.5])
        assert found.data is None
        assert len(found.points) == 16384
    assert found.spectrum.source == "eigenvalues lam.npz"
    variance = found.points.flat().var(axis=0).sum()
    assert abs(variance - 5.5) < 5 * 5.5 * np.sqrt(2.0 / 16384)


def test_what_is_no_list_of_eigenvalues_is_refused(tmp_path):
    np.save(tmp_path / "c.npy", np.eye(3))
    with pytest.raises(InputError, match=r"eigenvalues are one list: .* as --covariance"):
        load_source("eigenvalues", path=tmp_path / "c.npy")
    (tmp_path / "lam.txt").write_text("1\n-2\n")
    with pytest.raises(InputError, match="must not be negative, but -2 was given"):
        load_source("eigenvalues", path=tmp_path / "lam.txt")


@pytest.mark.parametrize("shape", [(3,), (1, 3), (3, 1), (1, 1, 3)])
def test_a_list_is_one_whatever_dimensions_of_length_one_it_has(tmp_path, shape):
    np.save(tmp_path / "lam.npy", np.array([1, 4, 2]).reshape(shape))
    found = load_source("eigenvalues", path=tmp_path / "lam.npy", basis="identity", count=3)
    np.testing.assert_array_equal(found.spectrum.leading(3), [4.0, 2.0, 1.0])
    assert found.known.points.shape == (3, 3)
    assert found.name == "eigenvalues lam"


def test_its_law_is_known():
    assert find("eigenvalues").known
    with pytest.raises(InputError, match="eigenvalues needs the option path"):
        load_source("eigenvalues")


def test_one_number_is_a_list_of_one(tmp_path):
    np.save(tmp_path / "lam.npy", np.float64(2.0))
    found = load_source("eigenvalues", path=tmp_path / "lam.npy")
    np.testing.assert_array_equal(found.spectrum.leading(1), [2.0])
