import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.sources.covariances import checked_covariance, drawn, spectrum_of
from convergen.theory.spectra.eigenvalue_lists import solver_error
from convergen.theory.spectra.spectrum import Spectrum

VECTORS = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5))).Q


def matrix(*values):
    return VECTORS * np.array(values) @ VECTORS.T


def test_eigenvalues_and_vectors_are_those_of_the_matrix():
    given = matrix(9.0, 4.0, 1.0, 0.5, 0.0)
    found = spectrum_of(given, "x", "mine")
    assert found.source == "mine"
    assert found.rank == 4
    np.testing.assert_allclose(found.leading(4), [9.0, 4.0, 1.0, 0.5], rtol=1e-12)
    np.testing.assert_allclose(np.abs(np.sum(found.eigenvectors * VECTORS, axis=0))[:4], 1.0)


def test_rounding_of_the_type_is_no_asymmetry_and_no_eigenvalue():
    given = matrix(9.0, 4.0, 1.0, 0.5, 1e-7).astype(np.float32)
    given[0, 1] *= 1 + 1e-6
    assert spectrum_of(given, "x", "").rank == 4
    with pytest.raises(InputError, match=r"^x is not symmetric"):
        checked_covariance(given.astype(np.float64), "x")
    np.testing.assert_array_equal(
        checked_covariance(np.array([[2, 1], [1, 3]]), "x"), [[2.0, 1.0], [1.0, 3.0]]
    )
    apart = np.array([[1.0, 0.5], [0.5 + 1e-14, 1.0]])
    np.testing.assert_allclose(checked_covariance(apart, "x")[0, 1], 0.5 + 0.5e-14, rtol=1e-16)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.ones((2, 3)), r"x has shape \(2, 3\), but a covariance is a square"),
        (np.ones(4), r"x has shape \(4,\)"),
        (np.array([[1.0, np.nan], [np.nan, 1.0]]), "x holds NaN or infinite"),
        (np.array([[1.0, 0.5], [-0.5, 1.0]]), r"not symmetric \(entries differ by 1 of 1\)"),
        (np.diag([4.0, -1e-8]), "x has an eigenvalue of -1e-08 beside one of 4, but a"),
    ],
)
def test_what_is_no_covariance_is_refused(given, words):
    with pytest.raises(InputError, match=words):
        spectrum_of(given, "x", "")


def test_eigenvalues_that_are_hardly_negative_are_nought():
    assert spectrum_of(np.diag([4.0, -1e-10]), "x", "").rank == 1


def test_draws_are_those_of_the_spectrum_in_units_of_its_mean_variance():
    raw = Spectrum.from_eigenvalues([9.0, 4.0, 2.0, 0.5, 0.5], eigenvectors=VECTORS, source="s")
    found = drawn(raw, 20_000, 1)
    assert found.scale == pytest.approx(np.sqrt(16.0 / 5.0))
    assert found.truth.source == "s"
    assert found.truth.trace == pytest.approx(5.0)
    amplitudes = found.points @ VECTORS
    expected = np.array([9.0, 4.0, 2.0, 0.5, 0.5]) / 3.2
    np.testing.assert_allclose(amplitudes.var(axis=0), expected, rtol=4 * np.sqrt(2 / 20_000))


def test_asymmetry_is_rounding_up_to_a_limit():
    """64 units of rounding for each of two rows."""
    for excess, refused in ((0.0, False), (2.0**-53, True)):
        given = np.array([[1.0, 0.5], [0.5 + 2.0**-45 + excess, 1.0]])
        if refused:
            with pytest.raises(InputError, match="x is not symmetric"):
                checked_covariance(given, "x")
        else:
            assert checked_covariance(given, "x")[0, 1] == 0.5 + 2.0**-46


@pytest.mark.parametrize("shape", [(3, 2), (2, 2, 2)])
def test_what_is_not_square_is_refused(shape):
    with pytest.raises(InputError, match="a covariance is a square matrix"):
        checked_covariance(np.ones(shape), "x")


def test_eigenvalues_up_to_the_error_of_the_solver_are_nought():
    error = solver_error(1e6, 3, np.finfo(float).eps)
    assert spectrum_of(np.diag([1.0, 1e6, error]), "x", "").rank == 2
    assert spectrum_of(np.diag([1.0, 1e6, np.nextafter(error, 1.0)]), "x", "").rank == 3


def test_the_least_eigenvalue_is_compared_with_the_largest():
    with pytest.raises(InputError) as caught:
        spectrum_of(np.diag([1.0, -1.0, 4.0]), "x", "")
    assert str(caught.value) == (
        "x has an eigenvalue of -1 beside one of 4, but a covariance has none below zero: give a "
        "covariance."
    )
    assert spectrum_of(np.diag([4.0, -1e-10 * 4.0]), "x", "").rank == 1
    with pytest.raises(InputError, match="x has an eigenvalue of"):
        spectrum_of(np.diag([4.0, -1.01e-10 * 4.0]), "x", "")


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int64])
def test_whole_numbers_are_a_covariance_too(kind):
    assert spectrum_of(np.eye(3).astype(kind), "x", "").rank == 3
