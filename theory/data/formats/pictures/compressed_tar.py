"""Compressed archives of images, read from their beginning to their end."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from convergen.theory.common.checks import InputError
from convergen.theory.data.contents import Images
from convergen.theory.data.formats.pictures.tar_archive import CLASS, LONGEST_CLASS, stem
from convergen.theory.data.members import check_member, sorted_members
from convergen.theory.data.record import Skipped
from convergen.theory.data.regular_files import printable, reason, regular_file
from convergen.theory.data.table import Format, register
from convergen.theory.messages.sizes import size_words

_DAMAGE = (OSError, ValueError, EOFError, RuntimeError, OverflowError, MemoryError, zlib.error,
           lzma.LZMAError, tarfile.TarError)  # fmt: skip
# Bytes from which an archive may not be much larger than its file: images hardly shrink.
_SUSPICIOUS, _RATIO = 2**26, 20
# Bytes of images that are held because they come before their turn.
_HELD = 2**29
_PIECE = 2**16
# Memory that an .xz file may ask for.
_XZ_MEMORY = 2**28


class _Xz:
    """Unpacks an .xz file; `lzma.LZMAFile` knows no bound on memory."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._unpack = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)

    def read(self, size: int) -> bytes:
        """Some bytes; none at the end."""
        while not self._unpack.eof:
            piece = self._file.read(_PIECE) if self._unpack.needs_input else b""
            if not piece and self._unpack.needs_input:
                raise EOFError("it ends too early")
            found = self._unpack.decompress(piece, size)
            if found:
                return found
        return b""

    def close(self) -> None:
        """Close the file."""
        self._file.close()


_OPENERS: dict[str, Callable[[Path], Any]] = {
    ".tar.gz": gzip.open, ".tgz": gzip.open, ".tar.xz": _Xz, ".txz": _Xz,
    ".tar.bz2": bz2.open, ".tbz2": bz2.open,
}  # fmt: skip


class _Bounded:
    """What a file unpacks to, up to a bound."""

    def __init__(self, file: Any, most: int, name: str) -> None:
        self._file, self._left, self._most, self._name = file, most, most, name

    def read(self, size: int) -> bytes:
        """Some bytes, as tarfile asks for them."""
        found: bytes = self._file.read(size)
        self._left -= len(found)
        if self._left < 0:
            raise InputError(
                f"{self._name} unpacks to more than {size_words(self._most)}, as files that fill "
                "the memory do: if it is sound, unpack it and give the folder."
            )
        return found


def open_compressed_tar(path: Path, key: str | None = None) -> Images:
    """Find the images of a compressed archive; nothing is unpacked to disk.

    Parameters
    ----------
    path : Path
        The file.
    key : None
        There is no choice.

    Returns
    -------
    Images

    Raises
    ------
    InputError
        If it is damaged, holds no image, a member leads out of it, or it unpacks to more than
        67 MB and twenty times its size.
    """
    name = printable(path)
    classes: dict[str, str] = {}
    names, links = [], []
    for info, file in _members(path, name):
        check_member(info.name, name, info.size, info.size)
        short = info.name.removeprefix("./")
        if info.isreg() and short.endswith(CLASS) and info.size <= LONGEST_CLASS:
            classes[short.removesuffix(CLASS)] = file().decode("utf-8", "replace").strip()
        elif info.isreg() and not short.endswith(CLASS):
            names.append(short)
        elif not info.isdir() and not info.isreg():
            links.append(short)
    found = sorted_members(dict.fromkeys(names), name)
    labels = found.labels
    if all(stem(each) in classes for each in found.names):
        labels = tuple(classes[stem(each)] for each in found.names)

    def stream() -> Iterator[BytesIO]:
        yield from _in_turn(path, name, found.names)

    why = "is a link or a device" if len(links) == 1 else "are links or devices"
    skipped = (*found.skipped, *((Skipped(why, tuple(links)),) if links else ()))
    return Images(name, found.names, stream, labels, skipped, (path,))


def _members(path: Path, name: str) -> Iterator[tuple[tarfile.TarInfo, Callable[[], bytes]]]:
    """Members in the order of the archive; the bytes of each are there until the next one."""
    most = max(_SUSPICIOUS, _RATIO * regular_file(path).st_size)
    opener = next(o for ending, o in _OPENERS.items() if path.name.lower().endswith(ending))
    try:
        with closing(opener(path)) as packed:
            bounded: Any = _Bounded(packed, most, name)  # no more of a file is used than read
            with tarfile.open(fileobj=bounded, mode="r|") as archive:
                for info in archive:
                    yield info, partial(_content, archive, info)
            while bounded.read(_PIECE):  # the sum of the whole stands at its end
                pass
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(
            f"{name} cannot be read as a compressed .tar file of images ({reason(error)}): make "
            "the archive again."
        ) from error


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(info)
    found = b"" if file is None else file.read()
    if len(found) != info.size:
        raise EOFError("it ends too early")
    return found


def _in_turn(path: Path, name: str, names: tuple[str, ...]) -> Iterator[BytesIO]:
    """Images in natural order; those that come too early are held."""
    held: dict[str, bytes] = {}
    wanted, next_one, size = set(names), 0, 0
    for info, file in _members(path, name):
        short = info.name.removeprefix("./")
        if short not in wanted or not info.isreg():
            continue
        size -= len(held.pop(short, b""))  # a later member of that name replaces it
        held[short] = file()
        size += len(held[short])
        while next_one < len(names) and names[next_one] in held:
            found = held.pop(names[next_one])
            size, next_one = size - len(found), next_one + 1
            yield BytesIO(found)
        if size > _HELD:
            raise InputError(
                f"{name} holds its images in so different an order that {size_words(size)} would "
                "wait in memory: make the archive again with tar --sort=name, or unpack it."
            )


register(
    Format(
        "tar, compressed", tuple(_OPENERS), "its images; classes of webdataset",
        open_compressed_tar, images=True,
    )
)  # fmt: skip
