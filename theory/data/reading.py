"""The one reader: points from any file or folder that the table of formats knows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import InputError, as_count
from convergen.theory.common.row_blocks import row_blocks
from convergen.theory.data.contents import Array, Contents, Images, Moments
from convergen.theory.data.images.array_images import ArrayImages
from convergen.theory.data.images.image_sets import ImageSet, decoded, judged
from convergen.theory.data.images.layout import oriented
from convergen.theory.data.record import Record
from convergen.theory.data.regular_files import printable
from convergen.theory.data.table import Format, open_contents
from convergen.theory.messages.option_errors import OptionError, OptionName
from convergen.theory.messages.progress import phase


@dataclass(frozen=True, eq=False)
class Reading:
    """Points that were found, in the convention of this package.

    Attributes
    ----------
    size : tuple of int
        (N, d) or (N, channels, height, width), known before anything is decoded.
    record : Record
        How they were stored, and what was done to them.
    files : tuple of Path
        What they are read from.
    found : ndarray, ImageSet or ArrayImages
        Rows of an array, or images that are decoded or resized when they are asked for.
    """

    size: tuple[int, ...]
    record: Record
    files: tuple[Path, ...]
    found: NDArray[Any] | ImageSet | ArrayImages

    def rows(self) -> NDArray[Any]:
        """Read the points.

        Returns
        -------
        ndarray, shape `size`
            Arrays as stored, but for the order of their axes; flat rows of a given shape may still
            be flat. Images as float32 in [0, 1].
        """
        if isinstance(self.found, ArrayImages):
            return self.found.decoded()
        if isinstance(self.found, ImageSet):
            return decoded((np.moveaxis(each, 2, 0) for each in self.found.each()), self.size)
        return self.found

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Read the points a few at a time; images are decoded one by one, and none is kept.

        Yields
        ------
        ndarray, shape (…, *shape of one point)
            Successive rows, as of `rows`.
        """
        if not isinstance(self.found, ImageSet):
            yield from row_blocks(self.rows())
            return
        with phase("reading images", len(self.found), "image") as done:
            for image in self.found.each():
                yield np.moveaxis(image, 2, 0)[None]
                done(1)


def read(
    path: str | os.PathLike[str],
    *,
    key: str | None = None,
    **options: Any,
) -> Reading:
    """Find points in a file or a folder.

    Parameters
    ----------
    path : str or path-like
        What the table of formats knows; `data.table.formats` lists it.
    key : str, optional
        Name of the array, tensor or column that is meant, in files that hold several.
    **options
        ``shape``, ``layout``, ``size``, ``grey`` and ``sheets``, as in `points_of`.

    Returns
    -------
    Reading

    Raises
    ------
    InputError
        If the path is missing, of an unknown kind, unreadable, corrupt or without data; if what it
        declares is too large; if it holds no points; or if an option is invalid or does not apply.
    """
    path = Path(path)
    contents, row = _open(path, key)
    return points_of(contents, row, path, **options)


def points_of(
    contents: Array | Images,
    row: Format,
    path: Path,
    *,
    shape: Sequence[int] | None = None,
    layout: str | None = None,
    size: int | None = None,
    grey: bool = False,
    sheets: str | None = None,
) -> Reading:
    """Bring what was opened to the convention of this package.

    Parameters
    ----------
    contents : Array or Images
        What was opened.
    row : Format
        Its format.
    path : Path
        Where.
    shape : sequence of int, optional
        Shape of one point of an array, if it is not to be guessed.
    layout : {'first', 'last'}, optional
        Whether arrays of images are stored channel by channel, or pixel by pixel.
    size : int, optional
        Side to which images are brought by a centre crop and Lanczos resampling, those of arrays
        too.
    grey : bool
        Turn colour images into grey.
    sheets : {'cut', 'keep'}, optional
        Cut contact sheets, or take each for one image; by default they are refused.

    Returns
    -------
    Reading

    Raises
    ------
    InputError
        As `read`.
    """
    name = printable(path)
    if isinstance(contents, Images):
        refuse(name, "arrays of numbers", shape=shape, layout=layout)
        images = judged(contents, row.name, size=size, grey=grey, sheets=sheets)
        height, width, channels = images.shape
        whole = (len(images), channels, height, width)
        return Reading(whole, images.record, contents.files, images)
    refuse(name, "folders and archives of images", sheets=sheets)
    side = None if size is None else as_count(size, "size")
    laid = oriented(contents.values, name, shape, layout)
    labels = _fitting(contents, name)
    record = Record(
        name, row.name, len(laid.rows), laid.layout, str(laid.rows.dtype), image=laid.image,
        image_layout=laid.image_layout, labels=labels,
    )  # fmt: skip
    if size is None and not grey:
        return Reading((len(laid.rows), *laid.point), record, (path,), laid.rows)
    changed = ArrayImages.of(laid.rows, laid.point, name, side, grey)
    *_, height, width = laid.point
    if side is not None and height != width:
        note = f"{len(laid.rows)} images are no squares and were cropped to the centre"
        record = replace(record, notes=(*record.notes, note))
    return Reading(changed.size, record, (path,), changed)


