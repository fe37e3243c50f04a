"""Encoded images brought to one shape: judged by their headers, decoded one after the other."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import InputError, as_count
from convergen.theory.data.contents import Images
from convergen.theory.data.images.pixels import Head, read_head, read_pixels
from convergen.theory.data.images.sheets import CUT, Grid, cut, find_grid, grid_of_sheets
from convergen.theory.data.record import Record, named
from convergen.theory.data.regular_files import printable, reason
from convergen.theory.messages.option_errors import OptionError, OptionName
from convergen.theory.messages.progress import phase
from convergen.theory.messages.sizes import size_words

# Bytes of decoded pixels that are held in memory, and that are decoded at all.
_HELD = 2**29
_LARGEST = 2**36
_SHOWN = 3


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images that can be decoded one after the other, all brought to one shape.

    Attributes
    ----------
    contents : Images
        Where they are.
    shape : tuple of int
        (height, width, channels) of each image as it is decoded, tiles of sheets cut.
    side : int or None
        Side to which images are cropped and resized.
    grid : Grid or None
        Where each is a sheet that is cut into several.
    sheets : str or None
        None to refuse contact sheets when they are decoded.
    record : Record
        What was read.
    """

    contents: Images
    shape: tuple[int, int, int]
    side: int | None
    grid: Grid | None
    sheets: str | None
    record: Record

    def __len__(self) -> int:
        return self.record.count

    def each(self) -> Iterator[NDArray[np.float32]]:
        """Decode one image after the other.

        Yields
        ------
        ndarray of float32, shape `shape`
            In [0, 1].

        Raises
        ------
        InputError
            If one is damaged, or they are contact sheets and are not to be.
        """
        if self.sheets is None and self.side is None:
            grid_of_sheets(self.contents, None)
        for name, file in zip(self.contents.names, self.contents.stream(), strict=True):
            found = read_pixels(file, self.contents.shown(name), self.shape[2], self.side)
            tiles = [found] if self.grid is None else cut(found, self.grid)
            for tile in tiles:
                if tile.shape != self.shape:
                    raise InputError(
                        f"{self.contents.shown(name)} has another size than its "
                        "header says, because its orientation follows its pixels: save it again."
                    )
                yield tile

    def decoded(self) -> NDArray[np.float32]:
        """Decode all images.

        Returns
        -------
        ndarray of float32, shape (images, *shape)
            In [0, 1]; in a temporary file if larger than 512 MB.
        """
        return decoded(self.each(), (len(self), *self.shape))


