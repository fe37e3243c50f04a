"""Images on disk as data, decoded once and kept as a memory map."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.data.dataset import DataSet
from convergen.empirical.data.point_cache import FOLDER, cache_key, cached_points
from convergen.theory.common.checks import InputError, as_count


def images(
    path: str,
    size: int | None = None,
    grey: bool = False,
    center: str = "data",
    cache: str | None = None,
) -> DataSet:
    """All images of a folder.

    Parameters
    ----------
    path : str
        Folder of png, jpg, bmp, tif, webp, gif, ppm or pgm files; not those of sub-folders.
    size : int, optional
        Side in pixels to which images are brought by a centre crop and Lanczos resampling; without
        it all must have one size.
    grey : bool
        Turn colour images into grey.
    center : {'data', 'none'}
        Whether the mean image is subtracted.
    cache : str, optional
        Folder for the decoded images; default ``.convergen-cache`` beside the folder.

    Returns
    -------
    DataSet
        Images (channels, height, width) as a read-only memory map of single precision. It is made
        anew if a file is added, removed or changed.

    Raises
    ------
    InputError
        If there is no image, one is damaged or of another size, or the cache cannot be written.
    """
    from convergen.theory.data.image_folders import open_folder

    folder = Path(path)
    if folder.is_file():
        raise InputError(f"{folder} is a file: use the kind 'array' for an array of numbers.")
    found = open_folder(folder, size=size, grey=grey)
    height, width, channels = found.shape
    words = {"kind": "images", "size": size, "grey": grey, "center": center}
    where = folder.resolve().parent / FOLDER if cache is None else Path(cache)

    def blocks() -> Iterator[NDArray[Any]]:
        for number in _progress(range(len(found.files))):
            yield np.moveaxis(found.read(number), 2, 0)[None]

    shape = (len(found.files), channels, height, width)
    key = cache_key(found.files, words)
    return cached_points(where, key, folder.resolve().name, shape, center, blocks)


def torchvision(
    path: str,
    name: str,
    train: bool | None = None,
    split: str | None = None,
    size: int | None = None,
    grey: bool = False,
    center: str = "data",
    cache: str | None = None,
) -> DataSet:
    """Images of a torchvision data set that is on disk already; nothing is downloaded.

    Parameters
    ----------
    path : str
        Its ``root`` folder.
    name : str
        Its class in ``torchvision.datasets``, such as ``MNIST`` or ``CelebA``.
    train : bool, optional
        Part, for classes that take ``train``.
    split : str, optional
        Part, for classes that take ``split``.
    size, grey, center
        As for `images`.
    cache : str, optional
        Folder for the decoded images; default ``.convergen-cache`` inside the root folder.

    Returns
    -------
    DataSet
        As from `images`.

    Raises
    ------
    InputError
        If torchvision, the class or the files are missing, or images differ in size.
    """
    from convergen.theory.data.image_folders import pixels

    side = None if size is None else as_count(size, "size")
    root = Path(path)
    source = _open_torchvision(root, name, {"train": train, "split": split})
    first = source[0][0]
    # Not by the first image alone: a set of colour images may begin with a grey one.
    channels = 1 if grey or all(_colourless(source[i][0]) for i in _some(source)) else 3
    height, width = (first.height, first.width) if side is None else (side, side)

    def blocks() -> Iterator[NDArray[Any]]:
        for number in _progress(range(len(source))):
            image = source[number][0]
            if side is None and image.size != (width, height):
                raise InputError(
                    f"image {number} of {name} has {image.width} x {image.height} pixels, but the "
                    f"first has {width} x {height}: give size to bring all to one shape."
                )
            if channels == 1 and not (grey or _colourless(image)):
                raise InputError(
                    f"image {number} of {name} has colour, but most have none: give grey = true."
                )
            yield np.moveaxis(pixels(image, channels, side), 2, 0)[None]

    files = sorted(f for f in root.rglob("*") if f.is_file() and FOLDER not in f.parts)
    words = {
        "kind": "torchvision", "name": name, "train": train, "split": split,
        "size": size, "grey": grey, "center": center,
    }  # fmt: skip
    where = root / FOLDER if cache is None else Path(cache)
    shape = (len(source), channels, height, width)
    return cached_points(where, cache_key(files, words), name, shape, center, blocks)


def _open_torchvision(root: Path, name: str, parts: dict[str, Any]) -> Any:
    """Data set of images, or a clear error."""
    try:
        import torchvision
    except ImportError as error:
        raise InputError(
            "torchvision is not installed: install it beside your version of torch, or save the "
            "images as a .npy file and use the kind 'array'."
        ) from error
    kind = getattr(torchvision.datasets, str(name), None)
    if not isinstance(kind, type) or str(name).startswith("_"):
        raise InputError(f"torchvision has no data set {name!r}: give a class such as 'MNIST'.")
    if not root.is_dir():
        raise InputError(f"{root} is not a folder: give the root folder of {name}.")
    given = {key: value for key, value in parts.items() if value is not None}
    try:
        source = kind(str(root), **given)
        count = len(source)
    except (RuntimeError, OSError, TypeError, ValueError) as error:
        raise InputError(
            f"{name} cannot be opened in {root} ({' '.join(str(error).split())}): give the root "
            "of a data set that is on disk, with train or split as its class takes them."
        ) from error
    if count == 0 or not hasattr(source[0][0], "getbands"):
        raise InputError(f"{name} in {root} holds no images: choose another data set.")
    return source


def _colourless(image: Any) -> bool:
    return image.mode in ("1", "L")


def _some(source: Any) -> range:
    return range(0, len(source), max(1, len(source) // 64))


def _progress(numbers: range) -> Any:
    from tqdm import tqdm

    return tqdm(numbers, "images", disable=None, leave=False)
