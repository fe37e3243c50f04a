import numpy as np
import pytest

from convergen.theory.messages.option_errors import OptionError
from convergen.theory.sources.drawing import (
    BASIS,
    DIM,
    DRAWING,
    check_size,
    gaussian,
    orthogonal,
    point_shape,
)
from convergen.theory.spectra.spectrum import Spectrum
from tests.options import ranges


def test_draws_have_mean_variance_one_and_the_law_its_scale():
    raw = Spectrum.from_eigenvalues([20.0, 8.0, 1.0], [1, 1, 14])
    found = gaussian(raw, basis="random", images=True, count=20_000, seed=3)
    assert found.points.shape == (20_000, 1, 4, 4)
    assert found.scale == pytest.approx(np.sqrt(42.0 / 16.0))
    np.testing.assert_allclose(found.truth.eigenvalues * found.scale**2, [20.0, 8.0, 1.0])
    vectors = found.truth.eigenvectors
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(16), atol=1e-12)
    amplitudes = found.points.reshape(-1, 16) @ vectors
    expected = np.repeat([20.0, 8.0, 1.0], [1, 1, 14]) / found.scale**2
    np.testing.assert_allclose(amplitudes.var(axis=0), expected, rtol=4 * np.sqrt(2 / 20_000))
    again = gaussian(raw, basis="random", images=True, count=20_000, seed=4)
    assert np.abs(again.truth.eigenvectors - vectors).max() > 0.1
    axes = gaussian(raw, basis="identity", images=False, count=3, seed=3)
    np.testing.assert_array_equal(axes.truth.eigenvectors, np.eye(16))
    assert axes.points.shape == (3, 16)


def test_directions_are_uniform():
    """Signs, too: those of a decomposition alone would favour one half."""
    rng = np.random.default_rng(0)
    drawn = np.array([orthogonal(3, "random", rng) for _ in range(2000)])
    np.testing.assert_allclose(drawn.mean(axis=0), 0.0, atol=4 * np.sqrt(1 / 3 / 2000))
    np.testing.assert_allclose((drawn**2).mean(axis=0), 1 / 3, atol=4 * np.sqrt(4 / 45 / 2000))


def test_what_memory_does_not_hold_is_refused_before_it_is_drawn():
    check_size(23_170, 1)
    check_size(4, 2**28)
    with pytest.raises(OptionError, match=r"^points of 23171 .* need 4.3 GB of eigenvectors, but "
                       r"at most 4.29 GB are held: lower dim\.$"):  # fmt: skip
        check_size(23_171, 1)
    with pytest.raises(OptionError, match=r"^268435457 points of 4 coordinates need 4.29 GB, but "
                       r"at most 4.29 GB are held: lower count\.$"):  # fmt: skip
        check_size(4, 2**28 + 1)


def test_only_squares_make_images():
    assert point_shape(10, False) == (10,)
    assert point_shape(16, True) == (1, 4, 4)
    with pytest.raises(OptionError, match=r"of 24 coordinates make .* as dim, such as 16\."):
        point_shape(24, True)
    assert point_shape(15**2, True) == (1, 15, 15)
    for dim in (15, 17):
        with pytest.raises(OptionError, match=rf"vectors of {dim} coordinates make no square"):
            point_shape(dim, True)


def test_what_is_drawn_unless_more_is_said():
    assert ranges((DIM, BASIS, *DRAWING)) == {
        "dim": (300, 1, None, None), "basis": ("random", None, None, None),
        "images": (False, None, None, None), "count": (16384, 1, None, None),
        "seed": (0, 0, None, 2**63 - 1),
    }  # fmt: skip
    assert all(option.drawing for option in (BASIS, *DRAWING))
    assert not DIM.drawing
