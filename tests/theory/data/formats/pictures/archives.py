"""Archives of images, and what holds whether they are compressed or not."""

import io
import tarfile

import numpy as np
from PIL import Image

from convergen.theory.data.reading import read

MODES = {".tar": "w", ".tgz": "w:gz", ".tar.gz": "w:gz", ".tar.bz2": "w:bz2", ".txz": "w:xz"}


def png(value, side=4):
    file = io.BytesIO()
    Image.fromarray(np.full((side, side), value, np.uint8)).save(file, "PNG")
    return file.getvalue()


def archive(folder, kind, members):
    """Members by name, in order: bytes, a type of entry without bytes, or None for a folder."""
    mode = next(mode for ending, mode in MODES.items() if kind.endswith(ending))
    with tarfile.open(folder / kind, mode) as made:
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


def images_come_in_natural_order_whatever_lies_between(tmp_path, kind):
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


def classes_lie_beside_all_images_or_count_for_none(tmp_path, kind):
    members = [
        ("b/1.png", png(1)), ("b/1.cls", b" dog\n"), ("a/0.seg.png", png(0)), ("a/0.cls", b"cat"),
    ]  # fmt: skip
    assert read(archive(tmp_path, kind, members)).record.labels == ("cat", "dog")
    # Without one of them folders are the classes, and a long text is no class.
    assert read(archive(tmp_path, kind, members[:3])).record.labels == ("a", "b")
    long = [*members[:3], ("a/0.cls", b"x" * 5000)]
    assert read(archive(tmp_path, kind, long)).record.labels == ("a", "b")


def the_last_of_two_members_of_one_name_counts(tmp_path, kind):
    members = [("0.png", png(5)), ("1.png", png(6)), ("1.png", png(7)), ("2.png", png(8))]
    found = read(archive(tmp_path, kind, members))
    assert found.size[0] == 3
    assert values(found)[::2] == [5, 8]
