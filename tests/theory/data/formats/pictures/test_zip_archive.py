"""Zip archives: images, their classes, and damage that shows only when they are read."""

import io
import json
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from convergen.theory.common.checks import InputError
from convergen.theory.data.formats.pictures import zip_archive
from convergen.theory.data.reading import read
from convergen.theory.data.table import suffixes


def png(value=0):
    file = io.BytesIO()
    Image.fromarray(np.full((4, 4), value, np.uint8)).save(file, "PNG")
    return file.getvalue()


def write(path, **members):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("empty/"), b"")
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return path


def values(found):
    return (found.rows()[:, 0, 0, 0] * 255).round().astype(int).tolist()


def test_images_come_in_natural_order_with_their_classes(tmp_path):
    path = tmp_path / "x.zip"
    images = {"10_png": png(10), "2_png": png(2), "notes_txt": b"words"}
    found = read(write(path, **images))
    assert (values(found), found.record.labels) == ([2, 10], None)
    assert "1 file (notes.txt) has another ending" in " ".join(found.record.remarks())
    said = {"labels": [["2.png", 7], ["10.png", "x"], ["other.png", 1]]}
    found = read(write(path, **images, dataset_json=json.dumps(said)))
    assert found.record.labels == ("7", "x")
    # The list itself is neither an image nor passed over.
    assert "dataset.json" not in " ".join(found.record.remarks())
    found = read(write(path, **images, dataset_json=json.dumps({"labels": None})))
    assert found.record.labels is None


def test_a_list_of_classes_may_not_be_huge(tmp_path, monkeypatch):
    said = json.dumps({"labels": [["2.png", 1]]})
    path = write(tmp_path / "x.zip", **{"2_png": png(2)}, dataset_json=said)
    monkeypatch.setattr(zip_archive, "_LARGEST_LIST", len(said))
    assert read(path).record.labels is not None
    monkeypatch.setattr(zip_archive, "_LARGEST_LIST", len(said) - 1)
    with pytest.raises(InputError, match=r"dataset.json of .* declares 26 bytes: make it smaller"):
        read(path)


def test_damage_shows_when_images_are_read(tmp_path):
    path = write(tmp_path / "x.zip", **{"2_png": png(2)})
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"IDAT") + 6] ^= 1
    path.write_bytes(raw)
    with pytest.raises(InputError, match=r"cannot be read as a \.zip file of images .*CRC"):
        read(path).rows()
    path.write_bytes(b"PK no archive")
    with pytest.raises(InputError, match=r"cannot be read as a \.zip file of images"):
        read(path)


def test_classes_that_do_not_fit_are_refused(tmp_path):
    for words in (b'{"labels": [["y.png", 1]]}', b"[1", b"[" * 100_000, b'{"labels": 3}'):
        with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
            archive.writestr("x.png", png())
            archive.writestr("dataset.json", words)
        with pytest.raises(InputError, match=r"dataset.json of .* does not give a class for each"):
            read(tmp_path / "x.zip")


def test_it_holds_images_and_takes_no_key():
    assert ".zip" in suffixes(images=True, keyed=False)


@pytest.mark.parametrize(("size", "refused"), [(2**26, False), (2**26 + 1, True)])
def test_a_list_of_classes_has_up_to_67_megabytes(size, refused):
    archive = SimpleNamespace(
        namelist=lambda: ["dataset.json"],
        getinfo=lambda name: SimpleNamespace(file_size=size),
        read=lambda name: b'{"labels": [["a", 3]]}',
    )
    if refused:
        with pytest.raises(InputError, match=r"^dataset.json of x declares 67.1 MB: make it smal"):
            zip_archive._classes(archive, ("a",), "x")
    else:
        assert zip_archive._classes(archive, ("a",), "x") == ("3",)


def test_members_that_lead_out_are_refused(tmp_path):
    with pytest.raises(InputError, match="a path that leads out of the archive"):
        read(write(tmp_path / "x.zip", **{"1_png": png(1), "../2_png": png(2)}))
