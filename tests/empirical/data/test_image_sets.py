import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from convergen.empirical.data.kinds import load_data
from convergen.theory.common.checks import InputError
from convergen.theory.data.array_files import load_array


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "faces").mkdir()
    for number in range(12):
        pixels = rng.integers(0, 256, (6, 5, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "faces" / f"{number:02d}.png")
    return tmp_path / "faces"


@pytest.mark.parametrize("options", [{}, {"grey": True}, {"size": 4}, {"size": 4, "grey": True}])
def test_images_are_those_of_load_array(folder, options):
    data = load_data("images", path=str(folder), **options)
    raw = load_array(folder, **options)
    channels = 1 if options.get("grey") else 3
    height, width = (4, 4) if "size" in options else (6, 5)
    raw = raw.reshape(12, height, width, channels).transpose(0, 3, 1, 2)
    assert data.shape == (channels, height, width)
    assert data.name == "faces"
    np.testing.assert_allclose(data.points * data.scale + data.mean, raw, atol=1e-6)
    np.testing.assert_allclose(data.points.mean(axis=0), 0.0, atol=1e-6)
    assert np.mean(data.points**2) == pytest.approx(1.0, rel=1e-5)


def test_decoded_once_until_a_file_changes(folder, tmp_path, monkeypatch):
    first = load_data("images", path=str(folder))
    assert isinstance(first.points, np.memmap)
    assert (tmp_path / ".convergen-cache").is_dir()
    with monkeypatch.context() as patch:
        patch.setattr(
            "convergen.theory.data.image_folders.pixels", lambda *_: pytest.fail("decoded again")
        )
        assert load_data("images", path=str(folder)).fingerprint == first.fingerprint
    Image.fromarray(np.zeros((6, 5, 3), np.uint8)).save(folder / "03.png")
    changed = load_data("images", path=str(folder))
    assert changed.fingerprint != first.fingerprint
    np.testing.assert_allclose((changed.points * changed.scale + changed.mean)[3], 0.0, atol=1e-6)
    (folder / "11.png").unlink()
    assert len(load_data("images", path=str(folder))) == 11
    # What was open all the while is as it was.
    assert len(first.points) == 12
    assert float(np.abs(first.points).sum()) > 0.0


def test_cache_where_it_is_wanted(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    load_data("images", path=str(folder), cache=str(tmp_path / "elsewhere"))
    assert not (tmp_path / ".convergen-cache").exists()
    assert len(list((tmp_path / "elsewhere").iterdir())) == 2


def test_bad_folders(folder, tmp_path):
    with pytest.raises(InputError, match="use the kind 'array'"):
        load_data("images", path=str(folder / "00.png"))
    with pytest.raises(InputError, match="cannot be listed"):
        load_data("images", path=str(tmp_path / "gone"))
    Image.fromarray(np.zeros((3, 3, 3), np.uint8)).save(folder / "zz.png")
    with pytest.raises(InputError, match="give size"):
        load_data("images", path=str(folder))
    (folder / "00.png").write_bytes((folder / "00.png").read_bytes()[:60])
    with pytest.raises(InputError, match=r"00.png cannot be read as an image"):
        load_data("images", path=str(folder), size=4)
    assert list((tmp_path / ".convergen-cache").iterdir()) == []


class Stored:
    """Like a torchvision data set: pairs of an image and a label, from files of its root."""

    def __init__(self, root, train=True):
        self.files = sorted(Path(root, "train" if train else "test").iterdir())

    def __len__(self):
        return len(self.files)

    def __getitem__(self, number):
        with Image.open(self.files[number]) as image:
            return image.copy(), 0


class Missing:
    def __init__(self, root):
        raise RuntimeError("Dataset not found.\nYou can use download=True to download it")


class Sounds(list):
    def __init__(self, root):
        super().__init__([(np.zeros(3), 0)])


@pytest.fixture
def datasets(monkeypatch):
    module = ModuleType("torchvision")
    module.datasets = SimpleNamespace(Stored=Stored, Missing=Missing, Sounds=Sounds, helper=len)
    monkeypatch.setitem(sys.modules, "torchvision", module)


@pytest.fixture
def root(folder, tmp_path):
    (tmp_path / "root").mkdir()
    folder.rename(tmp_path / "root" / "train")
    (tmp_path / "root" / "test").mkdir()
    for number in range(3):
        pixels = np.full((6, 5), 40 * number, np.uint8)
        Image.fromarray(pixels).save(tmp_path / "root" / "test" / f"{number}.png")
    return tmp_path / "root"


def test_torchvision_data_on_disk(datasets, root):
    data = load_data("torchvision", path=str(root), name="Stored", size=4)
    expected = load_data("images", path=str(root / "train"), size=4)
    np.testing.assert_array_equal(data.points, expected.points)
    test = load_data("torchvision", path=str(root), name="Stored", train=False)
    assert test.points.shape == (3, 1, 6, 5)
    again = load_data("torchvision", path=str(root), name="Stored", size=4)
    assert again.fingerprint == data.fingerprint
    grey = load_data("torchvision", path=str(root), name="Stored", grey=True)
    assert grey.shape == (1, 6, 5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "Mnist"}, "has no data set 'Mnist'"),
        ({"name": "helper"}, "has no data set 'helper'"),
        ({"name": "Missing"}, "Dataset not found. You can"),
        ({"name": "Stored", "split": "train"}, "as its class takes them"),
        ({"name": "Sounds"}, "holds no images"),
        ({"name": "Stored", "path": "/nowhere"}, "is not a folder"),
    ],
)
def test_torchvision_bad_input(datasets, root, options, words):
    with pytest.raises(InputError, match=words):
        load_data("torchvision", **({"path": str(root)} | options))


def test_torchvision_images_that_differ(datasets, root):
    Image.fromarray(np.zeros((6, 5, 3), np.uint8)).save(root / "test" / "2.png")
    for number in range(3, 140):
        Image.fromarray(np.full((6, 5), number, np.uint8)).save(root / "test" / f"{number:03d}.png")
    # Of 140 images, every second one is looked at beforehand; in the order of names 2.png is last.
    with pytest.raises(InputError, match=r"has colour, but most have none: give grey = true"):
        load_data("torchvision", path=str(root), name="Stored", train=False)
    Image.fromarray(np.zeros((7, 5), np.uint8)).save(root / "test" / "2.png")
    with pytest.raises(InputError, match=r"image 139 of Stored has 5 x 7 pixels"):
        load_data("torchvision", path=str(root), name="Stored", train=False)


def test_torchvision_missing(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(InputError, match="torchvision is not installed: install it"):
        load_data("torchvision", path=str(tmp_path), name="MNIST")
