"""Surrogates that say why patches fail."""

import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from convergen import theory
from convergen.figures.paper.real_data import patch_causes


def test_patches_come_from_their_places_in_the_photographs():
    large = patch_causes.photograph_patches(16, 8)
    assert large.shape == (2 * 52 * 79, 256)
    np.testing.assert_allclose(large.mean(axis=1), 0.0, atol=1e-12)
    small = patch_causes.photograph_patches(8, 8).reshape(2, 53, 80, 8, 8)
    # A large patch is four small ones next to each other, but for the means.
    corner = large.reshape(2, 52, 79, 16, 16)[1, 3, 5, 8:, :8]
    np.testing.assert_allclose(corner - corner.mean(), small[1, 4, 5], atol=1e-12)
    photograph = np.asarray(load_sample_image("flower.jpg"), dtype=np.float64) / 255.0
    pixels = photograph[32:40, 40:48] @ [0.299, 0.587, 0.114]  # luma of ITU-R BT.601
    np.testing.assert_allclose(small[1, 4, 5], pixels - pixels.mean(), atol=1.0 / 255.0)


def test_amplitudes_of_elliptical_data_are_found():
    rng = np.random.default_rng(2)
    scale = np.sqrt(theory.Spectrum.power_law(30, 0.5).eigenvalues)
    normal = rng.standard_normal((20_000, 30)) * scale
    np.testing.assert_allclose(np.mean(patch_causes.amplitudes(normal) ** 2), 1.0, atol=0.02)
    true = rng.choice([0.1, 3.0], 20_000)
    found = patch_causes.amplitudes(normal * np.sqrt(true)[:, None])
    assert found.mean() == pytest.approx(1.0)
    expected = np.mean(true**2) / np.mean(true) ** 2
    assert np.mean(found**2) == pytest.approx(expected, rel=0.03)
    assert np.corrcoef(found, true)[0, 1] > 0.9
