"""Arrays of images are cropped, resized and turned grey as the same images in files are."""

from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from convergen.theory.common.checks import InputError
from convergen.theory.data.images import array_images as module
from convergen.theory.data.images.array_images import ArrayImages, NoImagesError
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


@pytest.mark.parametrize("point", [(3,), (3, 4), (2, 4, 4), (4, 4, 4), (1, 2, 2, 2)])
def test_images_have_one_channel_or_three(point):
    with pytest.raises(NoImagesError) as caught:
        ArrayImages.of(np.zeros((5, *point)), point, "x", 8, False)
    assert str(caught.value) == (
        f"size applies only to images of 1 or 3 channels, but points of x have shape {point}: "
        "leave it out, or give the shape of an image."
    )
    with pytest.raises(NoImagesError) as caught:
        ArrayImages.of(np.zeros((5, *point)), point, "x", 8, True)
    assert str(caught.value) == (
        f"size and grey apply only to images of 1 or 3 channels, but points of x have shape {point}"
        ": leave them out, or give the shape of an image."
    )


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float64, bool])
def test_the_middle_of_one_channel_is_kept_as_it_is(kind):
    rows = np.random.default_rng(1).integers(0, 250, (4, 1, 6, 9)).astype(kind)
    found = ArrayImages.of(rows.reshape(4, 54), (1, 6, 9), "x", 6, True)
    assert found.size == (4, 1, 6, 6)
    np.testing.assert_array_equal(found.decoded(), rows[..., 1:7])
    assert found.decoded().dtype == (np.uint8 if kind == np.uint8 else np.float32)
    tall = ArrayImages.of(rows.transpose(0, 1, 3, 2), (1, 9, 6), "x", 6, False)
    np.testing.assert_array_equal(tall.decoded(), rows.transpose(0, 1, 3, 2)[:, :, 1:7])
    same = ArrayImages.of(rows, (1, 6, 9), "x", None, True)
    np.testing.assert_array_equal(same.decoded(), rows)


def test_overshoot_is_cut_at_the_values_of_the_image():
    rows = np.full((1, 1, 8, 8), -3.0)
    rows[..., 4:] = 5.0
    found = ArrayImages.of(rows, (1, 8, 8), "x", 16, False).decoded()
    assert (found.min(), found.max()) == (-3.0, 5.0)


def test_each_image_is_counted_once(monkeypatch):
    counted = []

    @contextmanager
    def phase(*said):
        counted.append(said)
        yield counted.append

    monkeypatch.setattr(module, "phase", phase)
    ArrayImages.of(np.zeros((3, 1, 2, 2)), (1, 2, 2), "x", 2, False).decoded()
    assert counted == [("resizing images", 3, "image"), 1, 1, 1]
