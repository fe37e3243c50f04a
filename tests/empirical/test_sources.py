import subprocess
import sys

import numpy as np
import pytest

from empirical.sources import KINDS, load_data
from theory.checks import InputError
from theory.sources import load_digits
from theory.spectrum import Spectrum


def test_no_heavy_imports():
    code = (
        "import sys; from empirical.sources import load_data; load_data('digits'); "
        "load_data('field', count=3); load_data('patches'); "
        "heavy = ('torch', 'sklearn', 'matplotlib', 'xarray'); "
        "sys.exit(any(name in sys.modules for name in heavy))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_unknown_kind_and_options():
    with pytest.raises(InputError, match="did you mean 'digits'"):
        load_data("digit")
    with pytest.raises(InputError, match=r"no option 'sise' \(did you mean 'size'\?\)"):
        load_data("field", sise=8)
    with pytest.raises(InputError, match="needs the option 'path'"):
        load_data("array")


def test_kinds_are_what_errors_list():
    with pytest.raises(InputError, match=", ".join(KINDS)):
        load_data("nothing")


def test_digits():
    data = load_data("digits")
    raw = load_digits()
    assert data.points.shape == (1797, 1, 8, 8)
    np.testing.assert_allclose(data.flat * data.scale + np.ravel(data.mean), raw, atol=1e-5)
    np.testing.assert_allclose(data.mean, raw.mean(axis=0).reshape(1, 8, 8))
    assert data.points.var(axis=0).mean() == pytest.approx(1.0, rel=1e-5)
    theirs = Spectrum.from_data(raw)
    np.testing.assert_allclose(
        data.spectrum().leading(10) * data.scale**2, theirs.leading(10), rtol=1e-6
    )
    assert load_data("digits", center="none").mean == 0.0


@pytest.mark.parametrize(
    ("kind", "options", "raw"),
    [
        ("isotropic", {"dim": 9}, np.ones(9)),
        ("spiked", {"dim": 9, "spikes": [8.0, 3.0]}, np.array([8.0, 3.0] + [1.0] * 7)),
        ("power-law", {"dim": 9, "alpha": 1.5}, np.arange(1.0, 10.0) ** -1.5),
    ],
)
def test_gaussian_kinds(kind, options, raw):
    data = load_data(kind, count=20000, seed=3, **options)
    truth = data.truth
    values, vectors = truth.leading(9), truth.eigenvectors
    np.testing.assert_allclose(values, raw / raw.mean(), rtol=1e-12)
    assert data.scale**2 == pytest.approx(raw.mean())
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(9), atol=1e-12)
    along = data.points.astype(float) @ vectors
    moment = along.T @ along / len(data)
    error = np.sqrt((np.outer(values, values) + np.diag(values) ** 2) / len(data))
    assert np.abs((moment - np.diag(values)) / error).max() < 4.0


def test_identity_basis_and_images():
    data = load_data("spiked", dim=16, basis="identity", images=True, count=5)
    assert data.shape == (1, 4, 4)
    np.testing.assert_array_equal(data.truth.eigenvectors, np.eye(16))
    random = load_data("spiked", dim=16, images=True, count=5)
    assert np.abs(random.truth.eigenvectors).max() < 0.99


def test_mixture_has_standard_units_and_simplex_means():
    data = load_data("mixture", dim=8, components=3, signal=6.0, count=30000, seed=2)
    truth = data.truth
    assert np.trace(truth.covariance) == pytest.approx(8.0)
    gram = truth.means @ truth.means.T * data.scale**2
    np.testing.assert_allclose(gram, 9.0 * np.eye(3) - 3.0, atol=1e-9)
    flat = data.points.astype(float)
    assert np.all(np.abs(flat.mean(axis=0)) < 4.0 * np.sqrt(truth.covariance.diagonal() / 30000))
    spectrum = data.spectrum()
    along = flat @ spectrum.eigenvectors
    assert np.abs(np.mean(along**2, axis=0) / spectrum.leading(8) - 1.0).max() < 4.0 * np.sqrt(
        2.0 / 30000
    )
    np.testing.assert_array_equal(spectrum.multiplicities, [2, 6])


def test_mixture_of_images():
    data = load_data("mixture", dim=16, images=True, count=10)
    assert data.shape == (1, 4, 4)
    assert data.fresh(3, np.random.default_rng(0)).shape == (3, 1, 4, 4)


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("spiked", {"dim": 10, "images": True}, "no square image"),
        ("spiked", {"dim": 2}, "do not fit"),
        ("spiked", {"basis": "fourier"}, "'random' or 'identity'"),
        ("mixture", {"dim": 3, "components": 4}, "as many dimensions"),
        ("digits", {"center": True}, "center must be"),
    ],
)
def test_bad_options(kind, options, words):
    with pytest.raises(InputError, match=words):
        load_data(kind, **options)
