import importlib.util

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.sources.table import load_source


@pytest.fixture
def without_skimage(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "skimage" else find(name)
    )


def test_faces_are_the_first_half_of_the_file():
    skimage = pytest.importorskip("skimage.data")
    source = load_source("faces")
    assert source.points.shape == (1, 25, 25)
    np.testing.assert_array_equal(source.data[:, 0], skimage.lfw_subset()[:100])
    assert source.spectrum.dim == 625
    assert source.spectrum.source == "faces"


@pytest.mark.parametrize("command", ["predict", "simulate", "collapse", "measure"])
def test_commands_say_what_is_missing(without_skimage, convergen, command):
    faces = ("--train", "faces", "--samples", "faces") if command == "measure" else ("faces",)
    code, out, err = convergen(command, *faces)
    assert (code, out) == (2, "")
    assert err == (
        "convergen: error: faces needs the package 'scikit-image': install it with "
        "pip install '.[pictures]' in the folder of convergen's source.\n"
    )


def test_a_version_without_the_file_is_named(monkeypatch, tmp_path):
    (tmp_path / "skimage").mkdir()
    (tmp_path / "skimage" / "__init__.py").touch()
    spec = importlib.util.spec_from_file_location("skimage", tmp_path / "skimage" / "__init__.py")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(InputError, match=r"ships no lfw_subset\.npy: install version 0\.26"):
        load_source("faces").points  # noqa: B018
