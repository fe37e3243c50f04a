"""MNIST and CIFAR as torchvision lays them out on disk, written by hand, read without it."""

import gzip
import pickle
import struct
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.data.sets import classic_sets as module
from convergen.theory.data.sets.classic_sets import classic_set
from convergen.theory.sources.naming import open_source


@pytest.fixture
def mnist(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (2, 7, 28, 28), np.uint8)
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, part, opened in (("train", images[0], open), ("t10k", images[1], gzip.open)):
        ending = "" if opened is open else ".gz"
        with opened(raw / f"{name}-images-idx3-ubyte{ending}", "wb") as file:
            file.write(struct.pack(">IIII", 0x803, *part.shape) + part.tobytes())
    return tmp_path, images


@pytest.fixture
def cifar(tmp_path):
    rows = np.random.default_rng(1).integers(0, 256, (6, 4, 3072), np.uint8)
    folder = tmp_path / "data" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    for name, part in zip(names, rows, strict=True):
        batch = {"batch_label": name, "labels": [1, 2, 3, 4], "data": part, "filenames": ["a"] * 4}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    return tmp_path, rows


def test_mnist_is_read_by_its_name(mnist, monkeypatch):
    folder, images = mnist
    monkeypatch.chdir(folder)
    monkeypatch.setitem(sys.modules, "torchvision", None)
    for part, expected in zip(("train", "test"), images, strict=True):
        found = open_source(f"MNIST:{part}", {})
        assert found.size == (7, 1, 28, 28)
        np.testing.assert_allclose(found.points.rows[:, 0] * 255.0, expected, atol=1e-4)
        assert len(found.files) == 1


def test_cifar_is_read_by_its_name(cifar, monkeypatch):
    folder, rows = cifar
    monkeypatch.setitem(sys.modules, "torchvision", None)
    root = folder / "data"
    for part, expected in (("train", np.concatenate(rows[:5])), ("test", rows[5])):
        found = open_source(f"{root}/CIFAR10:{part}", {})
        # Rows hold a red, a green and a blue picture, each line by line.
        expected = expected.reshape(-1, 3, 32, 32)
        np.testing.assert_allclose(found.points.rows * 255.0, expected, atol=1e-4)
    assert classic_set(root, "CIFAR100", train=True) is None
    assert classic_set(root, "CelebA", train=True) is None
    assert classic_set(folder / "elsewhere", "MNIST", train=True) is None


class Bad:
    def __reduce__(self):
        return print, ("run",)


def test_damaged_and_hostile_files_are_refused(mnist, cifar):
    root = mnist[0] / "data"
    raw = root / "MNIST" / "raw" / "train-images-idx3-ubyte"
    raw.write_bytes(raw.read_bytes()[:-1])
    with pytest.raises(InputError, match="its size is not the one that it declares"):
        classic_set(root, "MNIST", train=True)
    batch = root / "cifar-10-batches-py" / "test_batch"
    for content, words in (
        (pickle.dumps({"data": Bad()}, protocol=2), r"it holds \w+\.print, which is no image"),
        (pickle.dumps({"data": Bad()}), r"it holds builtins\.print, which is no image"),
        (pickle.dumps({"data": np.zeros((2, 3072))}, protocol=2), "other numbers than bytes"),
        (pickle.dumps({"data": np.zeros((2, 3072), np.uint16)}), "other numbers than bytes"),
        (pickle.dumps({"data": np.zeros((3072, 2), np.uint8).T}), "other numbers than bytes"),
        (pickle.dumps({"data": np.zeros(3072, np.uint8)}), "it holds no rows of bytes"),
        (pickle.dumps({"data": np.zeros((1, 3, 1024), np.uint8)}), "it holds no rows of bytes"),
        (pickle.dumps({"data": np.zeros((0, 3072), np.uint8)}), "it holds no rows of bytes"),
        (pickle.dumps({"data": np.zeros((2, 30), np.uint8)}, protocol=2), "cannot be read"),
        (pickle.dumps({"data": [[True] * 3072]}, protocol=2), "it holds no rows of bytes"),
        (pickle.dumps({"data": [[300] * 3072]}, protocol=2), "it holds no rows of bytes"),
        (pickle.dumps({"rows": 3}, protocol=2), "cannot be read"),
        (b"no pickle", "cannot be read"),
    ):
        batch.write_bytes(content)
        with pytest.raises(InputError, match=words):
            classic_set(root, "CIFAR10", train=False)


def test_one_image_is_enough(tmp_path):
    for folder, name in (("cifar-10-batches-py", "test_batch"), ("cifar-100-python", "train")):
        (tmp_path / folder).mkdir()
        rows = np.arange(3072).astype(np.uint8)[None]
        (tmp_path / folder / name).write_bytes(pickle.dumps({"data": rows}))
    for name, train in (("CIFAR10", False), ("CIFAR100", True)):
        found = classic_set(tmp_path, name, train=train)
        np.testing.assert_array_equal(found.images[0], rows.reshape(3, 32, 32).transpose(1, 2, 0))
        image, nothing = found[0]
        assert (len(found), image.size, image.mode, nothing) == (1, (32, 32), "RGB", None)


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST", "QMNIST"])
def test_images_in_the_format_of_mnist_are_what_their_head_says(tmp_path, name):
    file = tmp_path / name / "raw" / "t10k-images-idx3-ubyte"
    file.parent.mkdir(parents=True)
    for head, size, sound in (
        ((0x803, 1, 2, 3), 6, True), ((0x802, 1, 2, 3), 6, False), ((0x804, 1, 2, 3), 6, False),
        ((0x803, 1, 2, 3), 5, False), ((0x803, 1, 2, 3), 7, False), ((0x803, 0, 2, 3), 0, False),
    ):  # fmt: skip
        file.write_bytes(struct.pack(">4I", *head) + bytes(range(size)))
        if sound:
            found = classic_set(tmp_path, name, train=False)
            np.testing.assert_array_equal(found.images, np.arange(6).reshape(1, 2, 3))
            assert found.files == (file,)
        else:
            with pytest.raises(InputError, match="its size is not the one that it declares"):
                classic_set(tmp_path, name, train=False)


@pytest.mark.parametrize(("size", "refused"), [(2**28, False), (2**28 + 1, True)])
def test_no_file_of_these_sets_has_more_than_a_quarter_of_a_gigabyte(monkeypatch, size, refused):
    monkeypatch.setattr(module, "regular_file", lambda _: SimpleNamespace(st_size=size))
    if refused:
        with pytest.raises(InputError, match=r"x \(it is larger than any of this set\)|x cannot"):
            module._guarded(lambda _: pytest.fail("read"), "x")
    else:
        assert module._guarded(lambda _: [7], "x") == [7]


def test_texts_that_stand_for_bytes_are_latin():
    assert module._encode("\xff") == module._encode("\xff", "latin1") == b"\xff"
    for encoding in ("ascii", "utf-8"):
        with pytest.raises(pickle.UnpicklingError, match=f"it holds text in {encoding}"):
            module._encode("a", encoding)
