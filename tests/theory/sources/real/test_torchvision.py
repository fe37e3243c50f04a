import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from convergen.theory.common.checks import InputError
from convergen.theory.data.sets.classic_sets import ClassicSet
from convergen.theory.sources.naming import meaning, open_source
from convergen.theory.sources.real import torchvision as module
from convergen.theory.sources.table import find, load_source


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


class Shown:
    """Grey pictures, all of one size but for some."""

    pictures = ()

    def __init__(self, root):
        pass

    def __len__(self):
        return len(self.pictures)

    def __getitem__(self, number):
        return self.pictures[number], 0


def shown(tmp_path, count, **others):
    pictures = [Image.new("L", (5, 6), number) for number in range(count)]
    for number, picture in others.items():
        pictures[int(number[1:])] = picture
    Shown.pictures = pictures
    sys.modules["torchvision"].datasets.Shown = Shown
    return load_source("torchvision", path=tmp_path, name="Shown")


@pytest.mark.parametrize(
    ("count", "coloured", "channels"),
    [(127, 1, 3), (128, 1, 1), (128, 2, 3), (128, 0, 3), (3, 2, 3), (3, 1, 3), (1, 0, 3)],
)
def test_some_images_tell_whether_there_is_colour(datasets, tmp_path, count, coloured, channels):
    """All of fewer than 128, every second one of 128."""
    found = shown(tmp_path, count, **{f"n{coloured}": Image.new("RGB", (5, 6))})
    assert found.size == (count, channels, 6, 5)


@pytest.mark.parametrize(
    ("odd", "words"), [((4, 9), "4 x 9"), ((6, 2), "6 x 2"), ((5, 5), "5 x 5")]
)
def test_images_of_another_size_are_named(datasets, tmp_path, odd, words):
    found = shown(tmp_path, 4, n2=Image.new("L", odd))
    with pytest.raises(InputError) as caught:
        found.points  # noqa: B018
    assert str(caught.value) == (
        f"image 2 of Shown has {words} pixels, but the first has 5 x 6: give size to bring all "
        "images to one shape."
    )


def test_values_are_those_of_the_images(datasets, tmp_path):
    found = shown(tmp_path, 4, n3=Image.new("1", (5, 6), 1)).points
    assert found.shape == (1, 6, 5)
    np.testing.assert_allclose(found.rows[:, 0, 2, 3] * 255.0, [0, 1, 2, 255], atol=1e-5)


def test_names_that_are_no_sets_are_refused(datasets, tmp_path):
    sys.modules["torchvision"].datasets._Hidden = Stored
    with pytest.raises(InputError, match="has no data set '_Hidden': give a class such as"):
        load_source("torchvision", path=tmp_path, name="_Hidden")


@pytest.mark.parametrize(
    ("options", "train"),
    [
        ({}, True), ({"train": True}, True), ({"train": False}, False), ({"part": "train"}, True),
        ({"part": "test"}, False), ({"part": "test", "train": True}, False),
        ({"part": "byclass"}, None), ({"split": "letters"}, None),
    ],
)  # fmt: skip
def test_classic_sets_are_read_by_their_part(datasets, tmp_path, monkeypatch, options, train):
    asked = []
    images = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)

    def found(root, name, *, train):
        asked.append((root, name, train))
        return ClassicSet(images, (tmp_path / "x",))

    monkeypatch.setattr(module, "classic_set", found)
    if train is None:
        with pytest.raises(InputError, match="torchvision has no data set 'MNIST'"):
            load_source("torchvision", path=tmp_path, name="MNIST", **options)
        assert asked == []
        return
    source = load_source("torchvision", path=tmp_path, name="MNIST", **options)
    assert asked == [(tmp_path, "MNIST", train)]
    assert (source.size, source.files) == ((2, 1, 2, 3), (tmp_path / "x",))
    np.testing.assert_allclose(source.points.rows[:, 0] * 255.0, images, atol=1e-5)


def test_a_class_takes_its_parts_as_it_calls_them(datasets, root):
    class Both(Stored):
        def __init__(self, root, train=True, split="x"):
            super().__init__(root, train)

    assert module._as_taken(Both, "Both", "test") == {"train": False}
    assert module._as_taken(Both, "Both", "train") == {"train": True}
    assert module._as_taken(Split, "Split", "extra") == {"split": "extra"}
    with pytest.raises(InputError, match="Both has no part 'extra': it takes train or test"):
        module._as_taken(Both, "Both", "extra")
    required = [option.name for option in find("torchvision").options if option.required]
    assert required == ["path", "name"]
