"""Archives that are not compressed: what counts as an image, its class, and what is passed over."""

import io
import tarfile

import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.data.formats.pictures.tar_archive import open_tar, stem
from convergen.theory.data.reading import read
from convergen.theory.data.table import formats
from tests.theory.data.formats.pictures import archives
from tests.theory.data.formats.pictures.archives import archive, png, values


def test_images_come_in_natural_order_whatever_lies_between(tmp_path):
    archives.images_come_in_natural_order_whatever_lies_between(tmp_path, "x.tar")


def test_classes_lie_beside_all_images_or_count_for_none(tmp_path):
    archives.classes_lie_beside_all_images_or_count_for_none(tmp_path, "x.tar")


def test_the_last_of_two_members_of_one_name_counts(tmp_path):
    archives.the_last_of_two_members_of_one_name_counts(tmp_path, "x.tar")


def test_links_in_a_tar_are_named_and_passed_over(tmp_path):
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for name in ("a.png", "b.png"):
            info = tarfile.TarInfo(name)
            info.size = len(png(7))
            archive.addfile(info, io.BytesIO(png(7)))
        link = tarfile.TarInfo("c.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    found = read(tmp_path / "x.tar")
    assert found.size[0] == 2
    words = "1 file (c.png) is a link or a device and was not read."
    assert found.record.remarks()[0].endswith(words)


def test_compressed_tars_must_be_called_so(tmp_path):
    with tarfile.open(tmp_path / "x.tar", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("a.png"))
    with pytest.raises(InputError, match=r"call it \.tar\.gz or \.tar\.xz if it is compressed"):
        read(tmp_path / "x.tar")


def test_images_are_found_at_their_places_in_the_file(tmp_path):
    path = archive(tmp_path, "x.tar", [(f"{n}.png", png(20 * n, side=3 + n)) for n in (3, 1, 2)])
    with tarfile.open(path) as known:
        wanted = [known.extractfile(f"{n}.png").read() for n in (1, 2, 3)]
    found = open_tar(path)
    assert [file.read() for file in found.stream()] == wanted
    assert found.files == (path,)


def test_archives_that_are_cut_are_refused_wherever_that_is(tmp_path):
    path = archive(tmp_path, "x.tar", [("0.png", png(1)), ("1.png", png(2))])
    whole = path.read_bytes()
    # Within a header, within a member, between members, before the zeros at the end.
    for size in (300, 600, 1024, 2048):
        path.write_bytes(whole[:size])
        with pytest.raises(InputError, match=r"cannot be read as a \.tar file of images"):
            read(path)
    # Neither zeros at the end nor another member.
    path.write_bytes(whole[:2048] + bytes(range(1, 256)) * 5)
    with pytest.raises(InputError, match=r"cannot be read as a \.tar file of images"):
        read(path)
    path.write_bytes(whole[: 2048 + 512])
    assert values(read(path)) == [1, 2]


def test_a_class_is_a_short_text(tmp_path):
    for size, labels in ((200, ("y" * 200, "zz")), (201, None)):
        members = [("0.png", png(0)), ("0.cls", b"y" * size), ("1.png", png(1)), ("1.cls", b"zz")]
        assert read(archive(tmp_path, "x.tar", members)).record.labels == labels


def test_names_are_grouped_up_to_the_first_dot_of_their_last_part():
    assert stem("a.b/c.seg.png") == "a.b/c"
    assert stem("c.png") == "c"


def test_it_holds_images():
    assert formats()["tar"].images
