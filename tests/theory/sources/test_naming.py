import os

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.sources.naming import meaning, open_source


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder in which files and folders have the names of sources."""
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    for number in range(3):
        Image.fromarray(np.full((2, 2), 80 * number, np.uint8)).save(f"digits/{number}.png")
    np.save("x.npy", np.eye(4))
    np.savez("x.npz", a=np.eye(3), b=np.eye(5))
    return tmp_path


def test_a_name_is_the_source_and_a_separator_makes_a_path(folder):
    assert meaning("digits") == {"kind": "digits"}
    assert meaning("./digits") == {"kind": "images", "path": "./digits"}
    assert meaning("digits/") == {"kind": "images", "path": "digits/"}
    assert meaning(str(folder / "digits"))["kind"] == "images"
    assert open_source("digits", {}).data.shape == (1797, 64)
    assert open_source("./digits", {}).data.shape == (3, 1, 2, 2)
    assert meaning("x.npy") == {"kind": "array", "path": "x.npy"}


def test_what_is_neither_name_nor_path(folder):
    with pytest.raises(InputError, match=r"unknown source 'digit' \(did you mean 'digits'\?\)"):
        meaning("digit")
    for path in ("../digit", "z/digit", "digit/x"):
        with pytest.raises(InputError, match=rf"{path} cannot be opened \(No such file"):
            meaning(path)
    words = "use covariance, eigenvalues, field, isotropic, mixture, power-law, spiked, digits, "
    for name in ("digit", "x" * 5000):  # the other one is too long for a file
        with pytest.raises(
            InputError, match=rf"{words}faces, patches, torchvision, or the path of"
        ):
            meaning(name)
    with pytest.raises(InputError, match=r"y.npy cannot be opened"):
        meaning("y.npy")
    os.mkfifo("pipe")
    with pytest.raises(InputError, match="pipe is a named pipe"):
        meaning("pipe")


def test_a_folder_with_the_name_of_a_source_is_pointed_at(folder):
    with pytest.raises(
        InputError, match=r"images needs the option path \(what holds them\): add it\."
    ):
        open_source("images", {})
    (folder / "torchvision").mkdir()
    with pytest.raises(InputError, match=r"the set\): add it\."):
        open_source("torchvision", {})
    (folder / "images").mkdir()
    with pytest.raises(InputError, match=r"add it, or write ./images for what has this name\."):
        open_source("images", {})


def test_options_must_belong_to_the_source(folder):
    assert open_source("x.npz", {"key": "b"}).data.shape == (5, 5)
    for text, options in (
        ("x.npy", {"key": "a"}), ("digits", {"size": 4}), ("x.npy", {"sheets": "cut"}),
        ("isotropic", {"alpha": 1.0}),
    ):  # fmt: skip
        with pytest.raises(InputError, match=rf"does not apply to the source '{text}': leave"):
            open_source(text, options)


def test_predictions_take_no_options_of_drawing(folder):
    with pytest.raises(InputError, match=r"count says how points are drawn .* leave it out"):
        open_source("isotropic", {"count": 5})
    assert len(open_source("isotropic", {"count": 5}, drawing=True).points) == 5
    with pytest.raises(InputError, match="shape says how points are"):
        open_source("x.npy", {"shape": [1, 2, 2]})
    assert open_source("x.npy", {"shape": [1, 2, 2]}, drawing=True).points.shape == (1, 2, 2)
    assert len(open_source("patches", {"count": 5}).points) == 5


def test_eigenvectors_beyond_memory_are_refused_undecoded(folder, monkeypatch):
    monkeypatch.setattr("convergen.theory.sources.source._LARGEST", 4 * 3 * 8)
    monkeypatch.setattr(
        "convergen.theory.data.images.image_sets.read_pixels", lambda *_: pytest.fail("read")
    )
    assert open_source("./digits", {}).size == (3, 1, 2, 2)
    monkeypatch.setattr("convergen.theory.sources.source._LARGEST", 4 * 3 * 8 - 1)
    with pytest.raises(InputError, match=r"3 points of 4 coordinates have .* \(./digits\), but at"):
        open_source("./digits", {})


def test_a_set_with_its_part_is_understood():
    assert meaning("gone/CIFAR10:train") == {
        "kind": "torchvision", "path": "gone", "name": "CIFAR10", "part": "train",
    }  # fmt: skip


def test_every_option_is_looked_at(folder):
    with pytest.raises(InputError, match=r"sheets does not apply to the source 'x.npz'"):
        open_source("x.npz", {"key": "b", "sheets": "cut"})


def test_eigenvectors_are_those_of_whole_points(folder, monkeypatch):
    asked = []
    np.save("images.npy", np.zeros((6, 3, 5, 7)))
    monkeypatch.setattr(
        "convergen.theory.sources.naming.check_covariance", lambda *given: asked.append(given)
    )
    open_source("images.npy", {})
    assert asked == [(6, 105, "images.npy")]
