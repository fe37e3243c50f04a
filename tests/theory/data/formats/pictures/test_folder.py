"""Folders of images: what is looked into, and what is not."""

import io

import numpy as np
import pytest
from PIL import Image

from convergen.theory.common.checks import InputError
from convergen.theory.data.formats.pictures.folder import open_folder
from convergen.theory.data.reading import read
from convergen.theory.data.table import formats


def png(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def test_folders_that_cannot_be_listed_are_refused(tmp_path, monkeypatch):
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "x.png").write_bytes(png(np.zeros((2, 2), np.uint8)))
    (tmp_path / "y.png").write_bytes(png(np.zeros((2, 2), np.uint8)))
    assert read(tmp_path).record.names == ("y.png",)

    def closed(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("convergen.theory.data.formats.pictures.folder.os.scandir", closed)
    with pytest.raises(InputError, match=r"cannot be listed \(Permission denied\): give a folder"):
        read(tmp_path)


def test_each_folder_is_looked_into_once_wherever_links_lead(tmp_path):
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "2.png").write_bytes(png(np.zeros((2, 2), np.uint8)))
    (tmp_path / "a" / "round").symlink_to(tmp_path)
    (tmp_path / "c").symlink_to(tmp_path / "b")
    found = open_folder(tmp_path)
    assert len(found.names) == 2
    assert [path.name for path in found.stream()] == ["2.png", "2.png"]
    assert found.files == tuple(found.stream())
    assert len(found.labels) == 2


def test_it_holds_images():
    assert formats()["folder"].images
