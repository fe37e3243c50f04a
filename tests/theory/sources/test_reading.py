"""Sources of points that the reader finds, and of moments without points."""

import numpy as np
import pytest
from PIL import Image

from convergen.theory.common.checks import InputError
from convergen.theory.sources.naming import open_source


def test_points_of_a_file_are_decoded_when_they_are_asked_for(tmp_path):
    points = np.random.default_rng(0).standard_normal((9, 4))
    np.save(tmp_path / "x.npy", points)
    found = open_source(str(tmp_path / "x.npy"), {})
    assert (found.name, found.label, found.size) == ("x", "x.npy", (9, 4))
    assert found.files == (tmp_path / "x.npy",)
    np.testing.assert_array_equal(found.points.flat(), points)
    np.testing.assert_array_equal(np.concatenate(list(found.blocks())), points)
    assert found.points.shape == (4,)


def test_a_folder_has_its_whole_name(tmp_path):
    folder = tmp_path / "some.images"
    folder.mkdir()
    for number in range(3):
        Image.fromarray(np.full((4, 4), number, np.uint8)).save(folder / f"{number}.png")
    found = open_source(str(folder), {})
    assert found.name == found.label == "some.images"
    assert found.size == (3, 1, 4, 4)


def test_moments_have_a_spectrum_and_no_points(tmp_path):
    np.savez(tmp_path / "stats.npz", mu=np.ones(3), sigma=np.diag([3.0, 1.0, 2.0]))
    found = open_source(str(tmp_path / "stats.npz"), {})
    assert found.name == "stats"
    np.testing.assert_allclose(found.spectrum.leading(3), [3.0, 2.0, 1.0])
    assert found.spectrum.source == "stats.npz"
    assert found.spectrum is found.spectrum
    with pytest.raises(InputError, match=r"stats.npz holds a mean and a covariance"):
        found.points  # noqa: B018
