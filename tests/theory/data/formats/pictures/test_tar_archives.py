"""Plain and compressed archives: what counts as an image, its class, and what is passed over."""

import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from convergen.theory.common.checks import InputError
from convergen.theory.data.formats.pictures import compressed_tar
from convergen.theory.data.reading import read

KINDS = {"x.tar": "w", "x.tgz": "w:gz", "x.tar.bz2": "w:bz2", "x.txz": "w:xz"}


def png(value, side=4):
    file = io.BytesIO()
    Image.fromarray(np.full((side, side), value, np.uint8)).save(file, "PNG")
    return file.getvalue()


def archive(folder, kind, members):
    """Members by name, in order: bytes, a type of entry without bytes, or None for a folder."""
    with tarfile.open(folder / kind, KINDS[kind]) as made:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if content is None:
                info.type = tarfile.DIRTYPE
            elif isinstance(content, bytes) and len(content) == 1:
                info.type, info.linkname = content, "/etc/passwd"
            else:
                info.size = len(content)
            made.addfile(info, io.BytesIO(content or b""))
    return folder / kind


def values(found):
    return (found.rows()[:, 0, 0, 0] * 255).round().astype(int).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_images_come_in_natural_order_whatever_lies_between(tmp_path, kind):
    members = [
        ("./a", None), ("./a/10.png", png(10)), ("a/2.png", png(2)), ("a/notes.txt", b"words"),
        ("./a/1.png", png(1)), ("a/.hidden.png", png(9)), ("a/link.png", tarfile.SYMTYPE),
        ("a/pipe", tarfile.FIFOTYPE),
    ]  # fmt: skip
    found = read(archive(tmp_path, kind, members))
    assert found.record.names == ("a/1.png", "a/2.png", "a/10.png")
    assert found.record.labels is None
    assert values(found) == values(found) == [1, 2, 10]
    said = " ".join(found.record.remarks())
    assert "1 file (a/notes.txt) has another ending" in said
    assert "2 files (a/link.png, a/pipe) are links or devices" in said


@pytest.mark.parametrize("kind", KINDS)
def test_classes_lie_beside_all_images_or_count_for_none(tmp_path, kind):
    members = [
        ("b/1.png", png(1)), ("b/1.cls", b" dog\n"), ("a/0.seg.png", png(0)), ("a/0.cls", b"cat"),
    ]  # fmt: skip
    assert read(archive(tmp_path, kind, members)).record.labels == ("cat", "dog")
    # Without one of them folders are the classes, and a long text is no class.
    assert read(archive(tmp_path, kind, members[:3])).record.labels == ("a", "b")
    long = [*members[:3], ("a/0.cls", b"x" * 5000)]
    assert read(archive(tmp_path, kind, long)).record.labels == ("a", "b")


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_of_two_members_of_one_name_counts(tmp_path, kind):
    members = [("0.png", png(5)), ("1.png", png(6)), ("1.png", png(7)), ("2.png", png(8))]
    found = read(archive(tmp_path, kind, members))
    assert found.size[0] == 3
    assert values(found)[::2] == [5, 8]


def test_images_that_wait_for_their_turn_are_held_up_to_a_bound(tmp_path, monkeypatch):
    members = [(f"{n}.png", png(n)) for n in (3, 2, 1, 0)]
    path = archive(tmp_path, "x.tgz", members)
    waiting = sum(len(content) for _, content in members[:3])
    monkeypatch.setattr(compressed_tar, "_HELD", waiting)
    assert values(read(path)) == [0, 1, 2, 3]
    monkeypatch.setattr(compressed_tar, "_HELD", waiting - 1)
    with pytest.raises(InputError, match="holds its images in so different an order that 0 MB"):
        read(path).rows()
    # Where each comes in turn nothing waits.
    monkeypatch.setattr(compressed_tar, "_HELD", 0)
    assert values(read(archive(tmp_path, "x.tgz", members[::-1]))) == [0, 1, 2, 3]


def test_archives_may_unpack_to_twenty_times_their_size(tmp_path, monkeypatch):
    path = archive(tmp_path, "x.tgz", [("0.png", png(0)), ("1.txt", bytes(200_000))])
    packed, whole = path.stat().st_size, 200_000
    assert 20 * packed < whole
    monkeypatch.setattr(compressed_tar, "_SUSPICIOUS", 2**18)
    assert read(path).size[0] == 1
    monkeypatch.setattr(compressed_tar, "_SUSPICIOUS", whole)
    with pytest.raises(InputError, match="unpacks to more than 0 MB"):
        read(path)
    monkeypatch.setattr(compressed_tar, "_RATIO", 2**18 // packed + 1)
    assert read(path).size[0] == 1
