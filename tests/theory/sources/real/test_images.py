from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convergen.theory.common.checks import InputError
from convergen.theory.data.reading import load_array
from convergen.theory.sources.real.images import _opens
from convergen.theory.sources.table import find, load_source


@pytest.mark.parametrize("options", [{}, {"grey": True}, {"size": 4}, {"size": 4, "grey": True}])
def test_images_are_those_of_load_array(folder, options):
    source = load_source("images", path=folder, **options)
    raw = load_array(folder, **options)
    channels = 1 if options.get("grey") else 3
    height, width = (4, 4) if "size" in options else (6, 5)
    raw = raw.reshape(12, height, width, channels).transpose(0, 3, 1, 2)
    assert source.size == raw.shape
    assert source.points.shape == (channels, height, width)
    assert source.name == "faces"
    assert [file.name for file in source.files] == [f"{number:02d}.png" for number in range(12)]
    np.testing.assert_array_equal(source.points.rows, raw)
    assert source.points is source.points


def test_bad_folders(folder, tmp_path):
    with pytest.raises(InputError, match="use the kind 'array'"):
        load_source("images", path=folder / "00.png")
    with pytest.raises(InputError, match="gone cannot be opened"):
        load_source("images", path=tmp_path / "gone")
    Image.fromarray(np.zeros((3, 3, 3), np.uint8)).save(folder / "zz.png")
    with pytest.raises(InputError, match="give size to bring"):
        load_source("images", path=folder)
    (folder / "00.png").write_bytes((folder / "00.png").read_bytes()[:60])
    with pytest.raises(InputError, match=r"00.png cannot be read as an image"):
        load_source("images", path=folder, size=4).points  # noqa: B018


def test_folders_and_archives_of_images_are_opened(folder):
    assert _opens(folder)
    assert _opens(Path("x.ZIP"))
    assert not _opens(folder / "00.png")
    assert not _opens(Path("x.npy"))
    row = find("images")
    assert ".zip" in row.description
    assert ".npy" not in row.description
    assert [option.name for option in row.options if option.required] == ["path"]
    with pytest.raises(InputError, match=r"cannot be read|cannot be opened|holds no image"):
        load_source("images", path=Path("gone.zip"))
