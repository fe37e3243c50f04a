import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.sources.known.field import field_spectrum
from convergen.theory.sources.table import find, load_source
from tests.options import ranges


def covariance_by_fft(size, alpha):
    """Covariance matrix from the power on the grid of wave vectors, one entry at a time."""
    k = np.fft.fftfreq(size, 1.0 / size)
    squares = k[:, None] ** 2 + k[None, :] ** 2
    power = np.where(squares > 0, np.maximum(squares, 1.0) ** (-alpha / 2), 0.0)
    correlation = np.fft.ifft2(power).real
    correlation /= correlation[0, 0]
    rows, columns = np.divmod(np.arange(size**2), size)
    return correlation[(rows[:, None] - rows) % size, (columns[:, None] - columns) % size]


@pytest.mark.parametrize(("size", "alpha"), [(8, 2.5), (5, 1.0), (2, 3.0), (6, 0.0), (16, 2.5)])
def test_spectrum_is_that_of_the_stationary_covariance(size, alpha):
    truth = field_spectrum(size, alpha)
    sigma = covariance_by_fft(size, alpha)
    values, vectors = truth.leading(truth.dim), truth.eigenvectors
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(size**2), atol=1e-13)
    np.testing.assert_allclose(sigma @ vectors, vectors * values, atol=1e-12 * values[0])
    assert np.trace(sigma) == pytest.approx(size**2)
    assert truth.trace == pytest.approx(size**2, rel=1e-13)


def test_degeneracies_of_the_torus():
    # k² = 1 has (±1, 0), (0, ±1); 2: (±1, ±1); 4: (±2, 0), …; 5: (±1, ±2), …
    truth = field_spectrum(8, 2.5)
    np.testing.assert_array_equal(truth.multiplicities[:4], [4, 4, 4, 8])
    np.testing.assert_allclose(
        truth.eigenvalues[:4] / truth.eigenvalues[0], np.array([1, 2, 4, 5.0]) ** -1.25
    )
    assert truth.eigenvalues[-1] == 0.0
    assert truth.multiplicities[-1] == 1.0
    np.testing.assert_allclose(truth.eigenvectors[:, -1], 1 / 8)


def test_covariance_of_many_draws():
    data = load_source("field", size=4, alpha=2.0, count=40000, seed=5).points
    truth = covariance_by_fft(4, 2.0)
    flat = data.flat()
    measured = flat.T @ flat / len(flat)
    # Wick: Var(x_i x_j) = Σ_ii Σ_jj + Σ_ij².
    error = np.sqrt((1.0 + truth**2) / len(flat))
    z = (measured - truth) / error
    assert np.abs(z).max() < 4.5  # the largest of 136 distinct entries
    assert abs(np.mean(z**2) - 1.0) < 0.5
    assert np.abs(flat.sum(axis=1)).max() < 1e-5


def test_draws_are_stationary():
    points = load_source("field", size=4, alpha=2.0, count=40000, seed=6).points.rows
    variance = points[:, 0].astype(float).var(axis=0)
    assert np.all(np.abs(variance - 1.0) < 4.0 * np.sqrt(2.0 / len(points)))


def test_seed_and_count():
    first, longer, other = (
        load_source("field", count=count, seed=seed).points.rows
        for count, seed in ((30, 1), (50, 1), (30, 2))
    )
    assert first.shape == (30, 1, 8, 8)
    np.testing.assert_array_equal(longer[:30], first)
    assert np.abs(other - first).max() > 0.1


def test_a_spectrum_alone_needs_no_eigenvectors():
    source = load_source("field", size=8)
    assert source.spectrum.eigenvectors is None
    np.testing.assert_array_equal(source.spectrum.eigenvalues, field_spectrum(8, 2.5).eigenvalues)
    assert source.law is source.spectrum


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": 1}, "at least 2"),
        ({"size": 100}, "at most 64"),
        ({"alpha": -1.0}, "alpha must be a number, at least 0"),
        ({"alpha": 1000.0}, "at most 300"),
        ({"count": 0}, "at least 1"),
        ({"size": 64, "count": 300_000}, "300000 points of 4096 coordinates need 4.92 GB"),
        ({"seed": -1}, "seed must be"),
    ],
)
def test_bad_input(options, words):
    with pytest.raises(InputError, match=words):
        load_source("field", **options).known  # noqa: B018


DRAWN = {"count": (16384, 1, None, None), "seed": (0, 0, None, 2**63 - 1)}


def test_what_is_drawn_unless_more_is_said():
    row = find("field")
    assert ranges(row.options) == {"size": (8, 2, None, 64), "alpha": (2.5, 0, None, 300), **DRAWN}
    assert row.known
    known = load_source("field", size=2, count=3).known
    assert (known.scale, known.points.shape) == (1.0, (3, 1, 2, 2))
    assert known.truth.eigenvectors.shape == (4, 4)
    assert field_spectrum(2, 1.0).eigenvectors is not None
    assert field_spectrum(2, 1.25).source == "Gaussian field 2 x 2, power spectrum k^-1.25"
    assert load_source("field", size=3).name == "field 3x3"


def test_each_pair_of_modes_is_a_cosine_and_a_sine():
    pixels = np.arange(16)
    row, column = pixels // 4, pixels % 4
    waves = [np.cos(np.pi * column / 2), np.sin(3 * np.pi * column / 2),
             np.cos(np.pi * row / 2), np.sin(3 * np.pi * row / 2)]  # fmt: skip
    expected = np.stack(waves, axis=1) * np.sqrt(2.0) / 4.0
    np.testing.assert_allclose(field_spectrum(4, 2.0).eigenvectors[:, :4], expected, atol=1e-14)
