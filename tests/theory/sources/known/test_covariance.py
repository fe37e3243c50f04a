"""A covariance of a file is a law: no sample of it, so no intervals."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.sources.naming import open_source
from convergen.theory.sources.table import find, load_source


@pytest.fixture
def matrix():
    factor = np.random.default_rng(0).standard_normal((12, 9))
    return factor @ factor.T  # three eigenvalues are zero up to rounding


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_covariance_of_a_file_is_the_law(tmp_path, matrix, dtype):
    np.save(tmp_path / "c.npy", matrix.astype(dtype))
    found = load_source("covariance", path=tmp_path / "c.npy", count=40_000)
    assert found.data is None
    assert found.spectrum.rank == 9
    expected = np.linalg.svd(np.linalg.cholesky(matrix + 1e-9 * np.eye(12)), compute_uv=False)[:9]
    np.testing.assert_allclose(
        found.spectrum.eigenvalues[:9], expected**2, rtol=1e-4 if dtype == np.float32 else 1e-7
    )
    drawn = found.points.flat()
    error = np.sqrt((np.outer(np.diag(matrix), np.diag(matrix)) + matrix**2) / 40_000)
    assert (np.abs(drawn.T @ drawn / 40_000 - matrix) < 5 * error).all()


def test_statistics_of_fid_tools_are_a_covariance_and_no_points(tmp_path, matrix):
    path = tmp_path / "stats.npz"
    np.savez(path, mu=np.ones(12), sigma=matrix)
    direct, named = open_source(str(path), {}), load_source("covariance", path=path)
    for found in (direct, named):
        assert found.data is None
        assert abs(found.spectrum.trace - np.trace(matrix)) < 1e-9
    assert len(named.points) == 16384
    with pytest.raises(InputError, match=r"stats.npz holds a mean and a covariance \(mu, sigma\)"):
        direct.points  # noqa: B018
    assert open_source(str(path), {"key": "sigma"}).data.shape == (12, 12)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.ones((3, 4)), r"has shape \(3, 4\), but a covariance is a square matrix"),
        (np.array([[1.0, 0.5], [0.4, 1.0]]), "is not symmetric"),
        (np.array([[1.0, 2.0], [2.0, 1.0]]), "has an eigenvalue of -1 beside one of 3"),
        (np.array([[1.0, np.nan], [np.nan, 1.0]]), "holds NaN or infinite"),
        (np.zeros((3, 3)), "all eigenvalues are zero"),
    ],
)
def test_what_is_no_covariance_is_refused(tmp_path, values, words):
    np.save(tmp_path / "c.npy", values)
    with pytest.raises(InputError, match=words):
        load_source("covariance", path=tmp_path / "c.npy").spectrum  # noqa: B018


def test_its_law_is_known():
    assert find("covariance").known
    with pytest.raises(InputError, match="covariance needs the option path"):
        load_source("covariance")
