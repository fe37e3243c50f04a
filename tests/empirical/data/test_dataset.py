import numpy as np
import pytest

from convergen.empirical.data.dataset import DataSet, mixture_axes
from convergen.empirical.data.standard_units import standardised
from convergen.theory.common.checks import InputError
from convergen.theory.mixtures.mixture import GaussianMixture
from convergen.theory.spectra.spectrum import Spectrum


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def points(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(5,), (5, 2, 2), (0, 4)])
def test_wrong_shapes(shape):
    with pytest.raises(InputError, match="give float32"):
        DataSet(np.zeros(shape, dtype=np.float32), "x")


def test_wrong_dtype(rng):
    with pytest.raises(InputError, match="float64"):
        DataSet(rng.standard_normal((4, 2)), "x")


def test_groups_of_another_length(rng):
    with pytest.raises(InputError, match="one number for each"):
        DataSet(points(rng, 4, 2), "x", groups=np.arange(3))


def test_points_are_read_only_but_not_the_callers(rng):
    raw = points(rng, 4, 2)
    data = DataSet(raw, "x")
    with pytest.raises(ValueError, match="read-only"):
        data.points[0] = 0.0
    raw[0, 0] = 1.0


def test_fingerprint_follows_content_shape_and_groups(rng):
    raw = points(rng, 8, 4)
    other = raw.copy()
    other[-1, -1] += 1.0
    prints = {
        DataSet(raw, "x").fingerprint,
        DataSet(other, "x").fingerprint,
        DataSet(raw.reshape(8, 1, 2, 2), "x").fingerprint,
        DataSet(raw.reshape(4, 8), "x").fingerprint,
        DataSet(raw, "x", groups=np.arange(8)).fingerprint,
    }
    assert len(prints) == 5
    assert DataSet(raw.copy(), "another name").fingerprint == DataSet(raw, "x").fingerprint


def test_fingerprint_of_other_layouts(rng):
    raw = points(rng, 8, 4)
    assert DataSet(np.asfortranarray(raw), "x").fingerprint == DataSet(raw, "x").fingerprint


def test_spectrum_of_data_is_their_second_moment(rng):
    data = standardised(points(rng, 200, 4) * [4, 3, 2, 1] + 1.0, (4,), name="x", center="none")
    moment = data.points.T.astype(float) @ data.points / 200
    found = data.spectrum()
    np.testing.assert_allclose(found.leading(4), np.linalg.eigvalsh(moment)[::-1], rtol=1e-6)
    vectors = found.eigenvectors
    np.testing.assert_allclose((vectors * found.leading(4)) @ vectors.T, moment, atol=1e-6)
    assert found.mean is None
    assert data.fresh(3, rng) is None


def test_span_is_that_of_all_values(rng):
    raw = points(rng, 8, 4)
    raw[3, 2], raw[5, 0] = 7.0, -4.0
    assert DataSet(raw, "x").span == 11.0


def test_truth_is_the_spectrum(rng):
    truth = Spectrum.from_eigenvalues([2.0, 0.5], eigenvectors=np.eye(2))
    data = DataSet(points(rng, 4, 2), "x", truth=truth)
    assert data.spectrum() is truth


def test_fresh_points_follow_the_truth():
    truth = Spectrum.from_eigenvalues(
        [4.0, 1.0, 0.0], eigenvectors=np.linalg.qr(np.arange(9.0).reshape(3, 3) ** 2)[0]
    )
    data = DataSet(np.zeros((2, 3), dtype=np.float32), "x", truth=truth)
    count = 20000
    drawn = data.fresh(count, np.random.default_rng(1)).astype(float)
    along = drawn @ truth.eigenvectors
    variance = np.mean(along**2, axis=0)
    errors = truth.leading(3)[:2] * np.sqrt(2.0 / count)
    assert np.all(np.abs(variance[:2] - [4.0, 1.0]) < 4.0 * errors)
    assert variance[2] < 1e-12


def test_axes_of_a_mixture():
    means = np.array([[2.0, 1.0, 0.0], [-2.0, -1.0, 0.0]])
    mixture = GaussianMixture([0.5, 0.5], means, [1.0, 1.0])
    found = mixture_axes(mixture)
    vectors = found.eigenvectors
    np.testing.assert_allclose(found.leading(3), [6.0, 1.0, 1.0], rtol=1e-12)
    np.testing.assert_allclose(
        (vectors * found.leading(3)) @ vectors.T, np.eye(3) + means.T @ means / 2, atol=1e-12
    )


def test_points_are_in_standard_units_where_nothing_else_is_said(rng):
    found = DataSet(points(rng, 4, 3), "x")
    assert (found.scale, found.mean, found.standard_mean) == (1.0, 0.0, 0.0)
    assert DataSet(found.points, "x", mean=3.0, scale=2.0).standard_mean == 1.5
