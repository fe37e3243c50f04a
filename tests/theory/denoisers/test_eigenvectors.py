from types import SimpleNamespace

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.eigenvectors import orthonormal_vectors
from convergen.theory.spectra.spectrum import Spectrum

VECTORS = np.linalg.qr(np.random.default_rng(0).standard_normal((6, 6))).Q


def spectrum(vectors):
    return Spectrum.from_eigenvalues(np.arange(6.0, 0.0, -1.0), eigenvectors=vectors)


def test_orthonormal_columns_are_taken_as_they_are():
    assert orthonormal_vectors(Spectrum.isotropic(4)) is None
    for count in (0, 2, 6):
        found = spectrum(VECTORS[:, :count])
        np.testing.assert_array_equal(orthonormal_vectors(found), VECTORS[:, :count])
    single = orthonormal_vectors(spectrum(VECTORS.astype(np.float32)))
    assert single.dtype == np.float64


@pytest.mark.parametrize(
    ("vectors", "words"),
    [
        (VECTORS * (1 + 1e-4), "not orthonormal"),
        (VECTORS + 1e-4 * np.eye(6)[:, ::-1], "not orthonormal"),
        (VECTORS[:, [0, 1, 1]], "not orthonormal"),
    ],
)
def test_other_columns_are_refused(vectors, words):
    with pytest.raises(InputError, match=words):
        orthonormal_vectors(spectrum(vectors))


@pytest.mark.parametrize(("scale", "kept"), [(0.999, True), (1.001, False)])
def test_columns_are_orthonormal_to_1e_5(scale, kept):
    """(1 + δ)² − 1 times a combination cos 1, cos 2, … of the columns, over the root of six."""
    combination = np.linalg.norm(np.cos([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
    stretch = np.sqrt(1.0 + scale * 1e-5 * np.sqrt(6.0) / combination)
    if kept:
        assert orthonormal_vectors(spectrum(stretch * VECTORS)) is not None
        return
    with pytest.raises(InputError, match="not orthonormal"):
        orthonormal_vectors(spectrum(stretch * VECTORS))


@pytest.mark.parametrize("vectors", [np.eye(6)[0], np.eye(5), np.eye(7)[:, :3], np.eye(6, 7)])
def test_columns_that_do_not_fit_are_refused(vectors):
    given = SimpleNamespace(eigenvectors=vectors, dim=6)
    with pytest.raises(InputError) as raised:
        orthonormal_vectors(given)
    assert str(raised.value) == (
        f"eigenvectors have shape {vectors.shape}, but the spectrum has dimension 6: give one "
        "column of that length for each leading eigenvalue."
    )
