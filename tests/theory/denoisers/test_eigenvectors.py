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
