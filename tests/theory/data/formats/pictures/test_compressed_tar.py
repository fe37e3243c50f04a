"""Compressed archives: images in their turn, bounds on what is unpacked, and damage."""

import gzip
import io
import lzma
import random
import tarfile
import time
from types import SimpleNamespace

import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.data.formats.pictures import compressed_tar
from convergen.theory.data.formats.pictures.compressed_tar import _Bounded, _Xz
from convergen.theory.data.formats.pictures.tar_archive import LONGEST_CLASS
from convergen.theory.data.reading import read
from convergen.theory.data.table import formats
from tests.theory.data.formats.pictures import archives
from tests.theory.data.formats.pictures.archives import archive, png, values

KINDS = ("x.tgz", "x.tar.bz2", "x.txz")


@pytest.mark.parametrize("kind", KINDS)
def test_images_come_in_natural_order_whatever_lies_between(tmp_path, kind):
    archives.images_come_in_natural_order_whatever_lies_between(tmp_path, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_classes_lie_beside_all_images_or_count_for_none(tmp_path, kind):
    archives.classes_lie_beside_all_images_or_count_for_none(tmp_path, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_of_two_members_of_one_name_counts(tmp_path, kind):
    archives.the_last_of_two_members_of_one_name_counts(tmp_path, kind)


def test_images_that_wait_for_their_turn_are_held_up_to_a_bound(tmp_path, monkeypatch):
    members = [(f"{n}.png", png(n)) for n in (3, 2, 1, 0)]
    path = archive(tmp_path, "x.tgz", members)
    waiting = sum(len(content) for _, content in members[:3])
    monkeypatch.setattr(compressed_tar, "_HELD", waiting)
    assert values(read(path)) == [0, 1, 2, 3]
    monkeypatch.setattr(compressed_tar, "_HELD", waiting - 1)
    with pytest.raises(InputError, match=r"in so different an order that \d+ bytes would"):
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
    with pytest.raises(InputError, match="unpacks to more than 200 kB, as"):
        read(path)
    # Noise does not shrink: so many zeros beside it unpack to less than twenty times, or to more.
    noise = random.Random(0).randbytes(20_000)
    for zeros, allowed in ((380_000, True), (410_000, False)):
        path = archive(tmp_path, "x.tgz", [("0.png", png(0)), ("1.txt", noise + bytes(zeros))])
        ratio = len(gzip.decompress(path.read_bytes())) / path.stat().st_size
        monkeypatch.setattr(compressed_tar, "_SUSPICIOUS", 1)
        if allowed:
            assert 19.0 < ratio < 20.0
            assert read(path).size[0] == 1
        else:
            assert 20.0 < ratio < 21.0
            with pytest.raises(InputError, match="unpacks to more than"):
                read(path)


def compressed(kind, content=None, size=None):
    """A compressed archive of one member, perhaps of zeros."""

    def make(path):
        with tarfile.open(path, f"w:{kind}") as archive:
            info = tarfile.TarInfo("x.png")
            info.size = size or len(content)
            archive.addfile(info, Zeros(size) if size else io.BytesIO(content))

    return make


class Zeros:
    def __init__(self, size):
        self.left = size

    def read(self, count):
        count = min(count, self.left)
        self.left -= count
        return bytes(count)


@pytest.mark.parametrize("kind", ["gz", "xz", "bz2"])
def test_compressed_bombs_are_refused_before_they_unfold(tmp_path, kind):
    path = tmp_path / f"x.tar.{kind}"
    compressed(kind, size=2**26 + 2**20)(path)
    start = time.process_time()
    with pytest.raises(InputError, match=r"unpacks to more than 67.1 MB"):
        read(path)
    assert time.process_time() - start < 2.0


def test_damaged_compressed_tars(tmp_path):
    path = tmp_path / "x.tgz"
    compressed("gz", content=png(7))(path)
    assert read(path).size[0] == 1
    whole = path.read_bytes()
    for damaged in (whole[:-20], whole[:-8] + bytes(8), whole[:15], b"no archive", b""):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"cannot be read as a compressed \.tar file"):
            read(path)
    xz = tmp_path / "x.txz"
    compressed("xz", content=png(7))(xz)
    xz.write_bytes(xz.read_bytes()[:-10])
    with pytest.raises(InputError, match=r"cannot be read as a compressed \.tar file"):
        read(xz)


@pytest.mark.parametrize("kind", KINDS)
def test_every_cut_of_a_compressed_archive_is_refused(tmp_path, kind):
    path = archive(tmp_path, kind, [("0.png", png(1)), ("1.png", png(2))])
    whole = path.read_bytes()
    for size in (len(whole) - 1, len(whole) // 2, 3):
        path.write_bytes(whole[:size])
        with pytest.raises(InputError, match="cannot be read as a compressed"):
            read(path)


@pytest.mark.parametrize("size", [LONGEST_CLASS, LONGEST_CLASS + 1])
def test_a_class_is_a_short_text(tmp_path, size):
    members = [("0.png", png(0)), ("0.cls", b"y" * size), ("1.png", png(1)), ("1.cls", b"zz")]
    labels = read(archive(tmp_path, "x.tgz", members)).record.labels
    assert labels == (("y" * LONGEST_CLASS, "zz") if size == LONGEST_CLASS else None)


def test_bytes_are_counted_up_to_the_bound():
    bounded = _Bounded(io.BytesIO(bytes(100)), 100, "x")
    assert len(bounded.read(60)) == 60
    assert len(bounded.read(60)) == 40
    assert bounded.read(5) == b""
    bounded = _Bounded(io.BytesIO(bytes(101)), 100, "x.tgz")
    bounded.read(60)
    with pytest.raises(InputError, match=r"^x.tgz unpacks to more than 100 bytes, as"):
        bounded.read(60)


def read_all(file):
    """Pieces of a thousand bytes, to the end."""
    try:
        return list(iter(lambda: file.read(1000), b""))
    finally:
        file.close()


def test_an_xz_file_is_unpacked_piece_by_piece(tmp_path, monkeypatch):
    content = bytes(range(256)) * 300
    (tmp_path / "x").write_bytes(lzma.compress(content))
    monkeypatch.setattr(compressed_tar, "_PIECE", 7)
    file = _Xz(tmp_path / "x")
    pieces = read_all(file)
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= 1000
    assert file._file.closed
    (tmp_path / "x").write_bytes(lzma.compress(content)[:-1])
    with pytest.raises(EOFError, match="it ends too early"):
        read_all(_Xz(tmp_path / "x"))


def test_an_xz_file_may_not_ask_for_much_memory(tmp_path, monkeypatch):
    path = archive(tmp_path, "x.txz", [("0.png", png(0))])
    assert read(path).size[0] == 1
    monkeypatch.setattr(compressed_tar, "_XZ_MEMORY", 2**16)
    with pytest.raises(InputError, match="cannot be read as a compressed"):
        read(path)


def test_a_member_that_comes_again_waits_in_place_of_the_first(tmp_path, monkeypatch):
    members = [("1.png", png(5)), ("1.png", png(6)), ("0.png", png(7))]
    monkeypatch.setattr(compressed_tar, "_HELD", len(png(5)))
    assert values(read(archive(tmp_path, "x.tgz", members))) == [7, 6]


@pytest.mark.parametrize(
    ("stored", "most"), [(1, 2**26), (3_355_443, 2**26), (3_355_444, 20 * 3_355_444)]
)
def test_archives_may_unpack_to_67_megabytes_or_twenty_times_their_size(
    tmp_path, monkeypatch, stored, most
):
    asked = []

    def bounded(file, most, name):
        asked.append(most)
        raise InputError("stop")

    path = archive(tmp_path, "x.tgz", [("0.png", png(0))])
    monkeypatch.setattr(compressed_tar, "regular_file", lambda _: SimpleNamespace(st_size=stored))
    monkeypatch.setattr(compressed_tar, "_Bounded", bounded)
    with pytest.raises(InputError, match="stop"):
        compressed_tar.open_compressed_tar(path)
    assert asked == [most]


@pytest.mark.parametrize(("size", "held"), [(2**29, True), (2**29 + 1, False)])
def test_half_a_gigabyte_may_wait_for_its_turn(monkeypatch, size, held):
    class Large(bytes):
        def __len__(self):
            return size

    def member(name, content):
        return SimpleNamespace(name=f"./{name}", isreg=lambda: True), lambda: content

    members = [member("1", Large(b"late")), member("0", b"first")]
    monkeypatch.setattr(compressed_tar, "_members", lambda *_: iter(members))
    found = compressed_tar._in_turn("path", "x", ("0", "1"))
    if held:
        assert [file.getvalue() for file in found] == [b"first", b"late"]
    else:
        with pytest.raises(
            InputError, match=r"^x holds its images in so .* that 537 MB would wait"
        ):
            list(found)


def test_an_xz_file_may_ask_for_a_quarter_of_a_gigabyte(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        compressed_tar.lzma, "LZMADecompressor", lambda memlimit: asked.append(memlimit)
    )
    (tmp_path / "x").write_bytes(b"")
    _Xz(tmp_path / "x").close()
    assert asked == [2**28]


def test_it_holds_images():
    assert formats()["tar, compressed"].images
