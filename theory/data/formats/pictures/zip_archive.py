"""Archives of images, among them the data sets of StyleGAN and EDM with their dataset.json."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from convergen.theory.common.checks import InputError
from convergen.theory.data.contents import Images
from convergen.theory.data.members import check_member, sorted_members
from convergen.theory.data.regular_files import printable, reason, regular_file
from convergen.theory.data.table import Format, register
from convergen.theory.messages.sizes import size_words

_CLASSES = "dataset.json"
_LARGEST_LIST = 2**26
_DAMAGE = (OSError, ValueError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile,
           zlib.error)  # fmt: skip


def open_zip(path: Path, key: str | None = None) -> Images:
    """Find the images of an archive; nothing is unpacked to disk.

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
        If it is damaged or encrypted, holds no image, or a member leads out of it or is too large.
    """
    name = printable(path)
    regular_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            for info in infos:
                check_member(info.filename, name, info.file_size, info.compress_size)
            names = [info.filename for info in infos if info.filename != _CLASSES]
            found = sorted_members(names, name)
            labels = _classes(archive, found.names, name) or found.labels
    except InputError:
        raise
    except _DAMAGE as error:
        raise _damaged(name, error) from error

    def stream() -> Iterator[BytesIO]:
        try:
            with zipfile.ZipFile(path) as archive:
                for each in found.names:
                    yield BytesIO(archive.read(each))
        except _DAMAGE as error:
            if isinstance(error, InputError):
                raise
            raise _damaged(name, error) from error

    return Images(name, found.names, stream, labels, found.skipped, (path,))


def _classes(
    archive: zipfile.ZipFile, names: tuple[str, ...], source: str
) -> tuple[str, ...] | None:
    """What dataset.json says, if there is one: ``{"labels": [[name, class], …]}``."""
    if _CLASSES not in archive.namelist():
        return None
    size = archive.getinfo(_CLASSES).file_size
    if size > _LARGEST_LIST:
        raise InputError(f"{_CLASSES} of {source} declares {size_words(size)}: make it smaller.")
    try:
        labels = json.loads(archive.read(_CLASSES))["labels"]
        if labels is None:
            return None
        of = {str(name): str(label) for name, label in labels}
        return tuple(of[name] for name in names)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InputError(
            f"{_CLASSES} of {source} does not give a class for each image ({reason(error)}): "
            "remove it, or make the data set again."
        ) from error


def _damaged(name: str, error: BaseException) -> InputError:
    return InputError(
        f"{name} cannot be read as a .zip file of images ({reason(error)}): make the archive again."
    )


register(Format("zip", (".zip",), "its images; EDM's dataset.json", open_zip, images=True))