def load_array(
    path: str | os.PathLike[str],
    *,
    size: int | None = None,
    grey: bool = False,
    key: str | None = None,
) -> NDArray[Any]:
    """Load numbers from an array file, or a folder or an archive of images.

    Parameters
    ----------
    path : str or path-like
        What the table of formats knows; a ``.npy`` file is opened as a read-only memory map.
    size : int, optional
        Side in pixels to which images are resized (Lanczos) after a centre crop to a square; by
        default they keep their size, which must then be the same for all.
    grey : bool
        Turn colour images into grey. Without it a folder is read as RGB if any image has colour.
    key : str, optional
        Name of the array in a file that holds several.

    Returns
    -------
    ndarray
        From an array file the array as stored; from images float32 in [0, 1] of shape
        (images, height · width · channels), channels last, kept in a temporary file if it is
        larger than 512 MB.

    Raises
    ------
    InputError
        As `read`; arrays need not be points.
    """
    contents, row = _open(Path(path), key)
    if isinstance(contents, Images):
        images = judged(contents, row.name, size=size, grey=grey)
        return images.decoded().reshape(len(images), -1)
    refuse(printable(path), "folders and archives of images", size=size, grey=grey or None)
    return contents.values


def read_array(path: Path, key: str | None = None) -> NDArray[Any]:
    """Read an array of real numbers from a file; never unpickled.

    Parameters
    ----------
    path : Path
        A file of a format that holds arrays.
    key : str, optional
        Name of the array in a file that holds several.

    Returns
    -------
    ndarray

    Raises
    ------
    InputError
        If it cannot be read, is empty, too large, or holds no real numbers.
    """
    return array_of(open_contents(path, key)[0], path)


def array_of(contents: Contents, path: Path) -> NDArray[Any]:
    """Numbers of contents that must be an array.

    Parameters
    ----------
    contents : Contents
        What was opened.
    path : Path
        Where.

    Returns
    -------
    ndarray

    Raises
    ------
    InputError
        If they are no array.
    """
    if not isinstance(contents, Array):
        raise InputError(f"{printable(path)} holds no array of numbers: give a .npy file.")
    return contents.values


def _open(path: Path, key: str | None) -> tuple[Array | Images, Format]:
    """Contents that are points, or numbers at least."""
    contents, row = open_contents(path, key)
    if isinstance(contents, Moments):
        raise no_points(path)
    return contents, row


def no_points(path: Path) -> InputError:
    """Say that a file holds moments and no points.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    InputError
        To be raised by the caller.
    """
    return InputError(
        f"{printable(path)} holds a mean and a covariance (mu, sigma), as tools for the FID keep "
        "them, not points: give the images or features themselves (predict takes such a file as a "
        "covariance)."
    )


def refuse(name: str, where: str, **options: object) -> None:
    """Refuse options that do not apply to what was found.

    Parameters
    ----------
    name : str
        What messages call it.
    where : str
        What they apply to.
    **options
        None where they were not given.

    Raises
    ------
    OptionError
        If one was given.
    """
    given = [option for option, value in options.items() if value is not None]
    if given:
        parts = [part for option in given for part in (" and ", OptionName(option))][1:]
        applies = "applies" if len(given) == 1 else "apply"
        them = "it" if len(given) == 1 else "them"
        raise OptionError(*parts, f" {applies} only to {where}, not to {name}: leave {them} out.")


def _fitting(contents: Array, name: str) -> tuple[str, ...] | None:
    """Labels, one for each point."""
    labels = contents.labels
    if labels is not None and len(labels) != len(contents.values):
        raise InputError(
            f"{name} holds {len(contents.values)} points, but {len(labels)} labels: make it again."
        )
    return labels
