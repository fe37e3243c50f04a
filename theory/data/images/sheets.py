"""Contact sheets: pictures in which several images stand side by side, and how they are cut.

Tools that draw samples save them as one picture, with lines of one colour between them or without.
A sheet shows in its rows and columns: lines that are all of one colour, or jumps that are much
larger than elsewhere, at equal distances over the whole picture, in both directions.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.data.contents import Images
from convergen.theory.data.images.pixels import read_pixels
from convergen.theory.messages.option_errors import OptionError, OptionName

CUT, KEEP = "cut", "keep"
# Side of the smallest image on a sheet, and widths of lines between images, the usual ones first.
_LEAST = 8
_GAPS = (2, 1, 3, 4, 5, 6, 7, 8, 0)
# Values of the largest picture that is looked at.
_LARGEST = 2**26
# Images that are looked at, and the share of them that must show one grid.
_PROBED, _AGREE = 8, 0.75
# Spread of the values of a line, in units of that of all values: jpeg blurs lines.
_UNEVEN = 0.25
# Chance of lines at these places in pictures without a grid.
_CHANCE, _CHANCE_OF_JUMPS = 1e-6, 1e-3
# How much larger jumps between images are than the jumps of images.
_JUMP = 2.0


@dataclass(frozen=True)
class Grid:
    """How images stand on a sheet.

    Attributes
    ----------
    rows, columns : int
        How many.
    tile : tuple of int
        (height, width) of one.
    gap : int
        Pixels between two of them.
    border : int
        Pixels around all of them.
    """

    rows: int
    columns: int
    tile: tuple[int, int]
    gap: int = 0
    border: int = 0

    @property
    def count(self) -> int:
        """Images on one sheet."""
        return self.rows * self.columns

    @property
    def words(self) -> str:
        """The grid as messages call it."""
        height, width = self.tile
        apart = f", {self.gap} pixels apart" if self.gap else ""
        return (
            f"a contact sheet of {self.rows} × {self.columns} images of {width} × {height} pixels"
            f"{apart}"
        )


def find_grid(picture: NDArray[Any]) -> Grid | None:
    """Tell whether a picture is a contact sheet.

    Parameters
    ----------
    picture : ndarray, shape (height, width, channels)
        Any real numbers.

    Returns
    -------
    Grid or None
    """
    values = np.asarray(picture, dtype=np.float32)
    if values.size > _LARGEST:
        return None
    if min(values.shape[:2]) < _LEAST:
        return None
    return _with_lines(values) or _without_lines(values)


def cut(picture: NDArray[Any], grid: Grid) -> list[NDArray[Any]]:
    """Cut a sheet into its images, row by row.

    Parameters
    ----------
    picture : ndarray, shape (height, width, channels)
        The sheet.
    grid : Grid
        How images stand on it.

    Returns
    -------
    list of ndarray, shape (*tile, channels)
    """
    height, width = grid.tile
    tops = grid.border + (height + grid.gap) * np.arange(grid.rows)
    lefts = grid.border + (width + grid.gap) * np.arange(grid.columns)
    return [picture[y : y + height, x : x + width] for y in tops for x in lefts]


def grid_of_sheets(contents: Images, sheets: str | None) -> Grid | None:
    """Tell whether images are contact sheets, by the first of them.

    Parameters
    ----------
    contents : Images
        At least one.
    sheets : {'cut', None}
        Whether sheets are to be cut, or refused.

    Returns
    -------
    Grid or None
        The grid of those to be cut; None where they are single images.

    Raises
    ------
    OptionError
        If they are sheets and not to be cut, or to be cut and none.
    """
    found: list[Grid | None] = []
    # Only the first ones: members of an archive are read in their order.
    for name, file in zip(contents.names[:_PROBED], contents.stream(), strict=False):
        found.append(find_grid(read_pixels(file, contents.shown(name), 1)))
    return settle(found, contents.source, sheets)


def settle(found: list[Grid | None], name: str, sheets: str | None) -> Grid | None:
    """The grid that most pictures show.

    Parameters
    ----------
    found : list of Grid or None
        What `find_grid` says of some pictures.
    name : str
        What messages call them.
    sheets : {'cut', None}
        Whether sheets are to be cut, or refused.

    Returns
    -------
    Grid or None

    Raises
    ------
    OptionError
        If they are sheets and not to be cut, or to be cut and none.
    """
    ((grid, count),) = Counter(found).most_common(1)
    if grid is None or count < _AGREE * len(found):
        if sheets == CUT:
            raise OptionError(
                f"{name} does not look like contact sheets of one grid: leave out ",
                OptionName("sheets"), ", or cut them yourself.",
            )  # fmt: skip
        return None
    if sheets == CUT:
        return grid
    raise OptionError(
        f"{name} looks like {grid.words}, not like single images: give ", OptionName("sheets"),
        f" {CUT} to cut it, or {KEEP} if each is one image.",
    )  # fmt: skip


def _with_lines(values: NDArray[np.float32]) -> Grid | None:
    """A grid of images with lines of one colour between them, or margins of one colour."""
    found, sure = [], set()
    for bordered in (True, False):
        across, down = _lines(values, bordered), _lines(values.swapaxes(0, 1), bordered)
        for columns, width, gap, chance in across:
            for rows, height, other, chance_down in down:
                if _many(rows, columns) and other == gap:
                    border = gap if bordered else 0
                    found.append(Grid(rows, columns, (height, width), gap, border))
                    if chance * chance_down < _CHANCE:
                        sure.add((rows, columns))
    # Where images have margins of that colour several widths fit: the usual one is taken.
    usual = {gap: number for number, gap in enumerate(_GAPS)}
    likely = [grid for grid in found if (grid.rows, grid.columns) in sure]
    return max(likely, key=lambda grid: (grid.count, -usual[grid.gap]), default=None)


def _many(rows: int, columns: int) -> bool:
    """Whether a grid is more than one picture has by chance; a strip of two may be a diptych."""
    return min(rows, columns) > 1 or rows * columns > 5


def _lines(values: NDArray[np.float32], bordered: bool) -> list[tuple[int, int, int, float]]:
    """Ways to cut the columns at lines: how many parts, their width, the gap, their chance."""
    length = values.shape[1]
    tolerance = _UNEVEN * float(values.std())
    plain = (values.std(axis=0) <= tolerance).all(axis=1)
    found = []
    for gap in _GAPS[: -1 if bordered else None]:
        for many in range(1, (length + gap) // (_LEAST + gap) + 1):
            size, rest = divmod(length - gap if bordered else length + gap, many)
            size -= gap
            if rest or size < _LEAST:
                continue
            place = (np.arange(length) - (gap if bordered else 0)) % (size + gap)
            between = place >= size if gap else (place == 0) | (place == size - 1)
            if many == 1 and not bordered:
                found.append((many, size, gap, 1.0))
            elif plain[between].all() and _of_one_colour(values[:, between], tolerance):
                share = max(float(plain[~between].mean()), 1.0 / length)
                found.append((many, size, gap, share ** int(between.sum())))
    return found


def _of_one_colour(lines: NDArray[np.float32], tolerance: float) -> bool:
    return bool((lines.std(axis=(0, 1)) <= tolerance).all())


def _without_lines(values: NDArray[np.float32]) -> Grid | None:
    """A grid of images that touch each other."""
    found = [
        Grid(rows, columns, (values.shape[0] // rows, values.shape[1] // columns))
        for columns, across in _jumps(values)
        for rows, down in _jumps(values.swapaxes(0, 1))
        if _many(rows, columns) and across * down < _CHANCE_OF_JUMPS
    ]
    return max(found, key=lambda grid: grid.count, default=None)


def _jumps(values: NDArray[np.float32]) -> list[tuple[int, float]]:
    """Numbers of parts at whose ends columns differ much more than elsewhere, and its chance."""
    length = values.shape[1]
    jumps = np.abs(np.diff(values, axis=1)).mean(axis=(0, 2))
    found = [(1, 1.0)]
    for many in range(2, length // _LEAST + 1):
        if length % many:
            continue
        ends = np.zeros(length - 1, dtype=bool)
        ends[length // many - 1 :: length // many] = True
        usual, least = jumps[~ends], float(jumps[ends].min())
        large = jumps[ends].mean() > _JUMP * usual.mean()
        if large and least > max(np.median(usual), 0.5 * usual.max()):
            share = max(float(np.mean(usual >= least)), 1.0 / length)
            found.append((many, share ** (many - 1)))
    return found
