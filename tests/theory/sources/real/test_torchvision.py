import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from convergen.theory.common.checks import InputError
from convergen.theory.sources.naming import meaning, open_source
from convergen.theory.sources.table import load_source


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


class Few(Stored):
    """The first images of the test part."""

    def __init__(self, root, split):
        super().__init__(root, train=False)
        self.files = self.files[: int(split)]


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
    points = load_source("torchvision", path=root, name="Stored", size=4).points
    expected = load_source("images", path=root / "train", size=4).points
    np.testing.assert_array_equal(points.rows, expected.rows)
    test = load_source("torchvision", path=root, name="Stored", train=False)
    assert test.points.rows.shape == (3, 1, 6, 5)
    assert len(test.files) == 15
    assert load_source("torchvision", path=root, name="Stored", grey=True).points.shape == (1, 6, 5)


def test_a_set_holds_one_image_at_least(datasets, root):
    sys.modules["torchvision"].datasets.Few = Few
    found = load_source("torchvision", path=root, name="Few", split="1")
    assert found.points.rows.shape == (1, 1, 6, 5)
    with pytest.raises(InputError, match=r"Few in .* holds no images"):
        load_source("torchvision", path=root, name="Few", split="0")


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
        load_source("torchvision", **({"path": str(root)} | options))


def test_torchvision_images_that_differ(datasets, root):
    Image.fromarray(np.zeros((6, 5, 3), np.uint8)).save(root / "test" / "2.png")
    for number in range(3, 140):
        Image.fromarray(np.full((6, 5), number, np.uint8)).save(root / "test" / f"{number:03d}.png")
    # Of 140 images, every second one is looked at beforehand; in the order of names 2.png is last.
    test = load_source("torchvision", path=root, name="Stored", train=False)
    with pytest.raises(InputError, match=r"has colour, but most have none: give grey"):
        test.points  # noqa: B018
    Image.fromarray(np.zeros((7, 5), np.uint8)).save(root / "test" / "2.png")
    with pytest.raises(InputError, match=r"image 139 of Stored has 5 x 7 pixels"):
        test.points  # noqa: B018


def test_torchvision_missing(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(InputError, match="torchvision is not installed, and no files of MNIST"):
        load_source("torchvision", path=tmp_path, name="MNIST")


class Split(Stored):
    def __init__(self, root, split="train"):
        super().__init__(root, split == "train")


class Whole(Stored):
    def __init__(self, root):
        super().__init__(root)


def test_sets_are_named_with_their_part(datasets, root, monkeypatch):
    sys.modules["torchvision"].datasets.__dict__.update(Split=Split, Whole=Whole)
    for name in ("Stored", "Split"):
        assert meaning(f"{root}/{name}:test") == {
            "kind": "torchvision", "path": str(root), "name": name, "part": "test",
        }  # fmt: skip
        assert len(open_source(f"{root}/{name}:test", {}).points) == 3
        assert len(open_source(f"{root}/{name}:train", {"grey": True}).points) == 12
    monkeypatch.chdir(root)
    assert meaning("Stored:train")["path"] == "."
    (root / "data").mkdir()
    assert meaning("Stored:train")["path"] == "data"
    with pytest.raises(InputError, match=r"Stored has no part 'valid': it takes train or test"):
        open_source(f"{root}/Stored:valid", {})
    with pytest.raises(InputError, match="Whole has no part 'train': it takes no part"):
        open_source(f"{root}/Whole:train", {})
    (root / "Stored:test").write_text("")
    with pytest.raises(InputError, match="Stored:test is neither a"):  # a file that is there
        open_source(f"{root}/Stored:test", {})