def decoded(images: Iterable[NDArray[np.float32]], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Collect images in memory or, if they are larger than 512 MB, in a temporary file.

    Parameters
    ----------
    images : iterable of ndarray
        Decoded one after the other; only if all of them are not too large.
    shape : tuple of int
        (images, …) of the whole.

    Returns
    -------
    ndarray of float32, shape `shape`
        The temporary file has no name any more, and ends with the array.

    Raises
    ------
    InputError
        If the whole is larger than 69 GB, or there is no room for the temporary file.
    """
    size = 4 * prod(shape)
    if size > _LARGEST:
        raise OptionError(
            f"{shape[0]} images of {' x '.join(map(str, shape[1:]))} values decode to "
            f"{size_words(size)}, but at most {size_words(_LARGEST)} are decoded: give a "
            "smaller ", OptionName("size"), ", or fewer images.",
        )  # fmt: skip
    with phase("reading images", shape[0], "image") as done:
        if size <= _HELD:
            array = np.empty(shape, dtype=np.float32)
            for row, image in zip(array, images, strict=True):
                row[...] = image
                done(1)
            return array
        try:
            with tempfile.TemporaryFile() as file:
                # Not through a memory map, where a full disk would end the process.
                for image in images:
                    file.write(np.ascontiguousarray(image, dtype=np.float32).data)
                    done(1)
                file.flush()
                return np.memmap(file, np.float32, "r", 0, shape)
        except OSError as error:
            raise OptionError(
                f"{size_words(size)} of decoded images do not fit in {tempfile.gettempdir()} "
                f"({reason(error)}): set TMPDIR to a folder with more room, or give a smaller ",
                OptionName("size"), ".",
            ) from error  # fmt: skip


def judged(
    contents: Images,
    kind: str,
    *,
    size: int | None = None,
    grey: bool = False,
    sheets: str | None = None,
) -> ImageSet:
    """Settle the common shape of images, from their headers alone.

    Parameters
    ----------
    contents : Images
        At least one.
    kind : str
        Name of its format.
    size : int, optional
        Side in pixels to which images are resized (Lanczos) after a centre crop to a square; by
        default they keep their size, which must then be the same for all.
    grey : bool
        Turn colour images into grey. Without it the set is RGB if any image has colour.
    sheets : {'cut', 'keep'}, optional
        Cut contact sheets into their images, or take each for one image; by default they are
        refused.

    Returns
    -------
    ImageSet

    Raises
    ------
    InputError
        If headers are damaged or declare too many pixels, images differ in size, or they are
        contact sheets.
    """
    side = None if size is None else as_count(size, "size")
    heads = _heads(contents)
    channels = 1 if grey or all(head.grey for head in heads) else 3
    sizes = Counter(head.size for head in heads)
    if side is None and len(sizes) > 1:
        raise _differ(contents, heads)
    grid = grid_of_sheets(contents, sheets) if sheets == CUT else None
    width, height = heads[0].size if side is None else (side, side)
    shape = (height, width, channels)
    count = len(heads)
    if grid is not None:
        if side is not None:
            raise OptionError(
                OptionName("size"), " and ", OptionName("sheets"), " cannot be given together: cut "
                "the sheets, and resize what comes out.",
            )  # fmt: skip
        shape, count = (*grid.tile, channels), count * grid.count
    record = Record(
        contents.source, kind, count, "encoded images",
        "uint16" if any(head.deep for head in heads) else "uint8",
        sizes=tuple(each for each, _ in sizes.most_common()),
        names=_repeated(contents.names, grid), labels=_repeated(contents.labels, grid),
        skipped=contents.skipped,
        notes=_notes(contents, heads, side, grid), kept=_room((count, *shape)),
    )  # fmt: skip
    return ImageSet(contents, shape, side, grid, sheets, record)


def _room(shape: tuple[int, ...]) -> str:
    """Where decoded images are kept, if they are not held in memory."""
    size = 4 * prod(shape)
    if not _HELD < size <= _LARGEST:
        return ""
    return (
        f"its images decode to {size_words(size)}, more than the {size_words(_HELD)} that are "
        f"held in memory: they are kept in a file without a name in {tempfile.gettempdir()} "
        "(TMPDIR), which is gone as soon as the command ends, however it ends"
    )


def _heads(contents: Images) -> list[Head]:
    """Headers of all images; damaged ones are counted and named together."""
    heads, damaged = [], []
    with phase("looking at images", len(contents.names), "image") as done:
        for name, file in zip(contents.names, contents.stream(), strict=True):
            try:
                heads.append(read_head(file, contents.shown(name)))
            except InputError as error:
                damaged.append((name, error))
            done(1)
    if len(damaged) == 1:
        raise damaged[0][1]
    if damaged:
        raise InputError(
            f"{named([name for name, _ in damaged], 'image')} of {len(contents.names)} cannot be "
            f"read ({reason(damaged[0][1])}): replace or remove them."
        )
    return heads


def _differ(contents: Images, heads: Sequence[Head]) -> OptionError:
    """Images of several sizes, each named with the first image that has it."""
    sizes = Counter(head.size for head in heads)
    first = {
        head.size: name for name, head in reversed(list(zip(contents.names, heads, strict=True)))
    }
    usual, odd = heads[0].size, next(head.size for head in heads if head.size != heads[0].size)
    shown = ", ".join(
        f"{count} of {width} × {height}" for (width, height), count in sizes.most_common(_SHOWN)
    )
    more = ", …" if len(sizes) > _SHOWN else ""
    return OptionError(
        f"{contents.shown(first[odd])} has {odd[0]} × {odd[1]} pixels, but "
        f"{printable(first[usual])} has "
        f"{usual[0]} × {usual[1]} (of {len(heads)} images: {shown}{more})"
        f"{_sheet_words(contents, first, sizes)}: give ", OptionName("size"),
        " to bring all images to one shape by a crop to the central square, or remove what does "
        "not belong to them.",
    )  # fmt: skip


def _sheet_words(
    contents: Images, first: dict[tuple[int, int], str], sizes: Counter[tuple[int, int]]
) -> str:
    """What an odd large image may be."""
    usual = max(sizes, key=lambda size: sizes[size])
    large = next((s for s in sizes if s != usual and s[0] * s[1] >= 4 * usual[0] * usual[1]), None)
    if large is None:
        return ""
    for name, file in zip(contents.names, contents.stream(), strict=True):
        if name == first[large]:
            grid = find_grid(read_pixels(file, contents.shown(name), 3))
            return "" if grid is None else f", and {printable(name)} looks like {grid.words}"
    return ""


def _repeated(names: tuple[str, ...] | None, grid: Grid | None) -> tuple[str, ...] | None:
    """Names of images, once for each tile of a sheet."""
    if names is None or grid is None:
        return names
    return tuple(f"{name}#{tile}" for name in names for tile in range(grid.count))


def _notes(
    contents: Images, heads: Sequence[Head], side: int | None, grid: Grid | None
) -> tuple[str, ...]:
    """What was done to the images, as sentences."""

    def count(which: str, done: str) -> list[str]:
        names = [n for n, head in zip(contents.names, heads, strict=True) if getattr(head, which)]
        return (
            [f"{named(names, 'image')} {'was' if len(names) == 1 else 'were'} {done}"]
            if (names)
            else []
        )

    notes = count("turned", "turned as EXIF says")
    notes += count("transparent", "laid on white where transparent")
    wide = sum(head.size[0] != head.size[1] for head in heads)
    if side is not None and wide:
        notes.append(f"{wide} of {len(heads)} images are no squares and were cropped to the centre")
    if grid is not None:
        notes.append(f"{len(heads)} images were taken for {grid.words} and cut")
    return tuple(notes)
