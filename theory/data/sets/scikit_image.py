"""Pictures that scikit-image ships, read without importing it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.messages.optional_packages import package_missing

# Photographs of things and of textures; the other pictures are drawings, text or instruments.
_PHOTOGRAPHS = (
    "astronaut.png", "brick.png", "camera.png", "chelsea.png", "coffee.png", "grass.png",
    "gravel.png", "motorcycle_left.png", "rocket.jpg",
)  # fmt: skip
_FACES = 100


def face_patches() -> FloatArray:
    """Load the faces among scikit-image's small subset of Labelled Faces in the Wild.

    Returns
    -------
    ndarray of float64, shape (100, 25, 25)
        Grey values in [0, 1].

    Raises
    ------
    InputError
        If scikit-image is missing or ships no such file.
    """
    # The second half of the file are patches without a face.
    return np.asarray(np.load(_file("faces", "lfw_subset.npy"))[:_FACES], np.float64)


def photographs() -> list[FloatArray]:
    """Grey values of nine photographs: an astronaut, a cat, coffee, grass and others.

    Returns
    -------
    list of ndarray of float64, shape (height, width)
        In [0, 1].

    Raises
    ------
    InputError
        If scikit-image is missing or ships them no more.
    """
    from PIL import Image

    from convergen.theory.data.images.pixels import pixels

    found = []
    for name in _PHOTOGRAPHS:
        with Image.open(_file("photographs of scikit-image", name)) as image:
            found.append(pixels(image, 1).squeeze(axis=2).astype(np.float64))
    return found


def _file(purpose: str, name: str) -> Path:
    spec = importlib.util.find_spec("skimage")
    if spec is None or spec.origin is None:
        raise package_missing(purpose, "scikit-image", "pictures")
    path = Path(spec.origin).parent / "data" / name
    if not path.is_file():
        raise InputError(
            f"{purpose}: this version of scikit-image ships no {name}: install version 0.26."
        )
    return path
