"""Archives of images that are not compressed, among them the shards of webdataset."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path, PurePosixPath

from convergen.theory.common.checks import InputError
from convergen.theory.data.contents import Images
from convergen.theory.data.members import check_member, sorted_members
from convergen.theory.data.record import Skipped
from convergen.theory.data.regular_files import printable, reason, regular_file
from convergen.theory.data.table import Format, register

# A class in webdataset: the file of the same name that holds its number or word.
CLASS = ".cls"
LONGEST_CLASS = 200
_DAMAGE = (OSError, ValueError, EOFError, RuntimeError, tarfile.TarError, OverflowError)


def open_tar(path: Path, key: str | None = None) -> Images:
    """Find the images of an archive; nothing is unpacked to disk, and links are not followed.

    Parameters
    ----------
    path : Path
        The file, not compressed.
    key : None
        There is no choice.

    Returns
    -------
    Images

    Raises
    ------
    InputError
        If it is damaged or compressed, holds no image, or a member leads out of it or is too large.
    """
    name = printable(path)
    regular_file(path)
    try:
        with tarfile.open(path, "r:") as archive:
            infos = {}
            for info in archive:
                check_member(info.name, name, info.size, info.size)
                if not info.isdir():
                    infos[info.name.removeprefix("./")] = info
            _check_end(path, archive.offset)
            regular = {each: info for each, info in infos.items() if info.isreg()}
            found = sorted_members((n for n in regular if not n.endswith(CLASS)), name)
            labels = _classes(archive, regular, found.names) or found.labels
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(
            f"{name} cannot be read as a .tar file of images ({reason(error)}): call it "
            ".tar.gz or .tar.xz if it is compressed so, or make the archive again."
        ) from error
    places = [(regular[each].offset_data, regular[each].size) for each in found.names]

    def stream() -> Iterator[BytesIO]:
        with path.open("rb") as file:
            for start, length in places:
                file.seek(start)
                yield BytesIO(file.read(length))

    links = tuple(each for each in infos if each not in regular)
    why = "is a link or a device" if len(links) == 1 else "are links or devices"
    skipped = (*found.skipped, *((Skipped(why, links),) if links else ()))
    return Images(name, found.names, stream, labels, skipped, (path,))


def _check_end(path: Path, place: int) -> None:
    """A whole archive ends with zeros; tarfile takes one that is cut between members for whole."""
    with path.open("rb") as file:
        file.seek(place)
        if file.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise EOFError("it ends too early")


def _classes(
    archive: tarfile.TarFile, members: dict[str, tarfile.TarInfo], names: tuple[str, ...]
) -> tuple[str, ...] | None:
    """What the files beside the images say, if each image has one."""
    beside = [members.get(f"{stem(name)}{CLASS}") for name in names]
    labels = []
    for info in beside:
        file = None if info is None or info.size > LONGEST_CLASS else archive.extractfile(info)
        if file is None:
            return None
        labels.append(file.read().decode("utf-8", "replace").strip())
    return tuple(labels)


def stem(name: str) -> str:
    """Name up to the first dot of its last part, as webdataset groups files.

    Parameters
    ----------
    name : str
        Of a member.

    Returns
    -------
    str
    """
    path = PurePosixPath(name)
    return str(path.with_name(path.name.partition(".")[0]))


register(Format("tar", (".tar",), "its images; classes of webdataset", open_tar, images=True))
