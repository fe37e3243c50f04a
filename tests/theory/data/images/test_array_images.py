"""Arrays of images are cropped, resized and turned grey as the same images in files are."""

import numpy as np
import pytest
from PIL import Image

from convergen.theory.common.checks import InputError
from convergen.theory.data.reading import read
from convergen.theory.sources.naming import open_source


@pytest.fixture(scope="module")
def pictures():
    """Smooth pictures of 20 × 24 pixels, channels last."""
    x, y = np.meshgrid(np.arange(24), np.arange(20))
    phases = np.random.default_rng(0).uniform(0, 6, (6, 3, 1, 1))
    waves = 127.5 + 120 * np.sin(0.3 * x + 0.2 * y + phases)
    return np.moveaxis(np.round(waves), 1, 3).astype(np.uint8)


@pytest.mark.parametrize("options", [{"size": 12}, {"size": 31}, {"size": 12, "grey": True},
                                     {"grey": True}])  # fmt: skip
def test_bytes_become_what_files_become(tmp_path, pictures, options):
    folder = tmp_path / "x"
    folder.mkdir()
    for number, image in enumerate(pictures):
        Image.fromarray(image).save(folder / f"{number}.png")
    np.save(tmp_path / "x.npy", pictures)
    expected = read(folder, **options)
    found = read(tmp_path / "x.npy", **options)
    assert found.size == expected.size
    rows = found.rows()
    assert rows.dtype == np.uint8
    np.testing.assert_allclose(rows / 255.0, expected.rows(), atol=1e-6)
    cropped = "6 images are no squares and were cropped to the centre"
    assert found.record.notes == ((cropped,) if "size" in options else ())


def test_other_numbers_keep_their_units(tmp_path, pictures):
    np.savez(tmp_path / "x.npz", pictures / 127.5 - 1.0)
    found = open_source(str(tmp_path / "x.npz"), {"size": 10}).points
    of_bytes = read(_saved(tmp_path / "y.npy", pictures), size=10).rows()
    assert found.rows.dtype == np.float32
    np.testing.assert_allclose(found.rows, of_bytes / 127.5 - 1.0, atol=2.5 / 127.5)
    grey = open_source(str(tmp_path / "x.npz"), {"grey": True}).points
    assert grey.shape == (1, 20, 24)
    weights = np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(
        grey.rows[:, 0], (pictures / 127.5 - 1.0) @ weights, atol=1e-6
    )  # fmt: skip


def _saved(path, values):
    np.save(path, values)
    return path


def test_vectors_are_refused(tmp_path):
    path = _saved(tmp_path / "x.npy", np.random.default_rng(0).standard_normal((5, 30)))
    for options, words in (({"size": 8}, "size applies"), ({"grey": True}, "grey applies"),
                           ({"size": 8, "grey": True}, "size and grey apply")):  # fmt: skip
        with pytest.raises(InputError, match=rf"{words} only to images of 1 or 3 channels"):
            read(path, **options)
    with pytest.raises(InputError, match="size"):
        read(path, size=0)
